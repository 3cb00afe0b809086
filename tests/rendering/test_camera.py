import numpy as np
import pytest

from geofer.rendering.camera import crop_cameras, head_rotation, project_points, to_pixels

NOSE, CROWN = np.array([0, 0, 1.0]), np.array([0, 1.0, 0])


def turned(point, yaw=0.0, pitch=0.0, roll=0.0):
    angles = (np.array([angle], np.float32) for angle in (yaw, pitch, roll))
    return head_rotation(*angles)[0] @ point


def test_yaw_turns_the_nose_to_the_right_of_the_image():
    np.testing.assert_allclose(turned(NOSE, yaw=30), [0.5, 0, np.sqrt(0.75)], atol=1e-6)


def test_pitch_lifts_the_nose():
    np.testing.assert_allclose(turned(NOSE, pitch=30), [0, 0.5, np.sqrt(0.75)], atol=1e-6)


def test_roll_leans_the_crown_to_the_right_of_the_image():
    np.testing.assert_allclose(turned(CROWN, roll=30), [0.5, np.sqrt(0.75), 0], atol=1e-6)


def test_rotations_keep_lengths_and_handedness():
    angles = np.random.default_rng(0).uniform(-90, 90, (3, 50)).astype(np.float32)
    rotations = head_rotation(*angles)
    np.testing.assert_allclose(rotations @ rotations.transpose(0, 2, 1), np.tile(np.eye(3), (50, 1, 1)), atol=1e-6)
    np.testing.assert_allclose(np.linalg.det(rotations), 1, atol=1e-5)


@pytest.mark.parametrize("size", [64, 101])
def test_a_tight_crop_holds_its_points_in_the_middle(size):
    points = np.random.default_rng(0).uniform(-0.1, 0.1, (4, 30, 3)).astype(np.float32)
    still = np.zeros(4, np.float32)
    projected = project_points(points, head_rotation(still, still, still), 1.2)
    pixels = to_pixels(projected, crop_cameras(projected, 1.2, "tight"), size)
    low, high = pixels.min(1), pixels.max(1)
    np.testing.assert_allclose((low + high) / 2, (size - 1) / 2, atol=1e-3)
    np.testing.assert_allclose((high - low).max(1), size / 1.12, atol=1e-2)


def test_nearer_points_look_larger():
    points = np.array([[[0.1, 0, 0.1], [0.1, 0, -0.1]]], np.float32)
    still = np.zeros(1, np.float32)
    near, far = project_points(points, head_rotation(still, still, still), 1.1)[0, :, 0]
    assert near == pytest.approx(0.1)
    assert far == pytest.approx(0.1 / 1.2)
