"""Rendered faces as files, for data sets that need a tree of them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image


class RenderedPicture(NamedTuple):
    """One rendered face with its truth."""

    pixels: np.ndarray  # (160, 160, 3) uint8, the whole head
    expression: str
    subject: int
    yaw: float
    pitch: float
    landmarks: np.ndarray  # (68, 2) float32 in pixels


def write_picture(path: Path, pixels: np.ndarray, **options) -> Path:
    """Writes a picture in the format that its name ends with, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"quality": 92} | options if path.suffix.lower() in {".jpg", ".jpeg"} else options
    Image.fromarray(pixels).save(path, **options)
    return path
