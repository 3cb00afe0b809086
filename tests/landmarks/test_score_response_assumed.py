"""What MediaPipe would say of a photograph, estimated from true blendshapes."""

import numpy as np
import pytest

from geofer.landmarks.face_mesh import BLENDSHAPES
from geofer.landmarks.score_response_assumed import (
    INTENSITY,
    NEUTRAL_PHOTOGRAPHS,
    answers,
    estimate_scores,
    in_mediapipes_order,
)


def of(name):
    return BLENDSHAPES.index(name)


def people(blendshapes, count=1500):
    """Scores ``(count, 52)`` of as many people who all show the same."""
    chance = np.random.default_rng(0)
    return np.concatenate([estimate_scores(blendshapes[None], chance) for _ in range(count)])


def test_a_face_that_shows_nothing_scores_as_neutral_photographs():
    scores = people(np.zeros(52, np.float32))
    mean, std = NEUTRAL_PHOTOGRAPHS["eyeSquint"]
    assert scores[:, of("eyeSquintRight")].mean() == pytest.approx(mean, abs=0.02)
    assert scores[:, of("eyeSquintRight")].std() == pytest.approx(std, abs=0.02)
    assert not scores[:, of("cheekPuff")].any()
    assert not scores[:, of("_neutral")].any()
    assert np.corrcoef(scores[:, of("eyeSquintLeft")], scores[:, of("eyeSquintRight")])[0, 1] > 0.95


def test_a_funnel_raises_its_score_as_strongly_as_people_show_it():
    funnel = np.zeros(52, np.float32)
    funnel[of("mouthFunnel")] = 1
    rise = np.median(people(funnel), axis=0) - np.median(people(0 * funnel), axis=0)
    assert rise.argmax() == of("mouthFunnel")
    assert rise.max() == pytest.approx(0.7 * INTENSITY, abs=0.02)
    assert np.sort(rise)[-2] < 0.02


def test_blendshapes_are_found_by_their_names():
    given = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], np.float32)
    ordered = in_mediapipes_order(given, ("tongueOut", "jawOpen", "browInnerUp"))
    assert ordered.shape == (2, 52)
    np.testing.assert_array_equal(ordered[:, of("jawOpen")], given[:, 1])
    np.testing.assert_array_equal(ordered[:, of("browInnerUp")], given[:, 2])
    assert np.count_nonzero(ordered) == 4


def test_scores_answer_to_the_blendshapes_of_their_own_side():
    matrix = answers()
    assert matrix[of("mouthSmileLeft"), of("mouthSmileLeft")] == pytest.approx(1.05)
    assert matrix[of("mouthSmileLeft"), of("mouthSmileRight")] == 0
    assert matrix[of("noseSneerLeft"), of("noseSneerLeft")] == 0
    assert matrix[of("noseSneerLeft"), of("browDownLeft")] == pytest.approx(0.35)
    assert matrix[of("noseSneerLeft"), of("browDownRight")] == 0
    both = matrix[of("mouthPressLeft"), of("mouthRollLower")] + matrix[of("mouthPressRight"), of("mouthRollLower")]
    assert both == pytest.approx(0.4)
    assert matrix[of("mouthLeft"), of("mouthLeft")] == matrix[of("mouthRight"), of("mouthRight")] == pytest.approx(0.8)
    assert not matrix[of("_neutral")].any()
