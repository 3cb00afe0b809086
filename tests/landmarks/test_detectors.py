"""What holds for every detector that looks at pictures and runs without downloads."""

import subprocess
import sys

import numpy as np
import pytest
import skimage.data

from geofer.faces import LEFT_EYE, RIGHT_EYE
from geofer.landmarks import Faces, build_detector

INNER = slice(17, 68)
"""All points but the jaw's, on whose meaning at turned heads detectors disagree."""


@pytest.fixture(scope="module", params=["mediapipe", "dlib"])
def detector(request):
    return build_detector(request.param)


@pytest.fixture(scope="module")
def astronaut():
    """A photograph of a woman who smiles at the camera: ``(512, 512, 3)``."""
    return skimage.data.astronaut()


def error(found, truth):
    """Mean distance of the inner points over that between the outer eye corners."""
    return np.linalg.norm(found - truth, axis=-1)[INNER].mean() / np.linalg.norm(truth[36] - truth[45])


def assert_in_order(points):
    """The iBUG points of a face that is more or less upright and frontal."""
    x, y = points.T
    assert x[RIGHT_EYE].max() < x[LEFT_EYE].min(), "the person's right eye is on the picture's left"
    assert (np.diff(x[[0, 36, 39, 27, 42, 45, 16]]) > 0).all()
    assert (np.diff(y[[27, 28, 29, 30, 33]]) > 0).all()
    assert y[17:27].mean() < y[36:48].min() < y[48:68].min() < y[8]
    assert x[48] == x[48:68].min()
    assert x[54] == x[48:68].max()
    assert (y[[37, 38, 43, 44]] < y[[41, 40, 47, 46]]).all()
    assert (y[[50, 51, 52]] < y[[58, 57, 56]]).all()


def test_rendered_faces(detector, rendered_pictures):
    answers = detector.detect([picture.pixels for picture in rendered_pictures])
    assert len(answers) == len(rendered_pictures)
    seen = [(faces, picture) for faces, picture in zip(answers, rendered_pictures, strict=True) if len(faces)]
    assert len(seen) >= 0.9 * len(answers)
    assert np.mean([error(faces.landmarks[0], picture.landmarks) for faces, picture in seen]) < 0.07
    turned = [(faces.poses[0, 0], picture.yaw) for faces, picture in seen]
    assert np.mean([abs(found - yaw) for found, yaw in turned]) < 7
    assert all(np.sign(found) == np.sign(yaw) for found, yaw in turned if abs(yaw) == 30)


def test_a_photograph(detector, astronaut):
    (faces,) = detector.detect([astronaut])
    assert len(faces) == 1
    assert_in_order(faces.landmarks[0])
    left, top, right, bottom = faces.boxes[0]
    assert 160 < left < 200 < 250 < right < 290
    assert 50 < top < 100 < 150 < bottom < 200
    assert 0.3 < faces.scores[0] <= 1
    assert (np.abs(faces.poses[0]) < (8, 15, 8)).all()


def test_detectors_agree_on_a_photograph(astronaut):
    first, second = (build_detector(name).detect([astronaut])[0].landmarks[0] for name in ("mediapipe", "dlib"))
    assert error(first, second) < 0.06


def test_coordinates_do_not_depend_on_where_the_face_is(detector, astronaut):
    shifted = np.pad(astronaut, ((40, 0), (64, 0), (0, 0)), mode="edge")
    first, second = (faces.landmarks[0] for faces in detector.detect([astronaut, shifted]))
    assert np.abs(second - (64, 40) - first).mean() < 1.5


def test_mirrored_pictures_have_mirrored_poses(detector, rendered_pictures):
    turned = [picture.pixels for picture in rendered_pictures if abs(picture.yaw) >= 15]
    plain, mirrored = detector.detect(turned), detector.detect([pixels[:, ::-1] for pixels in turned])
    pairs = [(one.poses[0], two.poses[0]) for one, two in zip(plain, mirrored, strict=True) if len(one) and len(two)]
    assert len(pairs) > len(turned) / 2
    one, two = np.array(pairs).transpose(1, 0, 2)
    assert (np.abs(two - one * (-1, 1, -1)).mean(0) < (3, 4, 3)).all()


def test_many_faces_come_with_their_places(detector, astronaut):
    face = astronaut[20:240, 120:340]
    (faces,) = detector.detect([np.concatenate((face, face[:, ::-1]), axis=1)])
    assert len(faces) == 2
    assert (np.diff(faces.scores) <= 0).all()
    for box, points in zip(faces.boxes, faces.landmarks, strict=True):
        assert_in_order(points)
        assert (points[INNER].min(0) > box[:2] - 10).all()
        assert (points[INNER].max(0) < box[2:] + 10).all()
    assert sorted(faces.boxes[:, 0] > 220) == [False, True]


@pytest.mark.parametrize("shape", [(0, 0, 3), (1, 1, 3), (3, 400, 3), (200, 200, 3)])
def test_pictures_without_a_face_give_empty_arrays(detector, shape):
    (faces,) = detector.detect([np.full(shape, 127, np.uint8)])
    assert len(faces) == 0
    assert faces.boxes.shape == (0, 4)
    assert faces.scores.shape == (0,)
    assert faces.landmarks.shape == (0, 68, 2)
    assert faces.poses.shape == (0, 3)


def test_gray_pictures_and_reversed_memory_are_fine(detector, astronaut):
    gray = np.repeat(astronaut.mean(-1, keepdims=True).astype(np.uint8), 3, axis=-1)
    views = [gray, np.asfortranarray(astronaut), astronaut[::-1][::-1]]
    assert [len(faces) for faces in detector.detect(views)] == [1, 1, 1]


def test_no_pictures(detector):
    assert detector.detect([]) == []


def test_all_arrays_have_the_types_of_the_contract(detector, astronaut):
    (faces,) = detector.detect([astronaut])
    assert {array.dtype for array in (faces.boxes, faces.scores, faces.landmarks, faces.poses)} == {np.dtype("float32")}


def test_the_surest_comes_first_and_the_larger_of_equally_sure():
    points = np.zeros((3, 68, 2))
    points[:, 1:] = np.array((1.0, 3.0, 2.0))[:, None, None]
    faces = Faces.from_landmarks(points, scores=(0.5, 0.5, 0.9))
    assert faces.boxes[:, 2].tolist() == [2, 3, 1]
    assert faces.scores.tolist() == pytest.approx([0.9, 0.5, 0.5])


def test_none_finds_nothing(astronaut):
    assert [len(faces) for faces in build_detector("none").detect([astronaut, astronaut])] == [0, 0]


def test_nothing_heavy_is_imported_before_a_detector_is_asked_for():
    code = (
        "import sys; from geofer.landmarks import build_detector; build_detector('none').detect(['picture'])\n"
        "print(sorted({'mediapipe', 'dlib', 'cv2', 'face_alignment', 'pyarrow'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout == "[]\n"
