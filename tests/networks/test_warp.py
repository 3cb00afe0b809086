"""Turning faces in three dimensions: with cameras that are known, and beside rendered truth."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from geofer.faces import MIRRORED_LANDMARKS, normalize_image, normalize_landmarks
from geofer.landmarks.mean_head import MEAN_HEAD
from geofer.networks.contours import weigh_regions
from geofer.networks.warp import FaceWarp
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


def places_at(warped, points):
    """Where in the input points (1, n, 2) of a warped face come from, (n, 2), in [-1, 1]."""
    return F.grid_sample(warped.places, points[:, None], align_corners=False)[0, :, 0].T


@pytest.mark.parametrize("yaw", [-40, 0, 25])
def test_an_affine_camera_is_found_exactly(warp, average_landmarks, yaw):
    landmarks = seen_from(average_landmarks, yaw)
    laid = (warp._lay(landmarks, 64)[0] + 0.5) / 32 - 1
    assert torch.allclose(laid, seen_from(warp.positions.T, yaw)[0], atol=1e-4)
    nearer = warp._depth(landmarks)[0]
    view = torch.tensor([np.sin(-np.radians(yaw)), 0.0, np.cos(np.radians(yaw))], dtype=torch.float32)
    assert torch.allclose(nearer, view @ warp.positions, atol=0.2)  # millimeters


def test_the_chart_is_as_symmetric_as_the_landmarks_order_says(warp, average_landmarks):
    mirrored = average_landmarks[list(MIRRORED_LANDMARKS)] * torch.tensor([-1.0, 1, 1])
    assert (mirrored - average_landmarks).norm(dim=-1).max() < 0.2  # millimeters
    positions = warp.positions.view(3, 128, 128)
    assert (positions.flip(-1)[0] + positions[0]).abs().max() < 4


def test_what_the_input_hides_is_a_hole_guessed_from_the_other_half_of_the_face(warp, average_landmarks):
    turned, front = seen_from(average_landmarks, 65), seen_from(average_landmarks, 0)
    nose = (turned[0, 30, 0] + 1) * 32
    image = torch.zeros(1, 3, 64, 64)
    image[..., : int(nose)] = 1.0  # the half that a face turned to the image's right shows
    warped, covered, _ = warp(image, turned, front)
    eyes = slice(22, 30)
    shown, hidden = covered[0, 0, eyes, 14:20], covered[0, 0, eyes, 46:50]
    assert shown.min() > 0.9
    assert hidden.max() < 0.5
    assert warped[0, 0, eyes, 46:50].min() > 0.9


def test_outside_the_face_are_holes_without_the_input(warp, average_landmarks):
    image = torch.rand(2, 3, 64, 64) + 0.1
    landmarks = seen_from(average_landmarks, 0, scale=0.004).repeat(2, 1, 1)
    warped, covered, places = warp(image, landmarks, landmarks + 0.25)
    assert 0.05 < covered.mean() < 0.5
    assert covered[:, 0, 38, 40].all()
    assert not covered[:, 0, :4].any()
    assert not warped[:, :, :4].any()
    corner = places[0, :, -1, 0]  # what is no face moves as the face beside it does
    assert corner == pytest.approx(torch.tensor([-1.25 + 1 / 64, 1 - 1 / 64 - 0.25]), abs=0.02)


@pytest.mark.parametrize("size", [64, 128])
def test_a_mouth_opens_and_what_is_inside_is_a_hole(size, average_landmarks):
    warp, landmarks = FaceWarp(size), seen_from(average_landmarks, 0)
    target = landmarks.clone()
    moved = [*range(4, 13), *range(55, 60), *range(65, 68)]  # chin, lower lip
    target[0, moved, 1] += 0.2
    warped = warp(torch.ones(1, 3, size, size), landmarks, target)
    gap = (target[0, 66, 1] - target[0, 62, 1]) * size / 2
    column = warped.covered[0, 0, :, size // 2 - 1 : size // 2 + 1].mean(dim=-1)
    nose, chin = (int((target[0, point, 1] + 1) * size / 2) for point in (33, 8))
    assert (1 - column[nose : chin - 2]).sum() == pytest.approx(float(gap), rel=0.05)
    outer = [51, 57]
    missed = (places_at(warped, target[:, outer]) - landmarks[0, outer])[:, 1]
    assert missed.abs().max() < 0.1 * 0.2


@pytest.mark.parametrize(
    ("moved", "by"),
    [([37, 38, 43, 44], -0.06), ([37, 38, 43, 44], 0.03), ([*range(17, 27)], -0.1), ([*range(17, 27)], 0.06)],
    ids=["lids up", "lids down", "brows up", "brows down"],
)
def test_lids_and_brows_arrive_where_they_shall(warp, average_landmarks, moved, by):
    landmarks = seen_from(average_landmarks, 0)
    target = landmarks.clone()
    target[0, moved, 1] += by
    warped = warp(torch.zeros(1, 3, 64, 64), landmarks, target)
    missed = (places_at(warped, target[:, moved]) - landmarks[0, moved])[:, 1]
    assert missed.abs().mean() < 0.1 * abs(by)


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
        warped, covered, _ = warp(images[left], landmarks[left], landmarks[right])
        laid = (warped != 0).any(dim=1, keepdim=True)  # what the input shows, and what is guessed from it
        expressive = covered * (weigh_regions(landmarks[right], 64, 2.0) - 1)  # around eyes and mouth
        for region in (laid, expressive):
            error, before = (((x - images[right]).abs() * region).mean() for x in (warped, images[left]))
            gains.append(error / before)
    assert max(gains) < 0.85
