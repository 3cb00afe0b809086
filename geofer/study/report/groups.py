"""Accuracy by groups of people, by pose, and on worse pictures: seeds counted together, one table, one figure."""

import math
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import TYPE_CHECKING

import numpy as np

from geofer.metrics.groups import GroupAccuracy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


Group = tuple[str, float | str]
"""What divides the faces, and which part."""

GAP = "widest gap"

COLORS = ("#0b3c5d", "#d9822b", "#328cc1", "#6b8e23", "#8e44ad", "#777777")
MARKERS = "osD^vP"
UNITS = {
    "yaw": "yaw in degrees",
    "pitch": "pitch in degrees",
    "occlusion": "covered part of the picture in percent",
    "resolution": "pixels along each side",
    "light": "exposure in stops",
}


def pooled_groups(seeds: Sequence[Sequence[GroupAccuracy]]) -> dict[Group, float]:
    """Accuracy in percent of each group, the faces of all seeds together."""
    correct: dict[Group, float] = {}
    faces: dict[Group, int] = {}
    for group in (group for groups in seeds for group in groups):
        key = (group.factor, group.level)
        correct[key] = correct.get(key, 0.0) + group.accuracy * group.faces
        faces[key] = faces.get(key, 0) + group.faces
    return {key: 100 * correct[key] / faces[key] for key in faces}


def widest_gap(groups: Mapping[Group, float]) -> float:
    """The largest difference between two groups that one factor divides; NaN if none divides."""
    factors = {factor: [share for (name, _), share in groups.items() if name == factor] for factor, _ in groups}
    return max((max(shares) - min(shares) for shares in factors.values() if len(shares) > 1), default=math.nan)


def group_lines(rows: Mapping[str, Mapping[Group, float]]) -> list[list[str]]:
    """The table's cells, its headings first.

    Args:
        rows: Title of each row, and the accuracy of its groups in percent, see `pooled_groups`.
    """
    groups = list(dict.fromkeys(group for shares in rows.values() for group in shares))
    headings = ["row", *(f"{factor}: {level}" for factor, level in groups), GAP]
    return [headings] + [
        [title, *(_cell(shares.get(group, math.nan)) for group in groups), _cell(widest_gap(shares))]
        for title, shares in rows.items()
    ]


def _cell(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def pooled_curves(seeds: Sequence[Sequence[GroupAccuracy]]) -> list[GroupAccuracy]:
    """Curves of several seeds as one: their faces are counted together, so that shares are means over seeds.

    An interval is the mean of the seeds' intervals, and the people are those of the largest seed.

    Args:
        seeds: The curves of each seed.

    Returns:
        By factor, as the factors first occur, and by level.
    """
    groups: dict[tuple[str, float | str], list[GroupAccuracy]] = {}
    for group in (group for curves in seeds for group in curves):
        groups.setdefault((group.factor, group.level), []).append(group)
    factors = list(dict.fromkeys(factor for factor, _ in groups))
    pooled = [
        GroupAccuracy(
            factor,
            level,
            sum(group.accuracy * group.faces for group in same) / sum(group.faces for group in same),
            mean(group.low for group in same),
            mean(group.high for group in same),
            sum(group.faces for group in same),
            max(group.subjects for group in same),
        )
        for (factor, level), same in groups.items()
    ]
    return sorted(pooled, key=lambda group: (factors.index(group.factor), float(group.level)))


def groups_figure(models: Mapping[str, Sequence[GroupAccuracy]], title: str) -> "Figure":
    """One panel for each factor: accuracy in percent by level, with the 95 % interval over people.

    Args:
        models: Name of each model, and its groups; all with the same factors.
        title: Stands above the panels.
    """
    from matplotlib.figure import Figure

    factors = list(dict.fromkeys(group.factor for groups in models.values() for group in groups))
    figure = Figure(figsize=(3.4 * len(factors), 3.2), dpi=150, layout="constrained")
    panels = figure.subplots(1, len(factors), sharey=True, squeeze=False)[0]
    for axes, factor in zip(panels, factors, strict=True):
        for number, (name, groups) in enumerate(models.items()):
            _draw(axes, [group for group in groups if group.factor == factor], name, number, len(models))
        axes.set_xlabel(UNITS.get(factor, factor), fontsize=9)
        axes.tick_params(labelsize=9)
        axes.grid(axis="y", color="#dddddd")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("accuracy in percent", fontsize=9)
    panels[0].set_ylim(0, 100)
    if len(models) > 1:
        panels[0].legend(fontsize=8, frameon=False)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    return figure


def _draw(axes: "Axes", groups: Sequence[GroupAccuracy], name: str, number: int, models: int) -> None:
    color, marker = COLORS[number % len(COLORS)], MARKERS[number % len(MARKERS)]
    levels = [group.level for group in groups]
    accuracy, low, high = 100 * np.array([(group.accuracy, group.low, group.high) for group in groups]).T
    if any(isinstance(level, str) for level in levels):
        away = 0.6 * ((number + 0.5) / models - 0.5)
        places, bars = np.arange(len(levels)) + away, (accuracy - low, high - accuracy)
        axes.errorbar(places, accuracy, bars, fmt=marker, color=color, capsize=3, label=name)
        axes.set_xticks(range(len(levels)), [f"{group.level}\n({group.subjects})" for group in groups])
        axes.set_xlim(-0.6, len(levels) - 0.4)
    else:
        axes.plot(levels, accuracy, color=color, marker=marker, markersize=4, label=name)
        axes.fill_between(levels, low, high, color=color, alpha=0.15, linewidth=0)
