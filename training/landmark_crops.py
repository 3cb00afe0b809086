"""Crops as a face detector might make them, spoiled as pictures are: what the landmark network sees in training."""

import math

import cv2
import numpy as np
import torch
from landmark_examples import KEPT, Examples
from numpy.typing import NDArray
from torch import Tensor

from geofer.faces import MIRRORED_LANDMARKS
from geofer.landmarks.landmark_network import MARGIN, SIDE
from geofer.landmarks.sightings import square_around
from geofer.rendering.camera import head_rotation


class Crops:
    """Draws crops as the detector might see them, and what is known of them."""

    def __init__(self, faces: Examples, seed: int) -> None:
        """``faces`` to draw from."""
        self.faces, self.chance = faces, np.random.default_rng(seed)

    def draw(self, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Images ``(count, 3, SIDE, SIDE)``, points, near points and their side, rotations, as in `Examples`.

        Points are in [-1, 1] of the crop, and rotations ``(count, 3, 3)``.
        """
        drawn = [self._one(row) for row in self.chance.integers(len(self.faces), size=count)]
        images, points, near, side, pose = (np.stack(column) for column in zip(*drawn, strict=True))
        return (
            torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1,
            torch.from_numpy(points).float(),
            torch.from_numpy(near).float(),
            torch.from_numpy(side),
            torch.from_numpy(head_rotation(*pose.T)).float(),
        )

    def _one(self, row: int) -> tuple[NDArray[np.generic], ...]:
        chance, faces = self.chance, self.faces
        points, pose, side = faces.points[row], faces.pose[row].copy(), faces.side[row]
        middle, size = box_or_guess(faces.box[row], points, chance)
        size *= np.exp(0.09 * chance.standard_normal())
        middle = middle + 0.035 * size * chance.standard_normal(2)
        lean = math.radians(12 * chance.standard_normal() * (2.0 if chance.random() < 0.2 else 1.0))
        place = square_around(middle, MARGIN * size, lean, SIDE)
        image = cv2.warpAffine(
            faces.pictures[row], place.matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        points, near = (to_unit(place.to_crop(known)) for known in (points, faces.near[row]))
        pose[2] -= math.degrees(lean)
        if chance.random() < 0.5:
            image = image[:, ::-1]
            points = points[list(MIRRORED_LANDMARKS)] * (-1, 1)
            near, pose, side = near * (-1, 1), pose * (-1, 1, -1), -side
        return spoiled(np.ascontiguousarray(image), chance, faces.pictures), points, near, side, pose


def to_unit(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels of the crop to [-1, 1] of it."""
    return (2 * places + 1) / SIDE - 1


def box_or_guess(
    box: NDArray[np.float32], points: NDArray[np.float32], chance: np.random.Generator | None
) -> tuple[NDArray[np.float64], float]:
    """Middle and size of RetinaFace's box, or of one as it might be around the points."""
    if np.isfinite(box).all():
        return box[:2].astype(np.float64), float(box[2])
    low, high = points.min(0), points.max(0)
    extent = float((high - low).max())
    lift = 0.1 if chance is None else chance.uniform(0, 0.2)
    return (low + high) / 2 - (0, lift * extent), extent * (1.2 if chance is None else chance.uniform(1.05, 1.4))


def spoiled(image: NDArray[np.uint8], chance: np.random.Generator, others: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A crop behind things, in other light, coarse, blurred, noisy or compressed."""
    if chance.random() < 0.35:
        image = covered(image, chance, others)
    if chance.random() < 0.3:
        side = int(np.exp(chance.uniform(np.log(20), np.log(SIDE))))
        image = cv2.resize(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), (SIDE, SIDE))
    if chance.random() < 0.15:
        image = cv2.GaussianBlur(image, (0, 0), chance.uniform(0.5, 1.8))
    if chance.random() < 0.15:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    levels = np.arange(256) / 255
    table = levels ** np.exp(0.3 * chance.standard_normal())
    table = 0.5 + (table - 0.5) * np.exp(0.25 * chance.standard_normal()) + 0.05 * chance.standard_normal()
    tint = np.exp(0.08 * chance.standard_normal(3)) if chance.random() < 0.5 else np.ones(3)
    image = cv2.LUT(image, np.clip(255 * table[:, None] * tint, 0, 255).astype(np.uint8)[None])
    if chance.random() < 0.2:
        noise = np.zeros((SIDE, SIDE, 3), np.int16)
        cv2.setRNGSeed(int(chance.integers(1 << 30)))
        cv2.randn(noise, 0, chance.uniform(2, 18))
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if chance.random() < 0.15:
        written = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(20, 80))))[1]
        image = cv2.imdecode(written, cv2.IMREAD_COLOR)
    return np.asarray(image, np.uint8)


def covered(image: NDArray[np.uint8], chance: np.random.Generator, others: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Something before the face: a patch, a bar or the edge of something, of one color or of another picture."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    middle, angle = chance.uniform(0, SIDE, 2), chance.uniform(0, 180)
    form = chance.random()
    if form < 0.6:
        axes = chance.uniform(0.06, 0.3, 2) * SIDE
        cv2.ellipse(mask, (middle.tolist(), (2 * axes).tolist(), angle), (1,), -1)
    else:
        reach = SIDE * (chance.uniform(0.05, 0.12) if form < 0.75 else 2.0)
        away = SIDE * 2.0 if form >= 0.75 else 0.0
        middle = np.full(2, SIDE / 2) + (away + SIDE * chance.uniform(0.15, 0.5)) * np.array(
            (np.cos(np.radians(angle * 2)), np.sin(np.radians(angle * 2)))
        )
        corners = cv2.boxPoints((middle.tolist(), (2 * reach, 6 * SIDE), 2 * angle))
        cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), (1,))
    before: NDArray[np.generic] = chance.integers(0, 256, 3)
    if chance.random() < 0.5:
        other = others[chance.integers(len(others))]
        before = np.roll(other, chance.integers(KEPT, size=2), axis=(0, 1))[:SIDE, :SIDE]
    return np.where(mask[..., None] > 0, before, image).astype(np.uint8)
