"""The detector ``geofer``: 68 points, how sure each is, and the head's pose, up to profile."""

import hashlib

import numpy as np
import pytest
import skimage.data
import torch

from geofer.errors import ConfigError, DataError
from geofer.faces import LEFT_EYE, MIRRORED_LANDMARKS, RIGHT_EYE
from geofer.landmarks import build_detector, landmark_network
from geofer.landmarks.landmark_network import MODEL, SHA256, SIDE, LandmarkNetwork, look_at
from geofer.rendering import RenderSpec, render_subject


@pytest.fixture(scope="module")
def detector():
    return build_detector("geofer")


@pytest.fixture(scope="module")
def astronaut():
    return skimage.data.astronaut()


@pytest.fixture(scope="module")
def turned():
    """A person whom the network never saw, from all sides."""
    spec = RenderSpec(
        poses="continuous",
        views=24,
        yaw_limit=90,
        pitch_limit=40,
        image_size=160,
        crop="loose",
        scene="picture",
        camera=True,
        expressions=("neutral", "happiness"),
        seed=77,
    )
    return render_subject(spec, 3)


def away(found, truth):
    """Mean distance in % of the diagonal of the box around the true points."""
    return 100 * np.linalg.norm(found - truth, axis=1).mean() / np.linalg.norm(np.ptp(truth, axis=0))


def test_the_bundled_weights_are_the_ones_named_and_small():
    content = MODEL.read_bytes()
    assert hashlib.sha256(content).hexdigest() == SHA256
    assert len(content) < 6_000_000


def test_damaged_weights_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(landmark_network, "MODEL", tmp_path / "weights.safetensors")
    landmark_network.MODEL.write_bytes(MODEL.read_bytes()[:-1])
    with pytest.raises(DataError, match="SHA-256"):
        landmark_network.landmark_network.__wrapped__()


@pytest.mark.parametrize("options", [{"smallest": 0}, {"min_confidence": 1.5}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(ConfigError, match="geofer"):
        build_detector("geofer", **options)


@pytest.fixture(scope="module")
def found(detector, turned):
    """The faces of `turned`, and the rows of those that were found where they are."""
    found = detector.detect(list(turned.images))
    right = [len(faces) > 0 and away(faces.landmarks[0], turned.landmarks[row]) < 25 for row, faces in enumerate(found)]
    return found, np.flatnonzero(right)


def test_points_and_pose_of_rendered_heads_are_right_up_to_profile(found, turned):
    found, rows = found
    assert len(rows) >= 0.9 * len(found)
    errors = np.array([away(found[row].landmarks[0], turned.landmarks[row]) for row in rows])
    far = np.abs(turned.yaw[rows]) > 60
    assert far.sum() >= 5
    assert errors[np.abs(turned.yaw[rows]) < 45].mean() < 3
    assert errors[far].mean() < 5
    poses = np.stack([found[row].poses[0] for row in rows])
    assert np.abs(poses[:, 0] - turned.yaw[rows]).mean() < 5
    assert np.abs(poses[~far, 1] - turned.pitch[rows][~far]).mean() < 5


def test_points_that_are_further_off_are_said_to_be(found, turned):
    found, rows = found
    errors = np.stack([np.linalg.norm(found[row].landmarks[0] - turned.landmarks[row], axis=1) for row in rows])
    told = np.stack([found[row].landmark_std[0] for row in rows])
    assert np.corrcoef(np.log(told).ravel(), np.log(errors).ravel())[0, 1] > 0.15
    assert 0.5 < np.sqrt((errors**2).mean() / 2) / np.sqrt((told**2).mean()) < 2


def test_a_photograph(detector, astronaut):
    (faces,) = detector.detect([astronaut])
    (other,) = build_detector("mediapipe", mirrored=False).detect([astronaut])
    assert len(faces) == 1
    assert away(faces.landmarks[0], other.landmarks[0]) < 4
    assert (np.abs(faces.poses[0]) < (8, 20, 8)).all()
    assert faces.landmarks[0, RIGHT_EYE, 0].max() < faces.landmarks[0, LEFT_EYE, 0].min()
    assert faces.blendshapes.shape == (1, 52)
    assert faces.landmark_std.shape == (1, 68)
    left, top, right, bottom = faces.boxes[0]
    assert (left, top) < (180, 90)
    assert (right, bottom) > (265, 170)
    arrays = (faces.boxes, faces.scores, faces.landmarks, faces.poses, faces.landmark_std)
    assert {array.dtype for array in arrays} == {np.dtype("float32")}


@pytest.mark.parametrize(("quarters", "roll"), [(1, -90), (2, 180), (3, 90)])
def test_a_face_that_lies_or_hangs_has_its_true_roll_and_points(detector, astronaut, quarters, roll):
    upright, turned = (detector.detect([np.rot90(astronaut, count)])[0] for count in (0, quarters))
    assert len(turned) == 1
    assert abs((turned.poses[0, 2] - upright.poses[0, 2] - roll + 180) % 360 - 180) < 5
    x, y = upright.landmarks[0].T
    expected = {1: (y, 511 - x), 2: (511 - x, 511 - y), 3: (511 - y, x)}[quarters]
    assert np.abs(turned.landmarks[0] - np.stack(expected, axis=1)).mean() < 2.5


def test_many_faces_are_told_as_each_alone(astronaut):
    finder = build_detector("geofer")._finder
    (seen,) = (face.seen for face in finder.find(astronaut))
    alone, together = look_at(astronaut, [seen]), look_at(astronaut, [seen] * 40)
    np.testing.assert_allclose(together.landmarks[39], alone.landmarks[0], atol=1e-3)
    np.testing.assert_allclose(together.poses[39], alone.poses[0], atol=1e-3)
    assert look_at(astronaut, []).landmarks.shape == (0, 68, 2)


def test_the_largest_face_comes_first(detector, astronaut):
    picture = np.zeros((512, 800, 3), np.uint8)
    picture[:, :512] = astronaut
    picture[:256, 512:768] = astronaut[::2, ::2]
    (faces,) = detector.detect([picture])
    assert len(faces) == 2
    assert np.ptp(faces.boxes[0, ::2]) > 1.5 * np.ptp(faces.boxes[1, ::2])
    shrunk = (faces.landmarks[0] + 0.5) / 2 - 0.5 + (512, 0)
    assert np.abs(faces.landmarks[1] - shrunk).mean() < 2


def test_a_mirrored_face_has_mirrored_points(detector, astronaut):
    plain, mirrored = (detector.detect([picture])[0] for picture in (astronaut, astronaut[:, ::-1]))
    back = mirrored.landmarks[0, list(MIRRORED_LANDMARKS)] * (-1, 1) + (511, 0)
    assert np.abs(back - plain.landmarks[0]).mean() < 2
    np.testing.assert_allclose(mirrored.poses[0] * (-1, 1, -1), plain.poses[0], atol=4)


@pytest.mark.parametrize("shape", [(0, 0, 3), (1, 1, 3), (3, 400, 3), (200, 200, 3)])
def test_pictures_without_a_face_give_empty_arrays(detector, shape):
    (faces,) = detector.detect([np.full(shape, 127, np.uint8)])
    assert len(faces) == 0
    assert faces.landmarks.shape == (0, 68, 2)
    assert faces.poses.shape == (0, 3)


def test_rotations_are_rotations():
    torch.manual_seed(0)
    seen = LandmarkNetwork().eval()(torch.randn(3, 3, SIDE, SIDE))
    assert seen.points.shape == (3, 68, 2)
    assert seen.scales.shape == (3, 68)
    assert (seen.scales > 0).all()
    torch.testing.assert_close(seen.rotations @ seen.rotations.mT, torch.eye(3).expand(3, 3, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.linalg.det(seen.rotations), torch.ones(3))
