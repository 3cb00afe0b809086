"""The table of a study as a picture: a curve or bars, with the spread over seeds and the paper's numbers."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from geofer.study.design import Study
from geofer.study.report.accuracy_table import Line

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure(study: Study, lines: Sequence[Line]) -> "Figure":
    """A curve where the rows are numbers, else bars; with the spread over seeds, and the paper's numbers."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(6, 4) if study.axis else (6, 1 + 0.35 * len(lines)), layout="constrained", dpi=150)
    axes = drawn.add_subplot()
    spread = [0 if math.isnan(line.spread) else line.spread for line in lines]
    accuracy, paper = [line.accuracy for line in lines], [line.paper for line in lines]
    published = "paper" if any(not math.isnan(number) for number in paper) else None  # None: not in the legend
    if study.axis:
        x = [float(line.title) for line in lines]
        axes.errorbar(x, accuracy, spread, marker="o", capsize=3, label="geofer")
        axes.plot(x, paper, "s--", color="gray", label=published)
        axes.set(xlabel=study.axis, ylabel="test accuracy in %")
    else:
        places = range(len(lines))
        axes.barh(places, accuracy, xerr=spread, label="geofer")
        axes.plot(paper, places, "s", color="black", label=published)
        axes.set_yticks(places, [line.title for line in lines])
        axes.invert_yaxis()
        axes.set(xlabel="test accuracy in %")
    drawn.suptitle(study.title)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)  # above, where it hides nothing
    return drawn
