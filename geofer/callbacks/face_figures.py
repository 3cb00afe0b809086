"""Synthetic faces as pictures: the grid of Fig. 7 and the strips of Fig. 8 of the paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    denormalise_landmarks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FACE = 0.85  # inches
LABEL = 0.9
OPEN_CONTOURS = (JAW, RIGHT_BROW, LEFT_BROW, NOSE_BRIDGE, NOSE_BASE)
CLOSED_CONTOURS = (RIGHT_EYE, LEFT_EYE, OUTER_LIP, INNER_LIP)
INK = "#0b3c5d"


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
    from matplotlib.figure import Figure

    columns = len(expressions)
    kinds = 1 if people[0].real is None else 2
    block = kinds * len(poses) * FACE + 0.1 * (len(poses) - 1)
    figure = Figure(figsize=(1.5 * FACE + LABEL + columns * FACE + 0.4, len(people) * (block + 0.2) + 0.5), dpi=dpi)
    width, height = figure.get_size_inches()
    left, top = 0.15 + 1.5 * FACE + LABEL, height - 0.4

    def place(image: NDArray[np.uint8], x: float, y: float, size: float) -> "Axes":
        return _show(figure, image, (x / width, (y - size) / height, size / width, size / height))

    for number, person in enumerate(people):
        y = top - number * (block + 0.2)
        place(person.image, 0.15, y, 1.4 * FACE).set_xlabel("input", fontsize=9)
        for pose, name in enumerate(poses):
            rows = [("synthetic", person.synthetic[pose])]
            if person.real is not None:
                rows.append(("real", person.real[pose]))
            for row, (kind, images) in enumerate(rows):
                for column in range(columns):
                    axes = place(images[column], left + column * FACE, y - row * FACE, FACE * 0.98)
                    if number == 0 and pose == 0 and row == 0:
                        axes.set_title(expressions[column], fontsize=9, pad=5)
                middle = (y - (row + 0.5) * FACE) / height
                weight = "bold" if kind == "synthetic" else "normal"
                label = f"{name}\n{kind}" if kind == "synthetic" else kind
                figure.text(
                    (left - 0.08) / width, middle, label, ha="right", va="center", fontsize=8, fontweight=weight
                )
            y -= kinds * FACE + 0.1
    return figure


def interpolation_figure(strips: Sequence[Interpolation], dpi: int = 150) -> "Figure":
    """For every strip the landmarks above the faces that they make, from the first expression to the second."""
    from matplotlib.figure import Figure

    steps = len(strips[0].synthetic)
    block = 2 * FACE + 0.38
    figure = Figure(figsize=(steps * FACE + 0.3, len(strips) * block + 0.1), dpi=dpi)
    width, height = figure.get_size_inches()
    for number, strip in enumerate(strips):
        y = height - number * block - 0.3
        figure.text(0.15 / width, (y + 0.06) / height, strip.names[0], fontsize=9, fontweight="bold")
        end = 0.15 + steps * FACE
        figure.text(end / width, (y + 0.06) / height, strip.names[1], fontsize=9, fontweight="bold", ha="right")
        for step in range(steps):
            x, size = 0.15 + step * FACE, FACE * 0.97
            box = (x / width, (y - size) / height, size / width, size / height)
            _draw_landmarks(figure, strip.landmarks[step], strip.synthetic.shape[1], box)
            lower = (x / width, (y - FACE - size) / height, size / width, size / height)
            _show(figure, strip.synthetic[step], lower)
    return figure


def _show(figure: "Figure", image: NDArray[np.uint8], box: tuple[float, float, float, float]) -> "Axes":
    axes = figure.add_axes(box)
    axes.imshow(image, interpolation="lanczos")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return axes


def _draw_landmarks(
    figure: "Figure", landmarks: NDArray[np.float32], size: int, box: tuple[float, float, float, float]
) -> None:
    import torch

    points = denormalise_landmarks(torch.from_numpy(landmarks), size).numpy()
    axes = figure.add_axes(box)
    for contour in OPEN_CONTOURS:
        axes.plot(*points[contour].T, color=INK, linewidth=1)
    for contour in CLOSED_CONTOURS:
        axes.plot(*np.concatenate([points[contour], points[contour][:1]]).T, color=INK, linewidth=1)
    axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_color("#cccccc")
