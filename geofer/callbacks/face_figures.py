"""Synthetic faces as pictures: the grid of Fig. 7 and the strips of Fig. 8 of the paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geofer.callbacks.face_sheet import FaceSheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FACE = 0.85  # inches
LABEL = 0.9


@dataclass(frozen=True)
class FaceGrid:
    """One person in several poses and expressions; P poses, K expressions.

    Attributes:
        image: ``(H, W, 3)`` uint8, what the generator saw of the person.
        synthetic: ``(P, K, H, W, 3)`` uint8.
        real: ``(P, K, H, W, 3)`` uint8, the photographs that the synthetic faces should look like; None where nobody
            took them.
    """

    image: NDArray[np.uint8]
    synthetic: NDArray[np.uint8]
    real: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Interpolation:
    """One person on the way from one expression to another, in T steps.

    Attributes:
        names: Of the two expressions.
        landmarks: ``(T, 68, 2)`` in [-1, 1].
        synthetic: ``(T, H, W, 3)`` uint8.
    """

    names: tuple[str, str]
    landmarks: NDArray[np.float32]
    synthetic: NDArray[np.uint8]


def faces_figure(
    people: Sequence[FaceGrid], poses: Sequence[str], expressions: Sequence[str], dpi: int = 150
) -> "Figure":
    """For every person the input, and a row of synthetic above a row of real faces, if there are any, for each pose.

    Args:
        people: The grids, below each other; all with real faces, or none.
        poses: Names of the P poses.
        expressions: Names of the K expressions.
        dpi: Pixels per inch.
    """
    columns = len(expressions)
    kinds = 1 if people[0].real is None else 2
    block = kinds * len(poses) * FACE + 0.1 * (len(poses) - 1)
    sheet = FaceSheet(1.5 * FACE + LABEL + columns * FACE + 0.4, len(people) * (block + 0.2) + 0.5, dpi)
    left = 0.15 + 1.5 * FACE + LABEL
    for column, name in enumerate(expressions):
        sheet.text(name, left + (column + 0.49) * FACE, 0.33, fontsize=9, ha="center")
    for number, person in enumerate(people):
        y = 0.4 + number * (block + 0.2)
        sheet.picture(person.image, 0.15, y, 1.4 * FACE)
        sheet.text("input", 0.15 + 0.7 * FACE, y + 1.4 * FACE + 0.06, fontsize=9, ha="center", va="top")
        for pose, name in enumerate(poses):
            rows = [("synthetic", f"{name}\nsynthetic", person.synthetic[pose])]
            if person.real is not None:
                rows.append(("real", "real", person.real[pose]))
            for kind, label, images in rows:
                for column in range(columns):
                    sheet.picture(images[column], left + column * FACE, y, FACE * 0.98)
                weight = "bold" if kind == "synthetic" else "normal"
                middle = y + 0.5 * FACE
                sheet.text(label, left - 0.08, middle, ha="right", va="center", fontsize=8, fontweight=weight)
                y += FACE
            y += 0.1
    return sheet.figure


def interpolation_figure(strips: Sequence[Interpolation], dpi: int = 150) -> "Figure":
    """For every strip the landmarks above the faces that they make, from the first expression to the second."""
    steps = len(strips[0].synthetic)
    block = 2 * FACE + 0.38
    sheet = FaceSheet(steps * FACE + 0.3, len(strips) * block + 0.1, dpi)
    for number, strip in enumerate(strips):
        y = number * block + 0.3
        sheet.text(strip.names[0], 0.15, y - 0.06, fontsize=9, fontweight="bold")
        sheet.text(strip.names[1], 0.15 + steps * FACE, y - 0.06, fontsize=9, fontweight="bold", ha="right")
        for step in range(steps):
            x = 0.15 + step * FACE
            sheet.landmarks(strip.landmarks[step], x, y, FACE * 0.97)
            sheet.picture(strip.synthetic[step], x, y + FACE, FACE * 0.97)
    return sheet.figure
