"""Accuracy of groups over seeds: faces weigh the same, and only groups of one kind are compared."""

import math

import pytest

from geofer.metrics.groups import GroupAccuracy
from geofer.study.report.cells import cells_as_csv, cells_as_markdown
from geofer.study.report.group_tables import group_lines, pooled_groups, widest_gap


def group(factor, level, correct, faces):
    return GroupAccuracy(factor, level, correct / faces, math.nan, math.nan, faces, 1)


SEEDS = [
    (group("gender", "female", 8, 10), group("gender", "male", 15, 30), group("age", "old", 3, 4)),
    (group("gender", "female", 1, 20), group("age", "adult", 1, 4)),
]


def test_faces_of_all_seeds_weigh_the_same():
    groups = pooled_groups(SEEDS)
    assert groups["gender", "female"] == pytest.approx(100 * 9 / 30)
    assert groups["gender", "male"] == pytest.approx(50)


def test_a_gap_is_between_groups_of_one_kind():
    assert widest_gap(pooled_groups(SEEDS)) == pytest.approx(75 - 25)
    assert math.isnan(widest_gap(pooled_groups(SEEDS[1:])))


def test_a_group_that_a_row_has_not_is_a_dash():
    lines = group_lines({"both": pooled_groups(SEEDS), "one": pooled_groups(SEEDS[1:])})
    assert lines[0] == ["row", "gender: female", "gender: male", "age: old", "age: adult", "widest gap"]
    assert lines[2] == ["one", "5.00", "–", "–", "25.00", "–"]
    assert cells_as_csv(lines).splitlines()[1] == "both,30.00,50.00,75.00,25.00,50.00"
    assert cells_as_markdown(lines).splitlines()[2] == "| both | 30.00 | 50.00 | 75.00 | 25.00 | 50.00 |"
