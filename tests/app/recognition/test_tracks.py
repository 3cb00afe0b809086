"""Faces of a video joined over its frames, and probabilities smoothed along their tracks."""

from math import exp

import numpy as np
import pytest

from geofer.app.recognition.recognized_face import RecognizedFace
from geofer.app.recognition.tracks import overlap, tracked
from geofer.app.recognition.views import View
from geofer.errors import ConfigError
from geofer.videos import VideoFrame

PIXELS = np.zeros((4, 4, 3), np.uint8)


def face(left, happiness=0.5, top=0.0):
    box = np.array([left, top, left + 10, top + 10], np.float32)
    probabilities = {"happiness": happiness, "neutral": 1 - happiness}
    return RecognizedFace(box, np.zeros((68, 2), np.float32), 0.0, 0.0, 0.0, probabilities, None)


def video(*frames, name="film.mp4", every=0.25):
    return [
        (View(name, PIXELS, VideoFrame(number, every * number, PIXELS)), list(faces))
        for number, faces in enumerate(frames)
    ]


def names(found, smooth=0.0):
    return [[one.track for one in faces] for _, faces in tracked(found, smooth)]


def test_overlap_is_intersection_over_union():
    assert overlap(face(0).box, face(5).box) == pytest.approx(50 / 150)
    assert overlap(face(0).box, face(10).box) == 0
    assert overlap(face(0).box, face(20).box) == 0


def test_faces_go_on_with_the_box_they_overlap_most_in_any_order():
    found = video([face(0), face(30)], [face(32), face(1)], [face(2), face(60), face(33)])
    assert names(found) == [["0-0", "0-1"], ["0-1", "0-0"], ["0-0", "2-1", "0-1"]]


def test_two_faces_never_share_a_track():
    assert names(video([face(0)], [face(2), face(1)])) == [["0-0"], ["1-0", "0-0"]]


def test_a_face_may_be_missing_for_a_second():
    gone = [[]] * 3
    assert names(video([face(0)], *gone, [face(0)]))[-1] == ["0-0"]
    assert names(video([face(0)], *gone, [], [face(0)]))[-1] == ["5-0"]


def test_each_video_has_its_own_tracks_and_a_picture_has_none():
    picture = (View("a.png", PIXELS), [face(0)])
    found = [*video([face(0)]), picture, *video([face(0)], name="other.mp4")]
    assert names(found) == [["0-0"], [None], ["0-0"]]
    (_, before), *_ = tracked([picture], 1.0)
    assert before == picture[1]


def test_probabilities_are_the_mean_with_weights_that_fade():
    shown = (1.0, 0.0, 0.4)
    found = list(tracked(video(*([face(0, share)] for share in shown)), smooth=0.5))
    fading = [exp(-0.25 * ago / 0.5) for ago in range(3)]
    for number, (_, (one,)) in enumerate(found):
        weights = fading[number::-1]
        mean = np.average(shown[: number + 1], weights=weights)
        assert one.probabilities["happiness"] == pytest.approx(mean)
        assert sum(one.probabilities.values()) == pytest.approx(1)


def test_without_smoothing_probabilities_stay():
    found = tracked(video([face(0, 0.9)], [face(0, 0.1)]))
    assert [faces[0].probabilities["happiness"] for _, faces in found] == [0.9, 0.1]
    with pytest.raises(ConfigError, match="smooth is -1"):
        list(tracked([], -1))
