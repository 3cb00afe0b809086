"""A face that RetinaFace saw, how it leans, and the upright square around it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geofer.landmarks.alignment import Alignment


@dataclass(frozen=True)
class Sighting:
    """A face that RetinaFace saw.

    Attributes:
        middle: ``(2,)`` of its box, in pixels of the picture.
        size: Larger side of the box.
        score: In [0, 1].
        points: ``(5, 2)`` in pixels of the picture.
    """

    middle: NDArray[np.float64]
    size: float
    score: float
    points: NDArray[np.float64]


def square_around(middle: NDArray[np.float64], side: float, lean: float, pixels: int) -> Alignment:
    """The square around a place whose upright leans by an angle in radians, clockwise in the picture."""
    turn = pixels / side * np.array(((np.cos(lean), np.sin(lean)), (-np.sin(lean), np.cos(lean))))
    return Alignment(np.column_stack((turn, (pixels - 1) / 2 - turn @ middle)), pixels)


def lean_of(points: NDArray[np.float64]) -> float:
    """How a face with these five points leans, in radians, clockwise in the picture.

    From the eyes to the mouth, and along the eyes, each the more, the longer it is: in profile there is little between
    the eyes.
    """
    across = points[1] - points[0]
    down = (points[3] + points[4] - points[0] - points[1]) / 2 + (-across[1], across[0])
    return float(np.arctan2(-down[0], down[1]))
