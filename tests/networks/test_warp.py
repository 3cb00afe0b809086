"""Turning faces in three dimensions: with cameras that are known, and beside rendered truth."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from geofer.faces import MIRRORED_LANDMARKS, normalize_image, normalize_landmarks
from geofer.landmarks.mean_head import MEAN_HEAD
from geofer.networks.warp import FaceWarp, _mean_around
from geofer.rendering import RenderSpec, render_subject


@pytest.fixture(scope="module")
def warp():
    return FaceWarp(64)


@pytest.fixture(scope="module")
def average_landmarks():
    """(68, 3), millimeters."""
    return torch.tensor(MEAN_HEAD)


def seen_from(points, yaw, scale=0.008):
    """Points (n, 3) as a distant camera sees a face turned by ``yaw`` degrees, (1, n, 2) in [-1, 1]."""
    angle = np.radians(yaw)
    x = points[:, 0] * np.cos(angle) + points[:, 2] * np.sin(angle)
    return (torch.stack([x, -points[:, 1] - 30], dim=-1) * scale)[None].float()


@pytest.mark.parametrize("yaw", [-40, 0, 25])
def test_an_affine_camera_is_found_exactly(warp, average_landmarks, yaw):
    landmarks = seen_from(average_landmarks, yaw)
    laid = warp._lay(landmarks)[0].flatten(1).T
    assert torch.allclose(laid, seen_from(warp.positions.T, yaw)[0], atol=1e-4)
    view = torch.tensor([np.sin(-np.radians(yaw)), 0.0, np.cos(np.radians(yaw))], dtype=torch.float32)
    assert torch.allclose(warp._view(landmarks)[0], view, atol=1e-3)


def test_the_chart_is_as_symmetric_as_the_landmarks_order_says(warp, average_landmarks):
    mirrored = average_landmarks[list(MIRRORED_LANDMARKS)] * torch.tensor([-1.0, 1, 1])
    assert (mirrored - average_landmarks).norm(dim=-1).max() < 0.2  # millimeters
    positions = warp.positions.reshape(3, 128, 128)
    assert (positions.flip(-1)[0] + positions[0]).abs().max() < 4


def test_what_the_input_hides_comes_from_the_other_half_of_the_face(warp, average_landmarks):
    turned, front = seen_from(average_landmarks, 55), seen_from(average_landmarks, 0)
    nose = (turned[0, 30, 0] + 1) * 32
    image = torch.zeros(1, 3, 64, 64)
    image[..., : int(nose)] = 1.0  # the half that a face turned to the image's right shows
    warped, covered = warp(image, turned, front)
    mouth = slice(36, 44)
    cheeks = warped[0, 0, mouth][:, [16, 47]]
    assert covered[0, 0, mouth][:, [16, 47]].all()
    assert cheeks.min() > 0.9


def test_outside_the_face_the_picture_stays(warp, average_landmarks):
    image = torch.rand(2, 3, 64, 64) * 2 - 1
    landmarks = seen_from(average_landmarks, 0, scale=0.004).repeat(2, 1, 1)
    warped, covered = warp(image, landmarks, landmarks)
    assert torch.equal(torch.where(covered > 0, image, warped), image)
    assert 0.1 < covered.mean() < 0.5
    assert covered[:, 0, 30, 32].all()
    assert not covered[:, 0, :4].any()


def test_a_landmark_that_moves_takes_its_surroundings_along(warp, average_landmarks):
    landmarks = seen_from(average_landmarks, 0)
    target = landmarks.clone()
    target[0, 48:] += torch.tensor([0.0, 6 * 2 / 64])  # the mouth, six pixels down
    x, y = (((landmarks[0, 48] + 1) * 64 - 1) / 2).round().long().tolist()
    image = torch.zeros(1, 3, 64, 64)
    image[..., y - 1 : y + 2, x - 1 : x + 2] = 1
    warped = warp(image, landmarks, target).image[0, 0]
    assert warped[y + 4 : y + 9, x - 2 : x + 3].max() > 0.6
    assert warped[y, x] < 0.3


def test_autocast_changes_nothing(warp, average_landmarks):
    image = torch.rand(1, 3, 64, 64)
    landmarks = seen_from(average_landmarks, 0), seen_from(average_landmarks, 30)
    expected = warp(image, *landmarks).image
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(warp(image, *landmarks).image, expected)
        assert warp(image, *landmarks).image.dtype == torch.float32


def test_turned_rendered_faces_come_near_to_the_truth(warp):
    spec = RenderSpec(subjects=4, expressions=("neutral", "surprise"), image_size=64, seed=5)
    gains = []
    for subject in range(2):
        faces = render_subject(spec, subject)
        images = normalize_image(torch.from_numpy(faces.images).permute(0, 3, 1, 2))
        landmarks = normalize_landmarks(torch.from_numpy(faces.landmarks), 64)
        level = faces.pitch == 0
        left, right = (np.flatnonzero(level & (faces.yaw == yaw)) for yaw in (-30, 30))
        warped, covered = warp(images[left], landmarks[left], landmarks[right])
        error, before = (((x - images[right]).abs() * covered).mean() for x in (warped, images[left]))
        gains.append(error / before)
    assert max(gains) < 0.85


@pytest.mark.parametrize("reach", [3, 5])
def test_means_around_pixels_are_those_of_pooling_to_the_bit(reach):
    maps = torch.randn(2, 6, 17, 23)
    assert torch.equal(_mean_around(maps, reach), F.avg_pool2d(maps, reach, 1, reach // 2))
