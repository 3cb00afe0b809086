"""Faces that lie, hang, are small, many, cut tightly or turned to profile."""

import hashlib

import cv2
import numpy as np
import pytest
import skimage.data

from geofer.errors import ConfigError, DataError
from geofer.landmarks import build_detector, face_finder, retinaface
from geofer.landmarks.detector import Faces
from geofer.landmarks.head_pose import steady_pose
from geofer.landmarks.retinaface import MODEL, SHA256, RetinaFace
from geofer.rendering import RenderSpec, render_subject

FACE = (180, 69, 271, 179)
"""Left, top, right, bottom of the astronaut's face."""


@pytest.fixture(scope="module")
def detector():
    return build_detector("retinaface")


@pytest.fixture(scope="module")
def astronaut():
    return skimage.data.astronaut()


def find(detector, picture) -> Faces:
    (faces,) = detector.detect([np.ascontiguousarray(picture)])
    return faces


def beside(small: np.ndarray, height: int, width: int, top: int, left: int) -> np.ndarray:
    """A gray picture with another one in it."""
    picture = np.full((height, width, 3), 110, np.uint8)
    picture[top : top + small.shape[0], left : left + small.shape[1]] = small
    return picture


def shrunk(picture: np.ndarray, factor: float) -> np.ndarray:
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def test_the_carried_model_is_the_one_named():
    assert hashlib.sha256(MODEL.read_bytes()).hexdigest() == SHA256


def test_a_damaged_model_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(retinaface, "MODEL", tmp_path / "retinaface.onnx")
    retinaface.MODEL.write_bytes(MODEL.read_bytes()[:-1])
    with pytest.raises(DataError, match="SHA-256"):
        RetinaFace()


@pytest.mark.parametrize("options", [{"smallest": 0.5}, {"smallest": float("nan")}, {"min_confidence": 0.3}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        build_detector("retinaface", **options)


def test_it_agrees_with_mediapipe_on_an_upright_face(detector, astronaut):
    own, other = find(detector, astronaut), find(build_detector("mediapipe", mirrored=False), astronaut)
    assert len(own) == 1
    np.testing.assert_allclose(own.boxes[0], FACE, atol=3)
    assert np.linalg.norm(own.landmarks - other.landmarks, axis=-1).mean() < 1.5
    np.testing.assert_allclose(own.poses, other.poses, atol=3)
    assert np.abs(own.blendshapes - other.blendshapes).mean() < 0.03
    assert own.scores[0] > 0.9
    assert not own.estimated[0]


@pytest.mark.parametrize(("quarters", "roll"), [(1, -90), (2, 180), (3, 90)])
def test_a_face_that_lies_or_hangs_has_its_true_roll_and_points(detector, astronaut, quarters, roll):
    upright, turned = find(detector, astronaut), find(detector, np.rot90(astronaut, quarters))
    assert len(turned) == 1
    away = (turned.poses[0, 2] - upright.poses[0, 2] - roll + 180) % 360 - 180
    assert abs(away) < 5
    x, y = upright.landmarks[0].T
    expected = {1: (y, 511 - x), 2: (511 - x, 511 - y), 3: (511 - y, x)}[quarters]
    assert np.abs(turned.landmarks[0] - np.stack(expected, axis=1)).mean() < 2
    assert np.abs(turned.blendshapes - upright.blendshapes).mean() < 0.03


def test_a_small_face_in_full_hd_is_found_in_its_place(detector, astronaut):
    picture = beside(shrunk(astronaut, 0.36), 1080, 1920, 500, 900)
    faces = find(detector, picture)
    assert len(faces) == 1
    np.testing.assert_allclose(faces.boxes[0], np.array(FACE) * 0.36 + (900, 500, 900, 500), atol=4)


def test_all_faces_of_a_sheet_are_found_once(detector, astronaut):
    face = shrunk(astronaut[20:240, 120:340], 100 / 220)
    faces = find(detector, np.tile(face, (4, 6, 1)))
    assert len(faces) == 24
    middles = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2
    assert {tuple(place) for place in (middles // 100).astype(int)} == {(x, y) for x in range(6) for y in range(4)}


def test_small_faces_beside_a_large_one_are_found_after_it(detector, astronaut):
    picture = beside(astronaut[0:260, 90:370], 700, 900, 400, 600)
    picture[:560, :600] = cv2.resize(astronaut[20:245, 105:345], (600, 560))
    faces = find(detector, picture)
    assert len(faces) == 2
    assert np.diff(faces.boxes[0, ::2]) > 2 * np.diff(faces.boxes[1, ::2])


def test_a_crop_without_any_margin_is_found(detector, astronaut):
    left, top, right, bottom = FACE
    assert len(find(detector, astronaut[top:bottom, left:right])) == 1


@pytest.fixture(scope="module")
def profiles():
    """A neutral person from many sides."""
    spec = RenderSpec(
        poses="continuous",
        views=40,
        yaw_limit=90,
        pitch_limit=10,
        image_size=224,
        crop="loose",
        expressions=("neutral",),
    )
    return render_subject(spec, 1)


def test_rendered_profiles_are_found_and_their_points_placed(detector, profiles):
    chosen = np.flatnonzero(np.abs(profiles.yaw) > 70)
    assert len(chosen) >= 4
    for number in chosen:
        faces = find(detector, profiles.images[number])
        assert len(faces) == 1, profiles.yaw[number]
        truth = profiles.landmarks[number]
        off = np.linalg.norm(faces.landmarks[0] - truth, axis=1).mean() / np.linalg.norm(np.ptp(truth, axis=0))
        assert off < 0.05
        assert faces.poses[0, 0] == pytest.approx(profiles.yaw[number], abs=10)
        assert np.abs(faces.poses[0, 1:]).max() < 45
        assert (faces.scores[0] < 0.5) == faces.estimated[0]
    steepest = int(np.abs(profiles.yaw).argmax())
    assert find(detector, profiles.images[steepest]).estimated[0]


@pytest.mark.parametrize(
    ("alone", "std", "expected"),
    [(False, 0.06, 1), (False, 0.08, 0), (True, 0.08, 1), (True, 0.11, 0)],
    ids=["seen once", "seen once, not clearly", "seen twice", "seen twice, not clearly"],
)
def test_a_face_that_the_mesh_does_not_see_counts_if_its_points_are_clear(
    detector, profiles, monkeypatch, alone, std, expected
):
    monkeypatch.setattr(face_finder, "_unsureness", lambda image, seen: std)
    if not alone:
        monkeypatch.setattr(face_finder.FaceFinder, "_seen_alone", lambda *_: [])
    assert len(find(detector, profiles.images[np.abs(profiles.yaw).argmax()])) == expected
    assert len(find(detector, profiles.images[np.abs(profiles.yaw).argmin()])) == 1


def test_nothing_is_found_where_there_is_no_face(detector):
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    others = (skimage.data.coffee(), skimage.data.chelsea(), skimage.data.rocket(), np.zeros((5, 1, 3), np.uint8))
    gray = [np.stack([getattr(skimage.data, name)()] * 3, axis=-1) for name in ("coins", "page", "text", "moon")]
    found = detector.detect([noise, *others, *gray, np.zeros((0, 9, 3), np.uint8)])
    assert [len(faces) for faces in found] == [0] * 10
    assert found[0].blendshapes is None or found[0].blendshapes.shape == (0, 52)


@pytest.mark.parametrize(
    ("pose", "lean", "expected"),
    [
        ((20, 15, -10), 10, (20, 15, -10)),
        ((86, 124, 136), 0, (90, -6, 6)),
        ((-86, -148, 143), 0, (-90, -2.5, -2.5)),
        ((88, 3, 178), 175, (88, 2.5, 177.5)),
    ],
)
def test_poses_near_profile_are_told_as_people_take_them(pose, lean, expected):
    np.testing.assert_allclose(steady_pose(np.array(pose, float), lean), expected, atol=1.5)
