"""What a recognizer gives back: plain data, a table, an error in the place of a picture; in another process, too."""

import json
import math
import multiprocessing
import pickle
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from small_recognizers import geometry_recognizer, picture_recognizer

from geofer.app.recognition.recognized_face import RecognizedFace
from geofer.app.recognition.recognizer import Recognizer
from geofer.app.recognition.result_table import columns
from geofer.errors import ConfigError, DataError
from geofer.landmarks import Faces


class OneFace:
    """A detector that always sees one face."""

    def detect(self, images, names=()):
        points = np.random.default_rng(0).uniform(20, 60, (1, 68, 2))
        return [Faces.from_landmarks(points) for _ in images]


GRAY = np.full((80, 90, 3), 99, np.uint8)


@pytest.fixture
def recognizer() -> Recognizer:
    return Recognizer(*picture_recognizer(), OneFace())


def test_a_face_is_plain_data(recognizer):
    (face,) = recognizer(GRAY)
    told = json.loads(json.dumps(face.to_dict(), allow_nan=False))
    assert told["expression"] == face.expression
    assert told["probabilities"] == pytest.approx(dict(face.probabilities))
    assert told["box"] == pytest.approx(face.box.tolist(), abs=1e-3)
    np.testing.assert_allclose(told["landmarks"], face.landmarks, atol=1e-3)
    assert (told["yaw"], told["pitch"], told["roll"]) == pytest.approx((face.yaw, face.pitch, face.roll))
    assert (told["reliability"], told["warning"]) == (None, face.warning)


def test_an_unknown_pose_and_numpys_numbers_are_plain_data_too(recognizer):
    (face,) = recognizer(GRAY)
    odd = replace(face, yaw=math.nan, reliability=np.float32(0.5), probabilities={"anger": np.float32(1)})
    told = json.loads(json.dumps(odd.to_dict(), allow_nan=False))
    assert (told["yaw"], told["reliability"], told["probabilities"]) == (None, 0.5, {"anger": 1.0})


def test_an_error_takes_the_place_of_one_picture_alone(recognizer, tmp_path):
    Image.fromarray(GRAY).save(tmp_path / "gray.png")
    pictures = [tmp_path / "gray.png", tmp_path / "gone.png", GRAY, b"nothing", 7]
    found = recognizer(iter(pictures), on_error="return")
    assert [type(one) for one in found] == [list, DataError, list, DataError, DataError]
    assert isinstance(found[2][0], RecognizedFace)
    assert "gone.png does not exist" in str(found[1])
    assert str(found[3]).startswith("Picture 3: ")
    assert str(found[4]).startswith("Picture 4: No picture can be read from an object of type int")
    with pytest.raises(DataError, match=r"gone\.png does not exist"):
        recognizer(pictures)
    with pytest.raises(DataError, match=r"^Picture 1: No picture can be read from an object of type int"):
        recognizer([GRAY, 7])
    with pytest.raises(ConfigError, match="on_error is 'ignore'; choose raise or return"):
        recognizer([GRAY], on_error="ignore")


def test_a_generator_is_not_drawn_at_once(recognizer):
    drawn = []

    def pictures():
        for number in range(9):
            drawn.append(number)
            yield GRAY

    small = Recognizer(recognizer.network, recognizer.description, OneFace(), batch_size=2)
    given = small.each(_views(pictures()))
    next(given)
    assert len(drawn) == 2
    assert len(small(pictures())) == 9
    assert small([]) == []


def _views(pictures):
    from geofer.app.recognition.views import View

    return (View("picture", picture) for picture in pictures)


def test_a_table_has_a_row_for_each_face_and_each_picture_without(recognizer, tmp_path):
    pytest.importorskip("pandas")
    Image.fromarray(GRAY).save(tmp_path / "gray.png")
    table = recognizer.table([tmp_path / "gray.png", "gone.png", GRAY])
    assert list(table.columns) == columns(recognizer.description.expressions)
    assert table["file"].tolist() == [str(tmp_path / "gray.png"), "gone.png", "picture 2"]
    assert table["error"].notna().tolist() == [False, True, False]
    assert table[list(recognizer.description.expressions)].sum(axis=1).iloc[0] == pytest.approx(1, abs=1e-5)
    assert set(table["model"]) == {recognizer.fingerprint}
    assert len(recognizer.table(GRAY)) == 1


def test_the_fingerprint_is_that_of_weights_description_and_detector():
    network, description = picture_recognizer()
    own = Recognizer(network, description, OneFace()).fingerprint
    assert own == Recognizer(*picture_recognizer(), OneFace()).fingerprint
    assert len(own) == 12
    other = replace(description, expressions=("anger", "neutral", "happiness"))
    named = Recognizer(network, description, "none").fingerprint
    reordered = Recognizer(network, other, OneFace()).fingerprint
    geometry = Recognizer(*geometry_recognizer("landmarks"), OneFace()).fingerprint
    assert len({own, named, reordered, geometry}) == 4


def test_a_recognizer_is_pickled_without_its_detector(recognizer):
    named = Recognizer(recognizer.network, recognizer.description, "none")
    for one in (named, recognizer):
        again = pickle.loads(pickle.dumps(one))
        assert again.fingerprint == one.fingerprint
    assert pickle.loads(pickle.dumps(named))(GRAY) == []
    assert len(pickle.loads(pickle.dumps(recognizer))(GRAY)) == 1


def _in_child(recognizer, results):
    try:
        results.put(str(recognizer(GRAY)))
    except ConfigError as error:
        results.put(str(error))


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_after_a_fork_the_detector_is_built_anew_or_refused_at_once(recognizer):
    """MediaPipe would wait forever; `geofer.load()` in a forked process is tried by hand, as it takes its time."""
    named = Recognizer(recognizer.network, recognizer.description, "none")
    context = multiprocessing.get_context("fork")
    for one, expected in ((named, "[]"), (recognizer, "was forked, and the detector was given as an object")):
        results = context.Queue()
        child = context.Process(target=_in_child, args=(one, results))
        child.start()
        assert expected in results.get(timeout=60)
        child.join(timeout=60)
        assert child.exitcode == 0
