"""The table by expression: shares of each expression's faces."""

import numpy as np
from sklearn.metrics import recall_score

from geofer.metrics.report import RecognitionReport
from geofer.study.report.expression_tables import expression_lines


def report(true, found):
    confusion = np.zeros((3, 3), int)
    np.add.at(confusion, (true, found), 1)
    correct, total = confusion.diagonal()[None], confusion.sum(1)[None]
    return RecognitionReport(("anger", "fear", "joy"), np.zeros((1, 2)), correct, total, confusion, 0.1, 0.2, 0.9, 5)


def test_an_expression_counts_its_own_faces():
    draw = np.random.default_rng(0)
    true, found = draw.integers(0, 3, 300), draw.integers(0, 3, 300)
    headings, line = expression_lines({"some": report(true, found)})
    assert headings == ["row", "anger", "fear", "joy", "mean"]
    recalls = 100 * recall_score(true, found, average=None)
    assert line == ["some", *(f"{value:.2f}" for value in (*recalls, recalls.mean()))]


def test_an_expression_that_nobody_shows_is_a_dash_and_not_in_the_mean():
    _, line = expression_lines({"two": report(np.array([0, 0, 2, 2]), np.array([0, 1, 2, 2]))})
    assert line == ["two", "50.00", "–", "100.00", "75.00"]
