"""How the network of the detector ``geofer`` learns: crops and their truth, turned photographs, and the loss."""

import sys

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from loaded_script import load_script

from geofer.faces import MIRRORED_LANDMARKS
from geofer.landmarks.landmark_network import SIDE, SeenFaces
from geofer.rendering.camera import head_rotation

script = load_script("training/train_landmarks")
landmark_crops, landmark_examples = (sys.modules[name] for name in ("landmark_crops", "landmark_examples"))
ABOUT, KEPT, NEAR = script.ABOUT, landmark_examples.KEPT, landmark_examples.NEAR
Crops, Examples = landmark_crops.Crops, landmark_examples.Examples


def examples(**known):
    """One face of which that is known."""
    return Examples(**{name: np.asarray(value)[None] for name, value in (landmark_examples.blank() | known).items()})


def test_crops_show_what_their_points_say(monkeypatch):
    monkeypatch.setattr(landmark_crops, "spoiled", lambda image, chance, others: image)
    chance = np.random.default_rng(0)
    points = chance.uniform(45, 100, (68, 2)).astype(np.float32)
    points[0], points[16] = (40, 60), (104, 84)
    picture = np.zeros((KEPT, KEPT, 3), np.uint8)
    cv2.circle(picture, (40, 60), 3, (255, 0, 0), -1)
    cv2.circle(picture, (104, 84), 3, (0, 255, 0), -1)
    crops = Crops(
        examples(pictures=picture, points=points, box=np.float32((72, 72, 80)), pose=np.float32((20, 5, 10))), seed=0
    )
    images, drawn, near, _, rotations = crops.draw(40)
    pixels = (drawn + 1) * SIDE / 2 - 0.5
    mirrored = 0
    for image, at in zip(images, pixels, strict=True):
        for channel, number in ((0, 0), (1, 16)):
            shown = (image[channel] > 0).nonzero().float().mean(0).flip(0)
            other = 16 - number
            here, there = ((at[which] - shown).norm() for which in (number, other))
            assert min(here, there) < 1.5
            mirrored += bool(there < here)
    assert 20 < mirrored < 60
    assert near.isnan().all()
    assert rotations.shape == (40, 3, 3)


def test_the_pose_follows_the_crop():
    faces = examples(points=np.random.default_rng(1).uniform(40, 100, (68, 2)).astype(np.float32))
    posed = Examples(**(vars(faces) | {"pose": np.float32([(30, 10, 0)]), "box": np.float32([(70, 70, 80)])}))
    crops = Crops(posed, seed=3)
    _, points, _, _, rotations = crops.draw(30)
    truth = torch.from_numpy(posed.points[0])
    for at, rotation in zip(points, rotations, strict=True):
        mirrored = rotation[2, 0] > 0
        if mirrored:
            at = at[list(MIRRORED_LANDMARKS)] * torch.tensor((-1, 1))
        before, after = truth[40] - truth[10], at[40] - at[10]
        clockwise = torch.atan2(after[1], after[0]) - torch.atan2(before[1], before[0])
        side = -1 if mirrored else 1
        expected = head_rotation(np.array([side * 30.0]), np.array([10.0]), np.degrees([side * float(clockwise)]))[0]
        np.testing.assert_allclose(rotation, expected, atol=1e-4)


def test_a_turned_photograph_moves_its_points():
    picture = np.asarray(cv2.resize(skimage.data.astronaut()[20:240, 120:340], (KEPT, KEPT)), np.uint8)
    rows = landmark_examples.photograph(picture, 1, held=False)
    assert len(rows) == 2
    plain, copy = rows
    np.testing.assert_array_equal(plain["pictures"].shape, (KEPT, KEPT, 3))
    assert np.isfinite(copy["points"]).all()

    def between_eyes(row):
        right, left = (row["points"][part].mean(0) for part in (slice(36, 42), slice(42, 48)))
        return np.linalg.norm(left - right)

    assert between_eyes(copy) < 0.97 * between_eyes(plain)


def test_without_a_turn_nothing_changes():
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    mesh = np.random.default_rng(1).normal((32, 32, 0), (9, 9, 3), (478, 3))
    drawn, moved = landmark_examples.turned(cv2.GaussianBlur(picture, (0, 0), 2), mesh, np.eye(3))
    np.testing.assert_allclose(moved, mesh, atol=1e-9)
    assert np.abs(drawn.astype(int) - cv2.GaussianBlur(picture, (0, 0), 2))[2:-2, 2:-2].mean() < 1


def test_what_points_and_rotations_cost():
    seen = SeenFaces(torch.zeros(2, 68, 2), torch.full((2, 68), 0.5), torch.eye(3).expand(2, 3, 3))
    points = torch.full((2, 68, 2), torch.nan)
    points[0] = torch.tensor((0.3, 0.4))
    near = torch.full((2, 3, 2), torch.nan)
    near[1] = torch.tensor((0.0, 0.1))
    rotations = torch.full((2, 3, 3), torch.nan)
    rotations[0] = torch.from_numpy(head_rotation(np.array([90.0]), np.zeros(1), np.zeros(1))[0])
    cost, apart = script.loss_of(seen, points, near, torch.tensor((1, 1)), rotations, torch.tensor((3.0, 1.0)))
    expected = (2 * np.log(0.5) + 0.5 / 0.5) + 0.1 / ABOUT * len(NEAR[1]) / 10
    assert cost.item() == pytest.approx(expected / 2, rel=1e-4)
    assert apart.item() == pytest.approx(3 * 2 * np.sqrt(2) * np.sin(np.pi / 4) / 2, rel=1e-4)
