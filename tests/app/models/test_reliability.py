import numpy as np
import pytest

from geofer.app.models.reliability import Reliability
from geofer.metrics import RecognitionReport

TABLE = Reliability((-20.0, 0.0, 20.0), (-10.0, 10.0), ((0.25, 0.75),), ((4, 8),))


@pytest.mark.parametrize(
    ("yaw", "pitch", "accuracy"),
    [(-20, 0, 0.25), (-0.1, 0, 0.25), (0, 0, 0.75), (19.9, -10, 0.75), (20, 0, None), (0, 10, None), (np.nan, 0, None)],
)
def test_a_pose_finds_its_cell(yaw, pitch, accuracy):
    assert TABLE.at(yaw, pitch) == accuracy


def test_a_report_gives_a_cell_around_each_pose():
    poses = np.array([(-15, 0), (15, 0), (0, 15), (np.nan, np.nan)])
    correct, total = np.array([(1, 1), (4, 2), (0, 1), (9, 9)]), np.array([(2, 2), (4, 4), (1, 1), (9, 9)])
    report = RecognitionReport(("a", "b"), poses, correct, total, np.eye(2, dtype=int), 0.1, 0.2, 0.3, 5)
    table = Reliability.from_report(report)
    assert table == Reliability(
        (-22.5, -7.5, 7.5, 22.5), (-7.5, 7.5, 22.5), ((0.5, None, 0.75), (None, 0.5, None)), ((4, 0, 8), (0, 2, 0))
    )
    assert table.at(16, 3) == 0.75


def test_a_report_without_poses_gives_none():
    report = RecognitionReport(
        ("a",), np.full((1, 2), np.nan), np.ones((1, 1), int), np.ones((1, 1), int), np.eye(1, dtype=int), 0, 0, 1, 1
    )
    assert Reliability.from_report(report) is None


@pytest.mark.parametrize("yaws", [(0.0, 0.0, 20.0), (20.0, 0.0, -20.0), (0.0,), (0.0, 1.0)])
def test_edges_that_do_not_fit_are_refused(yaws):
    with pytest.raises(ValueError, match="edges"):
        Reliability(yaws, TABLE.pitches, TABLE.accuracy, TABLE.faces)
