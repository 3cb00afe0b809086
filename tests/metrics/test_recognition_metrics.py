"""Every number of a report against scikit-learn or a slow loop."""

import json

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn_metrics
from slow_metrics import EXPRESSIONS, answers_in_the_wild, random_answers, slow_calibration_error, slow_table

from geofer.errors import DataError
from geofer.metrics import RecognitionMetrics, RecognitionReport


def report_of(answers, batch_size=64):
    metrics = RecognitionMetrics(EXPRESSIONS)
    for part in torch.arange(len(answers.expression)).split(batch_size):
        metrics.update(*answers.rows(part))
    return metrics.compute()


@pytest.fixture(scope="module")
def answers():
    return random_answers()


@pytest.fixture(scope="module")
def report(answers):
    return report_of(answers)


def test_table_holds_the_accuracy_of_each_pose_and_expression(answers, report):
    expected = slow_table(answers)
    assert [tuple(pose) for pose in report.poses.tolist()] == sorted(expected)
    for row, pose in enumerate(sorted(expected)):
        for label in range(4):
            seen = expected[pose].get(label, [])
            assert report.total[row, label] == len(seen)
            np.testing.assert_equal(report.table[row, label], np.mean(seen) if seen else np.nan)
        assert report.pose_means[row] == pytest.approx(np.mean([np.mean(seen) for seen in expected[pose].values()]))


def test_means_follow_the_papers_convention():
    """Table III's own cells give the averages printed beside and below it, to its last digit."""
    cells = np.array(
        [
            [84.78, 95.74, 100, 82.05, 97.44, 95.45],
            [89.13, 100, 98.41, 87.50, 95.00, 92.42],
            [77.78, 97.92, 98.44, 75.61, 92.68, 95.45],
            [89.13, 89.58, 96.72, 79.49, 92.50, 92.42],
            [89.13, 100, 96.88, 90.00, 100, 91.04],
        ]
    )
    report = RecognitionReport(
        expressions=("DI", "SC", "SM", "SQ", "SU", "NE"),
        poses=np.array([(yaw, 0) for yaw in (-30, -15, 0, 15, 30)]),
        correct=np.round(cells * 100).astype(np.int64),
        total=np.full((5, 6), 10_000),
        confusion=np.eye(6, dtype=np.int64),
        calibration_error=0.0,
        accuracy_low=0.0,
        accuracy_high=1.0,
        subjects=1,
    )
    np.testing.assert_allclose(report.pose_means * 100, [92.58, 93.74, 89.65, 89.97, 94.51], atol=0.0051)
    np.testing.assert_allclose(report.expression_means * 100, [85.99, 96.65, 98.09, 82.93, 95.52, 93.36], atol=0.0051)
    assert report.corner * 100 == pytest.approx(92.09, abs=0.0051)


@pytest.mark.parametrize(
    ("confusion", "answer"),
    [([[0, 3], [0, 2]], "surprise"), ([[1, 2], [0, 2]], None), ([[0, 0], [0, 2]], None), ([[2, 0], [0, 2]], None)],
)
def test_the_only_answer_to_faces_of_several_expressions(confusion, answer):
    confusion = np.array(confusion)
    total, correct = confusion.sum(1)[None], confusion.diagonal()[None]
    poses = np.zeros((1, 2))
    report = RecognitionReport(("happiness", "surprise"), poses, correct, total, confusion, 0.0, 0.0, 1.0, 2)
    assert report.only_answer == answer


def test_empty_cells_are_left_out_of_the_means():
    metrics = RecognitionMetrics(EXPRESSIONS)
    right, wrong = torch.eye(4)[[0]], torch.eye(4)[[3]]
    for probabilities, label, yaw in ((right, 0, 0.0), (wrong, 1, 0.0), (right, 0, 30.0)):
        metrics.update(
            probabilities, torch.tensor([label]), torch.tensor([yaw]), torch.tensor([0.0]), torch.tensor([5])
        )
    report = metrics.compute()
    np.testing.assert_array_equal(report.poses, [[0, 0], [30, 0]])
    np.testing.assert_array_equal(report.table, [[1, 0, np.nan, np.nan], [1, np.nan, np.nan, np.nan]])
    np.testing.assert_array_equal(report.pose_means, [0.5, 1])
    np.testing.assert_array_equal(report.expression_means, [1, 0, np.nan, np.nan])
    assert report.corner == 0.75
    assert report.accuracy == pytest.approx(2 / 3)


def test_poses_beyond_a_profile_count_as_profiles():
    metrics = RecognitionMetrics(EXPRESSIONS)
    angles = torch.tensor([-120.0, 97.5, 89.0])
    metrics.update(torch.eye(4)[[0, 0, 0]], torch.zeros(3, dtype=torch.int64), angles, -angles, torch.arange(3))
    np.testing.assert_array_equal(metrics.compute().poses, [[-90, 90], [90, -90]])


@pytest.mark.parametrize("labels", [(0, 1, 2, 3), (0, 2)], ids=["all expressions", "two never shown"])
def test_scores_equal_scikit_learn(answers, labels):
    shown = torch.isin(answers.expression, torch.tensor(labels)).nonzero().squeeze(1)
    part = type(answers)(*answers.rows(shown))
    truth, prediction = part.expression.numpy(), part.probabilities.argmax(1).numpy()
    report = report_of(part)
    scalars = report.scalars()
    np.testing.assert_array_equal(
        report.confusion, sklearn_metrics.confusion_matrix(truth, prediction, labels=range(4))
    )
    assert scalars["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(truth, prediction))
    assert scalars["macro_f1"] == pytest.approx(sklearn_metrics.f1_score(truth, prediction, average="macro"))
    recalls = sklearn_metrics.recall_score(truth, prediction, average=None, labels=labels)
    assert scalars["balanced_accuracy"] == pytest.approx(recalls.mean())


def test_calibration_error_equals_a_loop_over_bins(answers, report):
    expected = slow_calibration_error(answers.probabilities, answers.expression)
    assert report.calibration_error == pytest.approx(expected, abs=1e-9)
    assert expected > 0.02


def test_a_classifier_that_is_sure_and_wrong_has_calibration_error_one():
    answers = random_answers(20)
    answers.probabilities = torch.eye(4)[(answers.expression + 1) % 4]
    assert report_of(answers).calibration_error == pytest.approx(1)


def test_report_does_not_depend_on_batches_or_order(answers, report):
    shuffled = type(answers)(*answers.rows(torch.randperm(301, generator=torch.Generator().manual_seed(3))))
    other = report_of(shuffled, batch_size=7).to_dict()
    expected = report.to_dict()
    assert other.pop("calibration_error") == pytest.approx(expected.pop("calibration_error"), abs=1e-12)
    assert other == expected


def test_report_survives_json(report):
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    again = RecognitionReport.from_dict(data)
    assert again.to_dict() == report.to_dict()
    np.testing.assert_array_equal(again.table, report.table)
    assert data["accuracy"] == report.accuracy


def test_reset_forgets_and_nothing_to_report_is_an_error(answers):
    metrics = RecognitionMetrics(EXPRESSIONS)
    metrics.update(*answers.rows(slice(None)))
    metrics.compute()
    metrics.reset()
    metrics.update(*answers.rows(slice(0, 10)))
    assert metrics.compute().faces == 10
    metrics.reset()
    with (
        pytest.warns(UserWarning, match="called before"),
        pytest.raises(DataError, match="split that was evaluated is empty"),
    ):
        metrics.compute()


def test_poses_on_no_grid_are_joined_and_unknown_ones_have_rows_of_their_own():
    answers = answers_in_the_wild()
    report = report_of(answers)
    yaw, pitch = (angles.clamp(-90, 90).numpy() for angles in (answers.yaw, answers.pitch))
    assert report.pose_step == 45
    assert report.faces == 900
    for (row_yaw, row_pitch), total in zip(report.poses, report.total.sum(1), strict=True):
        inside = np.ones(900, bool)
        for angles, middle in ((yaw, row_yaw), (pitch, row_pitch)):
            inside &= np.isnan(angles) if np.isnan(middle) else np.abs(angles - middle) < 22.5
            if abs(middle) == 90:
                inside |= np.abs(angles) > 90
        assert total == inside.sum(), (row_yaw, row_pitch)
    assert np.isnan(report.poses[-1]).all()
    assert report.total[-1].sum() == 180
    assert {yaw for yaw, pitch in report.poses if np.isnan(pitch) and not np.isnan(yaw)} <= {-90, -45, 0, 45, 90}
    assert RecognitionReport.from_dict(json.loads(json.dumps(report.to_dict()))).to_dict() == report.to_dict()


def test_few_unknown_poses_leave_the_grid_as_it_is(answers):
    known = report_of(answers)
    some = random_answers()
    some.yaw[:10] = some.pitch[:10] = torch.nan
    report = report_of(some)
    assert report.pose_step == 15
    assert np.isnan(report.poses[-1]).all()
    assert report.total[-1].sum() == 10
    assert report.accuracy == known.accuracy


def test_accuracy_of_the_faces_with_a_tag():
    answers = answers_in_the_wild()
    metrics = RecognitionMetrics(EXPRESSIONS)
    metrics.update(*answers.rows(slice(0, 500)))
    metrics.update(*answers.rows(slice(500, None)))
    report = metrics.compute(("pose>30", "pose>45", "nobody"))
    right = (answers.probabilities.argmax(1) == answers.expression).numpy()
    for subset, limit in zip(report.subsets, (30, 45), strict=True):
        inside = np.abs(answers.yaw.numpy()) > limit
        assert subset == (f"pose>{limit}", right[inside].sum(), inside.sum())
        assert report.scalars()[f"accuracy/pose>{limit}"] == right[inside].mean()
