"""What the page is put together from, without a server."""

import base64
import io
import re
import time

import numpy as np
import pytest
from PIL import Image

from geofer.app.demo.controls import ACROSS, STEPS, TO_EXPRESSION, UPWARDS, Target, targets_on_the_way
from geofer.app.demo.face_cards import MOST_CARDS, face_cards, notice
from geofer.app.demo.head_tab import HeadTab
from geofer.app.demo.page import SESSIONS, build_page
from geofer.app.demo.player import player
from geofer.app.demo.pose_icon import SIDE, pose_icon
from geofer.app.demo.recognize_tab import RecognizeTab
from geofer.app.demo.time_limit import TimeLimit
from geofer.app.recognition.recognized_face import RecognizedFace
from geofer.errors import DataError
from geofer.faces import EXPRESSIONS
from geofer.rendering.expressions import expression_blendshapes


def face(yaw=10.0, reliability=0.61):
    shares = dict(zip(EXPRESSIONS, (0.05, 0.05, 0.05, 0.7, 0.05, 0.05, 0.05), strict=True))
    return RecognizedFace(np.zeros(4, np.float32), np.zeros((68, 2), np.float32), yaw, -4.0, 2.0, shares, reliability)


def test_a_card_tells_everything():
    card = face_cards([face()])
    assert dict(re.findall(r"<dt>(\w+)</dt>.*?<span class=\"share\">(\d+%)", card)) == {
        name: "70%" if name == "happiness" else "5%" for name in EXPRESSIONS
    }
    assert re.search(r'class="expression">happiness<', card)
    assert "yaw</small> +10°" in card
    assert "pitch</small> -4°" in card
    assert "Right in 61% of tests at this pose." in card
    assert "Not tested at this pose" in face_cards([face(reliability=None)])
    assert "head pose cannot be told" in face_cards([face(yaw=float("nan"))])


def test_a_crowd_has_as_many_cards_as_can_be_read():
    crowd = face_cards([face()] * (MOST_CARDS + 3))
    assert crowd.count("<article") == MOST_CARDS
    assert "3 smaller faces" in crowd


def test_notices_show_markup_as_text():
    assert "<b>" not in notice("<b>x</b>")


def points(icon):
    return np.array([[float(n) for n in pair.split(",")] for pair in re.findall(r"[\d.]+,[\d.]+", icon)])


def test_the_icon_looks_where_the_face_looks():
    front, right, up = pose_icon(0, 0, 0), pose_icon(40, 0, 0), pose_icon(0, 25, 0)
    nose = slice(17 + 5 + 5, 17 + 5 + 5 + 4)
    assert points(front)[nose, 0] == pytest.approx(SIDE / 2, abs=0.2)
    assert (points(right)[nose, 0] > SIDE / 2 + 2).all()
    assert points(up)[30, 1] < points(front)[30, 1] - 2  # y points down
    assert points(pose_icon(90, 60, 30)).max() < 1.3 * SIDE


def test_the_player_holds_every_picture():
    pictures = [np.full((8, 8, 3), shade, np.uint8) for shade in (0, 128, 255)]
    html = player(pictures, '"way"')
    urls = re.findall(r"data:image/webp;base64,([^\"]+)", html)
    shades = [np.asarray(Image.open(io.BytesIO(base64.b64decode(url)))).mean() for url in urls]
    assert shades == pytest.approx([0, 128, 255], abs=3)
    assert html.count("frame on") == 1
    assert 'max="2"' in html
    assert "&quot;way&quot;" in html


def test_ways_end_where_they_should():
    end = Target.of("surprise", 3, 20, -10)
    way = targets_on_the_way(TO_EXPRESSION, end)
    assert len(way) == STEPS
    assert (way[0].blendshapes == expression_blendshapes("neutral", 1)).all()
    assert way[-1].blendshapes == pytest.approx(expression_blendshapes("surprise", 3))
    assert {(pose.yaw, pose.pitch) for pose in way} == {(20, -10)}
    across, up = targets_on_the_way(ACROSS, end), targets_on_the_way(UPWARDS, end)
    assert [across[0].yaw, across[STEPS // 2].yaw, across[-1].yaw, across[3].pitch] == [-45, 0, 45, -10]
    assert [up[0].pitch, up[-1].pitch, up[3].yaw] == [-30, 30, 20]


def test_late_work_is_told_and_waited_for():
    limit = TimeLimit(0.2)
    assert limit.run(max, 1, 2) == 2
    with pytest.raises(ZeroDivisionError):
        limit.run(lambda: 1 / 0)
    with pytest.raises(DataError, match=r"longer than 0\.2 seconds"):
        limit.run(time.sleep, 0.5)
    with pytest.raises(DataError):  # the late one still sleeps, and this one waits for it
        limit.run(max, 1, 2)
    time.sleep(0.3)
    assert limit.run(max, 1, 2) == 2


def test_of_many_visitors_the_oldest_are_forgotten():
    pytest.importorskip("gradio")
    from gradio.state_holder import StateHolder

    holder = StateHolder()
    holder.set_blocks(build_page(RecognizeTab(None, None, None, None), HeadTab(None)))
    assert holder.capacity == SESSIONS
