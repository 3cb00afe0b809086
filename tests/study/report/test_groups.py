"""Accuracy of groups over seeds: faces weigh the same, and only groups of one kind are compared."""

import math

import pytest

from geofer.callbacks.report_figures import pixels
from geofer.metrics.groups import GroupAccuracy
from geofer.study.report.cells import cells_as_csv, cells_as_markdown
from geofer.study.report.groups import group_lines, groups_figure, pooled_groups, widest_gap


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


def test_figure_shows_each_factor_and_each_model():
    curve = [GroupAccuracy("yaw", float(yaw), 0.8, 0.7, 0.9, 10, 5) for yaw in (-30, 0, 30)]
    people = [GroupAccuracy("gender", name, 0.6, 0.5, 0.7, 10, 5) for name in ("female", "male")]
    figure = groups_figure({"ours": [*curve, *people], "baseline": [*curve, *people]}, "Robustness")
    left, right = figure.axes
    assert [line.get_ydata().tolist() for line in left.lines] == [[80, 80, 80]] * 2
    assert left.get_xlabel() == "yaw in degrees"
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["ours", "baseline"]
    assert [label.get_text() for label in right.get_xticklabels()] == ["female\n(5)", "male\n(5)"]
    first, second = (container.lines[0].get_xdata() for container in right.containers)
    assert (first < second).all()
    assert pixels(figure).std() > 5
