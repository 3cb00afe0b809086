import numpy as np
import pytest

from geofer.faces import MIRRORED_LANDMARKS
from geofer.rendering.expressions import HEAD_BLENDSHAPES
from geofer.rendering.head import load_head
from geofer.rendering.identity import Identity
from geofer.rendering.landmarks import LANDMARK_VERTICES
from geofer.rendering.parts import SKIN


def points(**strengths):
    """Landmarks ``(68, 3)`` of an average face with some blendshapes on both sides, in millimeters."""
    head = load_head()
    names = [name.removesuffix("Left").removesuffix("Right") for name in HEAD_BLENDSHAPES]
    blendshapes = np.array([[strengths.get(name, 0.0) for name in names]], np.float32)
    average = Identity({"age": 2 / 3}, {})
    return 1000 * head.vertices(average, blendshapes)[0, head.index_of(np.array(LANDMARK_VERTICES))]


def test_they_are_distinct_vertices_of_the_skin():
    head = load_head()
    assert len(set(LANDMARK_VERTICES)) == 68
    skin = np.unique(head.triangles[head.part == SKIN])
    assert set(head.index_of(np.array(LANDMARK_VERTICES))) <= set(skin)


def test_left_mirrors_right():
    rest = points()
    np.testing.assert_allclose(rest[list(MIRRORED_LANDMARKS)], rest * (-1, 1, 1), atol=0.7)


def test_order_is_ibugs():
    rest = points()
    x, y = rest[:, 0], rest[:, 1]
    assert (np.diff(x[:17]) > -2).all(), "the jaw runs from the person's right (x < 0) to the left"
    assert y[8] == y[:17].min()
    assert (np.diff(x[17:27]) > 0).all()
    assert (np.diff(y[27:31]) < 0).all()
    assert (np.diff(x[31:36]) > 0).all()
    assert rest[30, 2] == rest.max(0)[2], "the tip of the nose"
    for start in (36, 42):
        eye = slice(start, start + 6)
        assert x[start] == x[eye].min()
        assert x[start + 3] == x[eye].max()
        assert y[start + 1 : start + 3].min() > y[start + 4 : start + 6].max()
    assert x[48] == x[48:68].min()
    assert x[54] == x[48:68].max()


def test_a_blink_closes_the_lids():
    upper, lower = [37, 38, 43, 44], [41, 40, 47, 46]
    opening = points()[upper, 1] - points()[lower, 1]
    shut = points(eyeBlink=1)
    assert (opening > 5).all()
    assert (shut[upper, 1] - shut[lower, 1] < 0.1 * opening).all()


def test_the_jaw_takes_the_lower_lip_and_the_chin_along():
    drop = points()[:, 1] - points(jawOpen=1)[:, 1]
    assert (drop[[65, 66, 67, 56, 57, 58]] > 12).all()
    assert (np.abs(drop[[61, 62, 63, 50, 51, 52]]) < 4).all()
    assert drop[8] > 12


@pytest.mark.parametrize(("blendshape", "sign"), [("browOuterUp", 1), ("browDown", -1)])
def test_brows_follow_their_blendshapes(blendshape, sign):
    rise = sign * (points(**{blendshape: 1})[17:27, 1] - points()[17:27, 1])
    assert rise.mean() > 2


def test_a_smile_widens_the_mouth_and_lifts_its_corners():
    rest, smile = points(), points(mouthSmile=1)
    assert np.linalg.norm(smile[54] - smile[48]) > 1.1 * np.linalg.norm(rest[54] - rest[48])
    assert (smile[[48, 54], 1] > rest[[48, 54], 1] + 3).all()
