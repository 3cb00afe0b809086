"""Accuracy by group against a loop, and its intervals."""

import csv
import io

import numpy as np
import pytest

from geofer.metrics.groups import accuracy_by_group, groups_csv
from geofer.metrics.subjects import subject_bootstrap


@pytest.fixture(scope="module")
def faces():
    rng = np.random.default_rng(0)
    subject = rng.integers(0, 12, 400)
    level = np.array([-15.0, 0.0, 30.0, np.nan])[rng.integers(0, 4, 400)]
    return level, rng.random(400) < 0.7, subject


def test_groups_hold_their_faces_and_people(faces):
    level, correct, subject = faces
    groups = accuracy_by_group("yaw", level, correct, subject)
    assert [group.level for group in groups] == [-15, 0, 30]
    for group in groups:
        inside = level == group.level
        assert group.accuracy == pytest.approx(correct[inside].mean())
        assert (group.faces, group.subjects) == (inside.sum(), len(set(subject[inside])))
        people = np.unique(subject[inside])
        right = np.array([correct[inside & (subject == person)].sum() for person in people])
        total = np.array([(inside & (subject == person)).sum() for person in people])
        assert (group.low, group.high) == subject_bootstrap(right, total)
        assert group.low < group.accuracy < group.high


def test_names_may_be_levels_and_a_table_has_percent(faces):
    _, correct, subject = faces
    groups = accuracy_by_group("gender", np.where(subject % 2, "male", "female"), correct, subject)
    rows = list(csv.DictReader(io.StringIO(groups_csv(groups))))
    assert [(row["factor"], row["level"], row["subjects"]) for row in rows] == [
        ("gender", "female", "6"),
        ("gender", "male", "6"),
    ]
    assert float(rows[1]["accuracy"]) == pytest.approx(100 * correct[subject % 2 == 1].mean(), abs=0.005)
    assert groups_csv(accuracy_by_group("yaw", [-15.0], [True], [0])).splitlines()[1] == "yaw,-15,100.00,,,1,1"
    assert float(rows[1]["low"]) < float(rows[1]["accuracy"]) < float(rows[1]["high"])


def test_no_known_level_gives_no_groups(faces):
    _, correct, subject = faces
    assert accuracy_by_group("yaw", np.full(400, np.nan), correct, subject) == ()
