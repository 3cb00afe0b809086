"""Landmark detectors, each a plugin of the group ``geofer.landmark_detectors``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Faces:
    """The faces that a detector found in one picture, the surest first.

    Attributes:
        boxes: ``(n, 4)`` float32, left, top, right, bottom in pixels.
        scores: ``(n,)`` float32 in [0, 1], how sure the detector is of each face.
        landmarks: ``(n, 68, 2)`` float32, (x, y) of the iBUG points in pixels.
        poses: ``(n, 3)`` float32, pan, tilt and roll in degrees, as `geofer.faces` signs them.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    poses: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of faces."""
        return len(self.scores)


@runtime_checkable
class LandmarkDetector(Protocol):
    """What a landmark detector plugin builds; it maps whatever it sees natively to the iBUG-68 order itself."""

    def detect(self, images: Sequence[NDArray[np.uint8]], names: Sequence[str] = ()) -> list[Faces]:
        """Find the faces in pictures.

        Args:
            images: Pictures of any size, each ``(H, W, 3)`` uint8 RGB.
            names: Their files' names relative to the data set's root, for detectors that look faces up; may be empty.

        Returns:
            One `Faces` a picture, maybe empty.
        """
        ...


__all__ = ["Faces", "LandmarkDetector"]
