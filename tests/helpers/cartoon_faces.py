"""Cartoon faces: a person is a set of colors, an expression and a pose are landmarks. Small, and quick to learn."""

import numpy as np
import torch

from geofer.datamodules import FaceDataModule, FaceLabels, FaceStore, ShardedPictures
from geofer.faces import denormalize_image
from geofer.networks.contours import draw_contours

EXPRESSIONS = ("happiness", "sadness", "surprise")
_MOUTHS = {"happiness": (0.28, 0.06, 0.14), "sadness": (0.22, 0.02, -0.14), "surprise": (0.14, 0.2, 0.0)}
_BROWS = {"happiness": 0.0, "sadness": -0.05, "surprise": 0.1}


def ring(points, x, y, width, height, bend=0.0):
    """An ellipse around (x, y), bent upwards at its ends by ``bend``."""
    angle = np.pi - 2 * np.pi * np.arange(points) / points
    across = np.cos(angle)
    return np.stack([x + width * across, y - height * np.sin(angle) - bend * across**2], axis=1)


def geometry(expression: str, yaw: float, rng: np.random.Generator) -> np.ndarray:
    """(68, 2) landmarks in [-1, 1]; yaw shifts the features sideways."""
    angle = np.linspace(np.pi, 0, 17)
    jaw = np.stack([0.7 * np.cos(angle), -0.1 + 0.85 * np.sin(angle)], axis=1)
    width, height, bend = np.array(_MOUTHS[expression]) * rng.uniform(0.85, 1.15, 3)
    arch = np.linspace(-0.15, 0.15, 5)
    brow = np.stack([arch, -0.45 - _BROWS[expression] + 2 * arch**2], axis=1)
    bridge = np.stack([np.zeros(4), np.linspace(-0.25, 0.1, 4)], axis=1)
    base = np.stack([np.linspace(-0.1, 0.1, 5), np.full(5, 0.15)], axis=1)
    eyes = [ring(6, x, -0.25, 0.12, 0.05 + max(0, _BROWS[expression]) / 2) for x in (-0.3, 0.3)]
    mouth = [ring(12, 0, 0.45, width, height + 0.05, bend), ring(8, 0, 0.45, 0.8 * width, height, bend)]
    side, turn = np.array([0.3, 0]), np.array([yaw / 90, 0])
    inner = np.concatenate([brow - side, brow + side, bridge, base, *eyes, *mouth])
    return 0.9 * np.concatenate([jaw, inner + turn]).astype(np.float32)


def draw(landmarks: np.ndarray, person: int, size: int) -> np.ndarray:
    """(N, size, size, 3) uint8 pictures of one person."""
    rng = np.random.default_rng(person)
    background, skin, hair, iris, lips = torch.tensor(rng.uniform(-0.9, 0.9, (5, 3)), dtype=torch.float32)
    axis = (2 * torch.arange(size) + 1) / size - 1
    head = torch.sigmoid(12 * (1 - ((axis / 0.65) ** 2 + ((axis[:, None] - 0.0) / 0.8) ** 2)))
    image = background[:, None, None] + head * (skin - background)[:, None, None]
    image = image.repeat(len(landmarks), 1, 1, 1)
    maps = draw_contours(torch.from_numpy(landmarks), size).clamp(max=1)
    for layer, color in ((1, hair), (2, skin * 0.5), (3, iris), (4, lips), (5, lips * 0.3)):
        image = torch.lerp(image, color[:, None, None].expand_as(image), maps[:, layer, None])
    return denormalize_image(image).permute(0, 2, 3, 1).numpy()


class CartoonFaces(FaceDataModule):
    """``people`` train; two more validate and two more test."""

    def __init__(self, people: int = 4, size: int = 32, takes: int = 4, **settings) -> None:
        super().__init__(**{"batch_size": 16, "num_workers": 0, "self_pairs": 0.2, "seed": 0, **settings})
        self.size = size
        rng = np.random.default_rng(0)
        rows = [
            (person, label, yaw)
            for person in range(people + 4)
            for label in range(3)
            for yaw in (-15.0, 0.0, 15.0)
            for _ in range(takes)
        ]
        subject, expression, yaw = (np.array(column) for column in zip(*rows, strict=True))
        landmarks = np.stack([geometry(EXPRESSIONS[e], p, rng) for e, p in zip(expression, yaw, strict=True)])
        images = np.concatenate([draw(landmarks[subject == s], s, size) for s in range(people + 4)])
        table = FaceLabels(
            expression=expression.astype(np.int64),
            subject=subject.astype(np.int64),
            yaw=yaw.astype(np.float32),
            pitch=np.zeros(len(rows), np.float32),
            landmarks=landmarks,
        )
        split = np.where(subject < people, "train", np.where(subject < people + 2, "val", "test"))
        self.faces_in_memory = FaceStore(table, ShardedPictures([images]), split)

    @property
    def expressions(self):
        return EXPRESSIONS

    @property
    def image_size(self):
        return self.size

    def open_store(self):
        return self.faces_in_memory
