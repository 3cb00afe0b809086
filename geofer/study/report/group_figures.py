"""Accuracy by groups as pictures: curves over what is a number, points beside each other for what has names."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from geofer.metrics.groups import GroupAccuracy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = ("#0b3c5d", "#d9822b", "#328cc1", "#6b8e23", "#8e44ad", "#777777")
MARKERS = "osD^vP"
UNITS = {
    "yaw": "yaw in degrees",
    "pitch": "pitch in degrees",
    "occlusion": "covered part of the picture in percent",
    "resolution": "pixels along each side",
    "light": "exposure in stops",
}


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
