"""Target geometries: the rendered head's controls and files of landmarks."""

import io

import numpy as np
import pytest

from geofer.app.synthesis.target_geometry import (
    changed_blendshapes,
    expression_blendshapes,
    moved_landmarks,
    posed_landmarks,
    read_geometry,
)
from geofer.errors import ConfigError, DataError
from geofer.faces import MIRRORED_LANDMARKS
from geofer.landmarks import head_pose
from geofer.rendering import HEAD_BLENDSHAPES

REST = np.zeros(52, np.float32)
CHIN, LIP_TOP, LIP_BOTTOM = 8, 62, 66


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(0, 0, 0), (-30, 10, 0), (45, 0, 5), (15, -30, -10)])
def test_the_pose_is_the_one_asked_for(yaw, pitch, roll):
    np.testing.assert_allclose(head_pose(posed_landmarks(REST, yaw, pitch, roll)), (yaw, pitch, roll), atol=1.0)


def test_the_crop_is_the_tight_one():
    for yaw in (-45, 0, 30):
        points = posed_landmarks(expression_blendshapes("surprise", 4), yaw)
        low, high = points.min(0), points.max(0)
        assert (high - low).max() == pytest.approx(2 / 1.12, abs=1e-4)
        np.testing.assert_allclose(low + high, 0, atol=1e-4)


def test_the_geometries_are_those_of_rendered_people():
    """The mean over people of the pictures' own landmarks, which the renderer projects by itself."""
    from geofer.rendering.camera import crop_cameras, head_rotation, project_points, to_pixels
    from geofer.rendering.head import load_head
    from geofer.rendering.identity import sample_identity
    from geofer.rendering.landmarks import LANDMARK_VERTICES

    head, blendshapes = load_head(), expression_blendshapes("happiness", 4)
    people = [sample_identity(np.random.default_rng(person)) for person in range(60)]
    vertices = np.concatenate([head.vertices(person, blendshapes[None]) for person in people])
    points = vertices[:, head.index_of(np.array(LANDMARK_VERTICES))].astype(np.float32)
    yaw = np.full(len(points), 30, np.float32)
    projected = project_points(points, head_rotation(yaw, 0 * yaw, 0 * yaw), 1.2)
    seen = (to_pixels(projected, crop_cameras(projected, 1.2, "tight"), 64) + 0.5) / 32 - 1
    apart = np.linalg.norm(posed_landmarks(blendshapes, 30) - seen.mean(0), axis=1)
    assert apart.max() < 0.05
    own = np.linalg.norm(seen - seen.mean(0), axis=2).mean()
    assert apart.mean() < own / 3


def test_a_symmetric_head_turned_the_other_way_is_mirrored():
    smile = expression_blendshapes("happiness", 3)
    mirrored = posed_landmarks(smile, -20)[list(MIRRORED_LANDMARKS)] * (-1, 1)
    np.testing.assert_allclose(mirrored, posed_landmarks(smile, 20), atol=5e-3)


def test_blendshapes_move_what_they_name():
    opened = posed_landmarks(changed_blendshapes(REST, {"jawOpen": 0.8}))
    closed = posed_landmarks(REST)
    assert np.ptp(opened[[LIP_TOP, LIP_BOTTOM], 1]) > np.ptp(closed[[LIP_TOP, LIP_BOTTOM], 1]) + 0.1


def test_a_moved_face_keeps_its_own_shape():
    own = posed_landmarks(REST)
    own[[*range(31, 36)], 0] *= 2  # a broad nose
    smiling = moved_landmarks(own, expression_blendshapes("happiness", 4))
    assert np.ptp(smiling[31:36, 0]) / np.ptp(own[31:36, 0]) == pytest.approx(1, abs=0.1)
    assert np.ptp(smiling[48:60, 0]) > 1.1 * np.ptp(own[48:60, 0])
    np.testing.assert_allclose(moved_landmarks(own, REST), own, atol=0.01)


@pytest.mark.parametrize("name", ["happiness", "surprise", "anger"])
def test_a_moved_average_face_is_the_average_head_that_moves(name):
    shown = expression_blendshapes(name, 4)
    np.testing.assert_allclose(moved_landmarks(posed_landmarks(REST, 10), shown), posed_landmarks(shown, 10), atol=0.04)
    np.testing.assert_allclose(head_pose(moved_landmarks(posed_landmarks(REST), shown, yaw=-30))[0], -30, atol=5)
    back = moved_landmarks(posed_landmarks(shown), REST, own=shown)
    np.testing.assert_allclose(back, posed_landmarks(REST), atol=0.04)


def test_levels_grow_and_changes_replace():
    slight, strong = (expression_blendshapes("happiness", level) for level in (1, 4))
    smile = HEAD_BLENDSHAPES.index("mouthSmileLeft")
    assert 0 < slight[smile] < strong[smile] <= 1
    assert changed_blendshapes(strong, {"mouthSmileLeft": 0.1})[smile] == pytest.approx(0.1)
    assert not expression_blendshapes("neutral", 4).any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"jawOpn": 0.5}, "Did you mean jawOpen"), ({"jawOpen": 1.5}, "0 .none. to 1"), ({"jawOpen": np.nan}, "jawOpen")],
)
def test_wrong_blendshapes_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        changed_blendshapes(REST, changes)


def npy_of(array: np.ndarray) -> str:
    np.save((file := io.BytesIO()), array)
    return file.getvalue().decode("latin-1")


def test_files_give_the_same_geometry_wherever_they_lie(tmp_path):
    truth = posed_landmarks(expression_blendshapes("anger", 4), 20)
    shifted = 300 * truth - (900, 40)
    np.save(tmp_path / "points.npy", truth)
    lines = "\n".join(f"{x},{y}" for x, y in shifted)
    (tmp_path / "points.csv").write_text(f"x,y\n{lines}\n")
    (tmp_path / "bare.csv").write_text(lines)
    body = "\n".join(f"{x} {y}" for x, y in shifted)
    (tmp_path / "points.pts").write_text(f"version: 1\nn_points: 68\n{{\n{body}\n}}\n")
    for name in ("points.npy", "points.csv", "bare.csv", "points.pts"):
        np.testing.assert_allclose(read_geometry(tmp_path / name), truth, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("few.csv", "1,2\n3,4\n", r"68 × 2 finite numbers; its shape is \(2, 2\)"),
        ("words.csv", "a,b\nc,d\n", "cannot be read as landmarks"),
        ("same.csv", "1,1\n" * 68, "same point"),
        ("nan.csv", "1,nan\n" * 68, "finite"),
        ("faces.txt", "", ".pts, .npy, .csv"),
        ("broken.npy", "no array", "cannot be read as landmarks"),
        ("archive.npy", "PK\x05\x06" + "\0" * 18, "cannot be read as landmarks"),
        ("large.csv", "1,2\n" * 50_000, "more than 65536 bytes"),
        ("large.pts", "{" + "1 2\n" * 50_000 + "}", "more than 65536 bytes"),
        ("complex.npy", npy_of(np.zeros((68, 2), "c8")), "neither numbers nor texts"),
    ],
)
def test_files_without_a_face_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_text(content, encoding="latin-1")
    with pytest.raises(DataError, match=message) as caught:
        read_geometry(tmp_path / name)
    assert name in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.npy"):
        read_geometry(tmp_path / "gone.npy")


def test_an_angry_face_presses_its_lips_and_does_not_smirk():
    blendshapes = dict(zip(HEAD_BLENDSHAPES, expression_blendshapes("anger", 4), strict=True))
    assert blendshapes["mouthRollLower"] == blendshapes["mouthRollUpper"] == pytest.approx(0.8)
    calm, angry = (posed_landmarks(expression_blendshapes(name, 4), 0) for name in ("neutral", "anger"))
    width = [np.linalg.norm(points[54] - points[48]) for points in (calm, angry)]
    assert width[1] < 1.1 * width[0]  # 1.27 times where lips are drawn apart
