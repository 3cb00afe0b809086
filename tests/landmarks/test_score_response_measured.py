"""How scores of photographs move with blendshapes, as measured on warped photographs."""

import numpy as np
import pytest

from geofer.landmarks.face_mesh import BLENDSHAPES
from geofer.landmarks.score_response_measured import (
    EDGE,
    NEUTRAL_LOGITS,
    NOISE,
    RISES,
    SIDES,
    logit_slopes,
    neutral_logits,
    noise,
)


def of(name):
    return BLENDSHAPES.index(name)


def test_every_name_of_the_tables_is_a_score():
    known = {name.removesuffix("Left").removesuffix("Right") for name in BLENDSHAPES}
    named = {*RISES, *NEUTRAL_LOGITS, *NOISE, *(effect for effects in RISES.values() for effect in effects)}
    assert named <= known


def test_rises_stay_on_their_side_and_share_the_middle():
    matrix = logit_slopes()
    assert matrix[of("browDownLeft"), of("browDownLeft")] == pytest.approx(1.7)
    assert matrix[of("browDownLeft"), of("browDownRight")] == 0
    both = sum(matrix[of(f"browDown{side}"), of("browInnerUp")] for side in SIDES)
    assert both == pytest.approx(-1.9)
    lowered = [matrix[of("jawOpen"), of(f"mouthLowerDown{side}")] for side in SIDES]
    assert lowered == pytest.approx([5.8, 5.8])
    assert matrix[of("jawOpen"), of("jawOpen")] == pytest.approx(5.4)
    assert not matrix[of("mouthLeft")].any()
    assert not matrix[of("jawRight")].any()


def test_neutral_photographs_squint_and_hardly_ever_puff_their_cheeks():
    mean, std = neutral_logits()
    assert mean[of("eyeSquintLeft")] == mean[of("eyeSquintRight")] == pytest.approx(-0.2)
    assert mean[of("cheekPuff")] == pytest.approx(-9.8)
    assert std[of("eyeLookInLeft")] == 0
    assert mean[of("eyeLookInLeft")] == pytest.approx(np.log(EDGE), abs=1e-3)


def test_noise_is_alike_on_both_sides_and_none_of_gaze():
    assert noise()[of("mouthSmileLeft")] == noise()[of("mouthSmileRight")] == pytest.approx(1.7)
    assert noise()[of("eyeLookInLeft")] == 0
