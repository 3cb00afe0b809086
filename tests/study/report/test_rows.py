"""Tables of the rows: seeds counted together face by face, pictures that are drawn once, and accuracy by expression."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import recall_score

from geofer.metrics.recognition import RecognitionMetrics
from geofer.metrics.report import RecognitionReport
from geofer.study.report.rows import confusion_csv, confusion_markdown, expression_lines, pooled, write_row_tables

EXPRESSIONS = ("anger", "neutral", "surprise")


def some_faces(seed, count=200):
    """Random answers on random faces, some of unknown pose, as `RecognitionMetrics` takes them."""
    draw = np.random.default_rng(seed)
    yaw = draw.choice([-30, 0, 15 * seed, math.nan], count)
    return {
        "probabilities": torch.from_numpy(draw.dirichlet(np.ones(3), count)),
        "expression": torch.from_numpy(draw.integers(0, 3, count)),
        "yaw": torch.from_numpy(yaw.astype(np.float32)),
        "pitch": torch.from_numpy(np.where(np.isnan(yaw), np.nan, draw.choice([0, 15], count)).astype(np.float32)),
        "subject": torch.from_numpy(draw.integers(0, 5, count)),
        "tags": torch.from_numpy(draw.integers(0, 2, count)),
    }


def measured(*parts):
    metrics = RecognitionMetrics(EXPRESSIONS)
    for part in parts:
        metrics.update(**part)
    return metrics.compute(("turned",))


def test_seeds_are_counted_together_as_if_they_were_one_test():
    parts = [some_faces(seed) for seed in (1, 2, 3)]
    together, one = measured(*parts), pooled([measured(part) for part in parts])
    np.testing.assert_array_equal(one.poses, together.poses)
    for table in ("correct", "total", "confusion"):
        np.testing.assert_array_equal(getattr(one, table), getattr(together, table))
    assert one.subsets == together.subsets
    assert one.accuracy == pytest.approx(np.mean([measured(part).accuracy for part in parts]))
    assert one.accuracy_low < one.accuracy < one.accuracy_high


def test_one_seed_stays_as_it_is():
    report = measured(some_faces(1))
    assert pooled([report]).to_dict() == report.to_dict()


def test_poses_of_a_finer_step_join_those_of_a_coarser_one():
    fine = measured({**some_faces(1), "yaw": torch.full((200,), -15.0), "pitch": torch.full((200,), 30.0)})
    coarse = measured({**some_faces(2), "yaw": torch.zeros(200), "pitch": torch.full((200,), 45.0)})
    one = pooled([fine, type(coarse)(**{**vars(coarse), "pose_step": 45})])
    assert (one.pose_step, one.poses.tolist(), one.faces) == (45, [[0.0, 45.0]], 400)


def test_a_confusion_matrix_counts_faces_and_tells_shares_of_the_true_expression():
    report = measured(some_faces(1))
    header, *lines = confusion_csv(report).splitlines()
    assert header == "true,anger,neutral,surprise"
    counts = np.array([line.split(",")[1:] for line in lines], int)
    np.testing.assert_array_equal(counts, report.confusion)
    shares = f"{100 * counts[1, 1] / counts[1].sum():.2f}"
    assert confusion_markdown(report).splitlines()[3].split(" | ")[2] == shares


def test_pictures_are_drawn_anew_when_numbers_change_and_not_before(tmp_path):
    report = measured(some_faces(1))
    write_row_tables(report, "row", tmp_path)
    made = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert set(made) == {f"{name}.{kind}" for name in ("pose_expression", "confusion") for kind in ("csv", "md", "png")}
    write_row_tables(report, "row", tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == made
    write_row_tables(measured(some_faces(2)), "row", tmp_path)
    assert all(path.stat().st_mtime_ns > made[path.name] for path in tmp_path.iterdir())


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
