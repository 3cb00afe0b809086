"""Robustness over several seeds: one curve a factor and row."""

from collections.abc import Sequence
from statistics import mean

from geofer.metrics.groups import GroupAccuracy


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
