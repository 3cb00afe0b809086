"""``scripts/measure_answers.py``, which makes the tables of `geofer.landmarks.measured_answers`, and its warps."""

from types import ModuleType

import numpy as np
import pytest
import torch
from loaded_script import load_script

from geofer.errors import DataError
from geofer.landmarks import build_detector
from geofer.landmarks.face_mesh import BLENDSHAPES
from geofer.landmarks.measured_answers import NEUTRAL_LOGITS, NOISE, RISES, STRENGTH, neutral_logits, noise, rises
from geofer.rendering import ACTIONS, RenderSpec, render_subject


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("measure_answers")


@pytest.fixture(scope="module")
def photograph(script):
    spec = RenderSpec(
        expressions=("neutral",),
        poses="continuous",
        views=1,
        pan_limit=0,
        tilt_limit=0,
        image_size=256,
        crop="loose",
        variation=0,
        seed=7,
    )
    person = render_subject(spec, 0)
    return script.Photograph(person.images[0], person.landmarks[0])


def show(*names: str) -> np.ndarray:
    return np.isin(ACTIONS, names).astype(np.float32)


def found(image: np.ndarray) -> np.ndarray:
    return build_detector("mediapipe", max_faces=1).detect([image])[0].landmarks[0]


def test_a_face_without_actions_stays_as_it_is(photograph):
    np.testing.assert_array_equal(photograph.act(show()), photograph.image)
    assert photograph.landmarks.min() > 0
    assert photograph.landmarks.max() < len(photograph.image)


@pytest.mark.parametrize(
    ("actions", "landmarks"),
    [(("jawOpen",), [7, 8, 9, 57]), (("mouthSmileLeft", "mouthSmileRight"), [48, 54])],
)
def test_a_warp_moves_landmarks_as_the_actions_say(photograph, actions, landmarks):
    expected = photograph.landmark_moves(show(*actions))[landmarks]
    moved = (found(photograph.act(show(*actions))) - found(photograph.image))[landmarks]
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
    actions = 1.5 * chance.random((4000, 52)).astype(np.float32)
    noise = 0.1 * chance.standard_normal((4000, 52)).astype(np.float32)
    matrix = script.fit_rises(actions, actions @ rises() + noise)
    np.testing.assert_allclose(matrix, rises(), atol=0.1)


def test_an_action_that_nobody_shows_has_no_rise(script):
    actions = np.random.default_rng(0).random((200, 52)).astype(np.float32)
    actions[:, BLENDSHAPES.index("jawOpen")] = 0
    assert not script.fit_rises(actions, actions)[BLENDSHAPES.index("jawOpen")].any()


def test_tables_have_the_form_of_those_that_geofer_carries(script):
    assert script.rise_table(rises()) == RISES
    mean, deviation = neutral_logits()
    two = np.stack((mean - deviation, mean + deviation))  # of this mean and deviation
    assert script.neutral_table(two) == NEUTRAL_LOGITS
    assert script.noise_table(np.stack((noise(), -noise()))) == NOISE


def test_smiles_of_photographs_correct_half_of_what_warps_told(script):
    smile = [BLENDSHAPES.index(f"mouthSmile{side}") for side in ("Left", "Right")]
    raised = [BLENDSHAPES.index(f"mouthUpperUp{side}") for side in ("Left", "Right")]
    shown = np.zeros((2, 52), np.float32)
    shown[:, smile] = [[0.6, 0.8], [0.8, 0.6]]
    told = STRENGTH * shown.mean(0) @ rises()
    neutral = np.random.default_rng(0).standard_normal((5, 52)).astype(np.float32)
    smiling = (neutral + told).astype(np.float32)
    smiling[:, raised] += [[3, 1]] * 5
    corrected = script.correct_smiles(rises(), neutral, smiling, shown)
    now = STRENGTH * shown.mean(0) @ corrected
    expected = np.zeros(52)
    expected[raised] = 1  # half of 2 on either side
    np.testing.assert_allclose(now - told, expected, atol=1e-4)
    unsmiling = np.delete(np.arange(52), smile)
    np.testing.assert_array_equal(corrected[unsmiling], rises()[unsmiling])


def test_lids_do_the_mean_of_what_warps_and_rendered_faces_tell(script):
    chance = np.random.default_rng(0)
    actions = chance.random((3000, 52)).astype(np.float32)
    truth = rises()
    truth[BLENDSHAPES.index("eyeWideLeft"), BLENDSHAPES.index("eyeWideLeft")] = 2.4
    logits = -3 + actions @ truth
    turned = torch.from_numpy(np.where(np.arange(3000) < 2500, 0.0, 40.0).astype(np.float32))
    logits[2500:] = 0  # of faces that are turned away, which do not count
    unused = torch.zeros(3000)
    rendered = script.Scored(
        torch.from_numpy(logits).sigmoid(), torch.from_numpy(actions), unused, turned, unused, unused
    )
    corrected = script.correct_lids(rises(), rendered)
    lids = [BLENDSHAPES.index(name) for name in script.LIDS]
    wide = BLENDSHAPES.index("eyeWideLeft")
    both_sides_told = (2.4 + rises()[wide, wide]) / 2  # left and right are taken for alike
    assert corrected[wide, wide] == pytest.approx((rises()[wide, wide] + both_sides_told) / 2, abs=0.1)
    others = np.delete(np.arange(52), lids)
    np.testing.assert_array_equal(corrected[others], rises()[others])


def test_rendered_people_that_choose_or_measure_do_not_tell_of_lids(script, tmp_path):
    with pytest.raises(DataError, match="no scores of rendered people"):
        script.rendered_faces(tmp_path)
    for number in (0, 1, 2, 3):  # 0 chooses the temperature, 1 measures
        one = {name: np.full(1, number, np.float32) for name in ("expression", "pan", "tilt", "person")}
        np.savez(tmp_path / f"{number}.npz", blendshapes=np.zeros((1, 52)), actions=np.zeros((1, 52)), **one)
    assert script.rendered_faces(tmp_path).person.tolist() == [2, 3]


def test_measuring_repeats_itself_and_sees_the_warps(script, photograph):
    detector = build_detector("mediapipe", max_faces=1)
    first, again = (script.measure(photograph, 1, detector, np.random.default_rng(3)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    neutral, actions, raised = first
    assert neutral.shape == (1, 52)
    assert 15 <= len(actions) == len(raised) <= 19
    smile = BLENDSHAPES.index("mouthSmileLeft")
    assert np.corrcoef(actions[:, smile], raised[:, smile])[0, 1] > 0.4


def test_a_folder_that_holds_no_face_is_named(script, tmp_path):
    with pytest.raises(DataError, match="no face"):
        script.find_photographs(tmp_path, build_detector("mediapipe"))
    with pytest.raises(DataError, match="missing is no folder"):
        script.find_photographs(tmp_path / "missing", build_detector("mediapipe"))
