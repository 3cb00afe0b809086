"""Quarter turns that bring a face upright which lies or hangs in its picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class QuarterTurns:
    """So many quarter turns of a picture, counter-clockwise.

    Attributes:
        count: 0 to 3.
        shape: Height and width of the picture before.
    """

    count: int
    shape: tuple[int, int]

    @classmethod
    def upright(cls, roll: float, shape: tuple[int, ...]) -> "QuarterTurns":
        """Those that leave a roll within ±45 degrees.

        Args:
            roll: Degrees; positive leans the top of the head to the picture's right. NaN needs none.
            shape: Of the picture, height first.
        """
        return cls(0 if np.isnan(roll) else round(roll / 90) % 4, (shape[0], shape[1]))

    def picture(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The turned picture, ``(H, W, 3)``."""
        return np.rot90(pixels, self.count)

    def points(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pixels of the picture ``(..., 2)`` to those of the turned one."""
        x, y = points[..., 0], points[..., 1]
        height, width = self.shape
        x, y = ((x, y), (y, width - 1 - x), (width - 1 - x, height - 1 - y), (height - 1 - y, x))[self.count]
        return np.stack((x, y), axis=-1)

    def box(self, box: NDArray[np.float32]) -> NDArray[np.float32]:
        """A box, left, top, right, bottom, in the turned picture."""
        corners = self.points(box.reshape(2, 2))
        return np.concatenate((corners.min(axis=0), corners.max(axis=0)))
