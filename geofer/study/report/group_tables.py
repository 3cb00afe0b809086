"""How well each row of a study recognizes groups of people, such as the old: one table, a column a group."""

import math
from collections.abc import Mapping, Sequence

from geofer.metrics.groups import GroupAccuracy

Group = tuple[str, float | str]
"""What divides the faces, and which part."""

GAP = "widest gap"


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
