"""A sheet of many small faces: one pair of axes for all of them, since one for each takes seconds to draw."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geofer.faces import (
    INNER_LIP,
    JAW,
    LEFT_BROW,
    LEFT_EYE,
    NOSE_BASE,
    NOSE_BRIDGE,
    OUTER_LIP,
    RIGHT_BROW,
    RIGHT_EYE,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OPEN_CONTOURS = (JAW, RIGHT_BROW, LEFT_BROW, NOSE_BRIDGE, NOSE_BASE)
CLOSED_CONTOURS = (RIGHT_EYE, LEFT_EYE, OUTER_LIP, INNER_LIP)
INK = "#0b3c5d"


class FaceSheet:
    """A white sheet; places on it are inches from its left and its upper edge.

    Args:
        width: In inches.
        height: In inches.
        dpi: Pixels per inch.

    Attributes:
        figure: What is drawn on.
    """

    def __init__(self, width: float, height: float, dpi: int = 150) -> None:
        from matplotlib.figure import Figure

        self.figure: Figure = Figure(figsize=(width, height), dpi=dpi)
        self._axes: Axes = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        self._axes.set_axis_off()

    def picture(self, image: NDArray[np.uint8], x: float, y: float, size: float) -> None:
        """Draws a square picture ``(S, S, 3)``, its upper left corner at (x, y)."""
        self._axes.imshow(image, extent=(x, x + size, y + size, y), aspect="auto", interpolation="lanczos")

    def landmarks(self, points: NDArray[np.float32], x: float, y: float, size: float) -> None:
        """Draws the contours that 68 points ``(68, 2)`` in [-1, 1] of a square make, in a frame."""
        from matplotlib.collections import LineCollection
        from matplotlib.patches import Rectangle

        frame = self._axes.add_patch(Rectangle((x, y), size, size, facecolor="none", edgecolor="#cccccc"))
        placed = np.array([x, y]) + size * (points + 1) / 2
        lines = [placed[contour] for contour in OPEN_CONTOURS]
        lines += [np.concatenate([placed[contour], placed[contour][:1]]) for contour in CLOSED_CONTOURS]
        self._axes.add_collection(LineCollection(lines, colors=INK, linewidths=1), autolim=False).set_clip_path(frame)

    def text(self, text: str, x: float, y: float, **style: Any) -> None:  # noqa: ANN401 - what matplotlib takes
        """Writes at (x, y); ``style`` is that of a matplotlib text, such as ``fontsize``."""
        self._axes.text(x, y, text, **style)
