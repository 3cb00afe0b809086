"""A scanned face as triangles with color, and the text files that scans are kept in."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geofer.errors import DataError, printable

MAX_BYTES = 64_000_000
"""Largest text file of a scan that is read; those of BU-3DFE have a few million bytes."""

MAX_TRIANGLES = 1 << 20
"""The visibility buffer counts no further."""


@dataclass(frozen=True)
class Scan:
    """A scanned surface; V vertices, F triangles.

    Attributes:
        vertices: ``(V, 3)`` float64 millimeters: x to the person's left, y up, z out of the face. A scan is taken to
            be frontal as it lies in its file.
        triangles: ``(F, 3)`` int32, counter-clockwise from outside.
        texture_points: ``(F, 3, 2)`` float32, where each corner of a triangle lies in ``texture``: (0, 0) is the
            picture's bottom left and (1, 1) its top right corner; None without a texture.
        texture: ``(H, W, 3)`` uint8 RGB; None if the scan has none.
        colors: ``(F, 3, 3)`` float32 RGB in [0, 1] of each corner of a triangle, of a scan that is colored without a
            texture; else None.
    """

    vertices: NDArray[np.float64]
    triangles: NDArray[np.int32]
    texture_points: NDArray[np.float32] | None = None
    texture: NDArray[np.uint8] | None = None
    colors: NDArray[np.float32] | None = None


def read_text(path: Path, root: Path) -> bytes:
    """Reads one of a scan's text files.

    Args:
        path: The file.
        root: Folder that it must lie in once all links are followed.

    Raises:
        DataError: It is missing, unreadable, larger than `MAX_BYTES`, or outside ``root``.
    """
    name = printable(path)
    if not path.resolve().is_relative_to(root.resolve()):
        raise DataError(f"{name} leads out of {printable(root)}; only files inside it are read.")
    try:
        if not path.is_file():
            raise DataError(f"{name} is no file.")
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{name} has more than {MAX_BYTES:,} bytes; no scan of a face is so large.")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}.") from error
