"""A report as pictures: the pose × expression table, and the confusion matrix as in Fig. 4 of the paper."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geofer.metrics.report import RecognitionReport
from geofer.metrics.tables import AVERAGE, accuracy_rows, pose_header

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = "YlGnBu"  # light to dark in one direction: readable without color vision, and in print
CELL = 0.72, 0.36  # inches


def pixels(figure: "Figure") -> NDArray[np.uint8]:
    """The figure as ``(H, W, 3)`` uint8 RGB."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def accuracy_figure(report: RecognitionReport, title: str) -> "Figure":
    """The pose × expression table in percent, every cell colored by its accuracy, the means set apart."""
    from matplotlib.figure import Figure

    rows = accuracy_rows(report)
    cells = 100 * np.array([values for _, values in rows])
    height, width = cells.shape
    figure = Figure(figsize=(1.4 + CELL[0] * width, 1.5 + CELL[1] * height), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    _heat_map(axes, cells)
    axes.axhline(height - 1.5, color="white", linewidth=10)
    axes.axvline(width - 1.5, color="white", linewidth=10)
    axes.set_xticks(range(width), [*report.expressions, AVERAGE], rotation=35, ha="left")
    axes.set_yticks(range(height), [name for name, _ in rows])
    axes.set_ylabel(f"{pose_header(report)} in degrees")
    interval = f"{100 * report.accuracy_low:.1f}–{100 * report.accuracy_high:.1f}"
    axes.set_title(f"{title}: {100 * report.accuracy:.1f} % recognized", loc="left", fontweight="bold")
    axes.set_xlabel(
        f"accuracy in percent; 95 % interval over {report.subjects} subjects: {interval}", loc="left", fontsize=8
    )
    return figure


def confusion_figure(report: RecognitionReport, title: str) -> "Figure":
    """The confusion matrix, each row in percent of the faces that truly show the expression."""
    from matplotlib.figure import Figure

    shown = report.confusion.sum(axis=1, keepdims=True)
    cells = np.where(shown > 0, 100 * report.confusion / np.maximum(shown, 1), np.nan)
    names = report.expressions
    side = 1.8 + CELL[0] * len(names)
    figure = Figure(figsize=(side, side * 0.92), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    _heat_map(axes, cells)
    axes.set_xticks(range(len(names)), names, rotation=35, ha="left")
    axes.set_yticks(range(len(names)), [f"{name} ({count})" for name, count in zip(names, shown[:, 0], strict=True)])
    axes.set_ylabel("true expression (faces)")
    axes.set_title(f"{title}: confusion", loc="left", fontweight="bold")
    axes.set_xlabel("predicted expression; percent of each row", loc="left", fontsize=8)
    return figure


def _heat_map(axes: "Axes", cells: NDArray[np.float64]) -> None:
    """Cells between 0 and 100 with their numbers; NaN stays blank."""
    axes.imshow(cells, cmap=COLORS, vmin=0, vmax=100, aspect="auto")
    for (row, column), value in np.ndenumerate(cells):
        if not np.isnan(value):
            color = "white" if value > 55 else "#222222"
            text = axes.text(column, row, f"{value:.1f}", ha="center", va="center", color=color, fontsize=8)
            text.set_in_layout(False)  # it lies inside, and measuring hundreds of them takes long
    height, width = cells.shape
    axes.set_xticks(np.arange(width + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(height + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0, labelsize=9)
    axes.xaxis.tick_top()
    axes.spines[:].set_visible(False)
