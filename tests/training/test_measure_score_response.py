"""``training/measure_score_response.py``, which makes the tables of `geofer.landmarks.score_response_measured`, and
its warps."""

from types import ModuleType

import numpy as np
import pytest
import torch
from loaded_script import load_script

from geofer.errors import DataError
from geofer.landmarks import build_detector
from geofer.landmarks.face_mesh import BLENDSHAPES
from geofer.landmarks.score_response_measured import (
    NEUTRAL_LOGITS,
    NOISE,
    RISES,
    STRENGTH,
    logit_slopes,
    neutral_logits,
    noise,
)
from geofer.rendering import HEAD_BLENDSHAPES, RenderSpec, render_subject


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("training/measure_score_response")


@pytest.fixture(scope="module")
def photograph(script):
    spec = RenderSpec(
        expressions=("neutral",),
        poses="continuous",
        views=1,
        yaw_limit=0,
        pitch_limit=0,
        image_size=256,
        crop="loose",
        variation=0,
        seed=7,
    )
    person = render_subject(spec, 0)
    return script.Photograph(person.images[0], person.landmarks[0])


def show(*names: str) -> np.ndarray:
    return np.isin(HEAD_BLENDSHAPES, names).astype(np.float32)


def found(image: np.ndarray) -> np.ndarray:
    return build_detector("mediapipe", max_faces=1).detect([image])[0].landmarks[0]


def test_a_face_without_blendshapes_stays_as_it_is(photograph):
    np.testing.assert_array_equal(photograph.act(show()), photograph.image)
    assert photograph.landmarks.min() > 0
    assert photograph.landmarks.max() < len(photograph.image)


@pytest.mark.parametrize(
    ("blendshapes", "landmarks"),
    [(("jawOpen",), [7, 8, 9, 57]), (("mouthSmileLeft", "mouthSmileRight"), [48, 54])],
)
def test_a_warp_moves_landmarks_as_the_blendshapes_say(photograph, blendshapes, landmarks):
    expected = photograph.landmark_moves(show(*blendshapes))[landmarks]
    moved = (found(photograph.act(show(*blendshapes))) - found(photograph.image))[landmarks]
    assert np.linalg.norm(expected, axis=1).min() > 4
    for seen, true in zip(moved, expected, strict=True):  # MediaPipe follows a part of the way
        assert 0.4 < seen @ true / (true @ true) < 1.5
        assert seen @ true > 0.8 * np.linalg.norm(seen) * np.linalg.norm(true)


def test_parted_lips_show_a_dark_mouth(photograph):
    opened = photograph.act(show("jawOpen"))
    lips = (photograph.landmarks + photograph.landmark_moves(show("jawOpen")))[[62, 66]]
    x, y = (0.2 * lips[0] + 0.8 * lips[1]).round().astype(int)
    assert opened[y, x].mean() < 60 < photograph.image[y, x].mean()


def test_the_fit_recovers_the_rises_that_moved_scores(script):
    chance = np.random.default_rng(0)
    blendshapes = 1.5 * chance.random((4000, 52)).astype(np.float32)
    noise = 0.1 * chance.standard_normal((4000, 52)).astype(np.float32)
    matrix = script.fit_slopes(blendshapes, blendshapes @ logit_slopes() + noise)
    np.testing.assert_allclose(matrix, logit_slopes(), atol=0.1)


def test_an_action_that_nobody_shows_has_no_rise(script):
    blendshapes = np.random.default_rng(0).random((200, 52)).astype(np.float32)
    blendshapes[:, BLENDSHAPES.index("jawOpen")] = 0
    assert not script.fit_slopes(blendshapes, blendshapes)[BLENDSHAPES.index("jawOpen")].any()


def test_tables_have_the_form_of_those_that_geofer_carries(script):
    assert script.rise_table(logit_slopes()) == RISES
    mean, std = neutral_logits()
    two = np.stack((mean - std, mean + std))  # of this mean and deviation
    assert script.neutral_table(two) == NEUTRAL_LOGITS
    assert script.noise_table(np.stack((noise(), -noise()))) == NOISE


def test_smiles_of_photographs_correct_half_of_what_warps_told(script):
    smile = [BLENDSHAPES.index(f"mouthSmile{side}") for side in ("Left", "Right")]
    raised = [BLENDSHAPES.index(f"mouthUpperUp{side}") for side in ("Left", "Right")]
    shown = np.zeros((2, 52), np.float32)
    shown[:, smile] = [[0.6, 0.8], [0.8, 0.6]]
    told = STRENGTH * shown.mean(0) @ logit_slopes()
    neutral = np.random.default_rng(0).standard_normal((5, 52)).astype(np.float32)
    smiling = (neutral + told).astype(np.float32)
    smiling[:, raised] += [[3, 1]] * 5
    corrected = script.correct_smiles(logit_slopes(), neutral, smiling, shown)
    now = STRENGTH * shown.mean(0) @ corrected
    expected = np.zeros(52)
    expected[raised] = 1  # half of 2 on either side
    np.testing.assert_allclose(now - told, expected, atol=1e-4)
    unsmiling = np.delete(np.arange(52), smile)
    np.testing.assert_array_equal(corrected[unsmiling], logit_slopes()[unsmiling])


def test_lids_do_the_mean_of_what_warps_and_rendered_faces_tell(script):
    chance = np.random.default_rng(0)
    blendshapes = chance.random((3000, 52)).astype(np.float32)
    truth = logit_slopes()
    truth[BLENDSHAPES.index("eyeWideLeft"), BLENDSHAPES.index("eyeWideLeft")] = 2.4
    logits = -3 + blendshapes @ truth
    turned = torch.from_numpy(np.where(np.arange(3000) < 2500, 0.0, 40.0).astype(np.float32))
    logits[2500:] = 0  # of faces that are turned away, which do not count
    unused = torch.zeros(3000)
    rendered = script.Scored(
        torch.from_numpy(logits).sigmoid(), torch.from_numpy(blendshapes), unused, turned, unused, unused
    )
    corrected = script.correct_lids(logit_slopes(), rendered)
    lids = [BLENDSHAPES.index(name) for name in script.LIDS]
    wide = BLENDSHAPES.index("eyeWideLeft")
    both_sides_told = (2.4 + logit_slopes()[wide, wide]) / 2  # left and right are taken for alike
    assert corrected[wide, wide] == pytest.approx((logit_slopes()[wide, wide] + both_sides_told) / 2, abs=0.1)
    others = np.delete(np.arange(52), lids)
    np.testing.assert_array_equal(corrected[others], logit_slopes()[others])


def test_rendered_people_that_choose_or_measure_do_not_tell_of_lids(script, tmp_path):
    with pytest.raises(DataError, match="no scores of rendered people"):
        script.rendered_faces(tmp_path)
    for number in (0, 1, 2, 3):  # 0 chooses the temperature, 1 measures
        one = {name: np.full(1, number, np.float32) for name in ("expression", "yaw", "pitch", "person")}
        np.savez(tmp_path / f"{number}.npz", scores=np.zeros((1, 52)), blendshapes=np.zeros((1, 52)), **one)
    assert script.rendered_faces(tmp_path).person.tolist() == [2, 3]


def test_measuring_repeats_itself_and_sees_the_warps(script, photograph):
    detector = build_detector("mediapipe", max_faces=1)
    first, again = (script.measure(photograph, 1, detector, np.random.default_rng(3)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    neutral, blendshapes, raised = first
    assert neutral.shape == (1, 52)
    assert 15 <= len(blendshapes) == len(raised) <= 19
    smile = BLENDSHAPES.index("mouthSmileLeft")
    assert np.corrcoef(blendshapes[:, smile], raised[:, smile])[0, 1] > 0.4


def test_a_folder_that_holds_no_face_is_named(script, tmp_path):
    with pytest.raises(DataError, match="no face"):
        script.find_photographs(tmp_path, build_detector("mediapipe"))
    with pytest.raises(DataError, match="missing is no folder"):
        script.find_photographs(tmp_path / "missing", build_detector("mediapipe"))
