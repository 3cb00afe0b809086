import numpy as np
import pytest

from geofer.rendering.expressions import HEAD_BLENDSHAPES
from geofer.rendering.head import load_head
from geofer.rendering.identity import Identity
from geofer.rendering.landmarks import LANDMARK_VERTICES
from geofer.rendering.parts import EYE, TEETH, TONGUE
from geofer.rendering.skin_moves import ACCOMPANIED, MOVES, moved_further

MIRRORED = [*range(16, -1, -1), *range(26, 16, -1)]
"""Landmarks of jaw and brows in the order of their mirror images."""


def landmark_moves(**strengths: float) -> np.ndarray:
    """Where the 68 points go, ``(68, 3)`` in millimeters; a name without a side means both."""
    blendshapes = np.zeros((1, len(HEAD_BLENDSHAPES)), np.float32)
    for number, name in enumerate(HEAD_BLENDSHAPES):
        stem = name.removesuffix("Left").removesuffix("Right")
        blendshapes[0, number] = strengths.get(name, strengths.get(stem, 0.0))
    head, plain = load_head(), Identity({}, {})
    points = head.index_of(np.array(LANDMARK_VERTICES))
    return 1000 * (head.vertices(plain, blendshapes)[0] - head.neutral(plain))[points]


def test_every_move_belongs_to_a_blendshape():
    stems = {name.removesuffix("Left").removesuffix("Right") for name in HEAD_BLENDSHAPES}
    assert {*MOVES, *ACCOMPANIED, *(other for others in ACCOMPANIED.values() for other in others)} <= stems


def test_an_angry_brow_comes_down_and_together_by_its_inner_ends():
    moves = landmark_moves(browDown=1)
    for inner, inward in ((21, 1), (22, -1)):
        assert -9 < moves[inner, 1] < -5
        assert 2 < inward * moves[inner, 0] < 7
    gap = 14.6 + moves[22, 0] - moves[21, 0]
    assert gap > 3  # the brows do not meet


def test_a_sad_brow_rises_at_its_inner_ends_alone():
    moves = landmark_moves(browInnerUp=1)
    assert moves[[21, 22], 1].min() > 6
    assert np.abs(moves[[17, 26], 1]).max() < 1


def test_a_wrinkled_nose_raises_its_wings_and_the_upper_lip():
    moves = landmark_moves(noseSneer=1)
    assert moves[[31, 35], 1].min() > 3
    assert moves[51, 1] > 0.8


def test_both_halves_mirror_each_other():
    for name in MOVES:
        moves = landmark_moves(**{name: 1})[:27]
        np.testing.assert_allclose(moves[MIRRORED] * (-1, 1, 1), moves, atol=0.5, err_msg=name)


@pytest.mark.parametrize("name", ["browDown", "cheekSquint", "mouthFrown", "noseSneer"])
def test_one_side_leaves_the_other_alone(name):
    moves = landmark_moves(**{f"{name}Left": 1})
    rights = [17, 18, 19, 20, 36, 37, 40, 41, 48]
    assert np.abs(moves[rights]).max() < 0.35


def test_eyeballs_teeth_and_the_back_of_the_head_stay():
    head = load_head()
    still = np.unique(head.triangles[np.isin(head.part, (EYE, TEETH, TONGUE))])
    moved = [number for number, name in enumerate(HEAD_BLENDSHAPES) if name.startswith(("brow", "noseSneer"))]
    offsets = head.moves.reshape(len(HEAD_BLENDSHAPES), -1, 3)[moved]
    assert not offsets[:, still].any()
    none = np.zeros((len(HEAD_BLENDSHAPES), 1, 3), np.float32)
    assert not moved_further(none, np.array([[0.012, 0.02, -0.15]], np.float32)).any()
    assert moved_further(none, np.array([[0.012, 0.02, 0.027]], np.float32)).any()
