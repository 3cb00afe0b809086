"""Classical baselines on the faces of a data module: views by yaw, and the same report as a network's."""

import numpy as np
import pytest
import yaml

from geofer.study.baselines.classical_rows import YAW_STEP, classical, measure, trained_yaws, views_of
from geofer.study.running import StudyRun
from geofer.study.studies.catalog import STUDIES

SMALL = {
    "model": {"class_path": "geofer.modules.GeometryGuidedFER", "init_args": {}},
    "data": {
        "class_path": "geofer.datamodules.RenderedFaces",
        "init_args": {
            "train_subjects": 3,
            "val_subjects": 1,
            "test_subjects": 1,
            "expressions": ["happiness", "neutral", "surprise"],
            "levels": [4],
            "poses": "multipie",
            "views": 2,
            "image_size": 64,
            "batch_size": 4,
        },
    },
    "trainer": {"max_steps": 1},
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    small = yaml.safe_load(yaml.safe_dump(SMALL))
    small["data"]["init_args"]["root"] = str(tmp_path_factory.mktemp("faces"))
    return small


def test_only_yaws_with_enough_of_every_expression_get_a_view():
    yaw = np.array([0, 1, 2, -3, 30, 31, 29, 28, 45, 45], np.float32)
    expression = np.array([0, 0, 1, 1, 0, 0, 1, 1, 0, 1])
    yaws = trained_yaws(yaw, expression)
    assert yaws.tolist() == [0, 2 * YAW_STEP]
    assert views_of(np.array([-90, 7, 14, 16, 45, np.nan], np.float32), yaws).tolist() == [0, 0, 0, 0, 1, 0]


def test_too_few_faces_are_one_view():
    yaws = trained_yaws(np.array([-30, 30], np.float32), np.array([0, 1]))
    assert yaws.tolist() == [0]
    assert set(views_of(np.array([-30, 30], np.float32), yaws)) == {0}


@pytest.mark.parametrize("features", ["lbp", "hog", "landmarks"])
def test_a_baseline_is_tested_on_the_test_faces_of_the_data(settings, features):
    outcome = measure(classical("MvDA", features)(settings), 0)
    report = outcome.report
    assert report.expressions == ("happiness", "neutral", "surprise")
    assert (report.faces, report.subjects) == (3 * 2, 1)
    assert report.confusion.sum() == report.faces
    assert report.confusion.trace() == report.correct.sum()
    assert [group.factor for group in outcome.groups] == ["gender", "age", "ancestry"]  # one person, in one group each
    assert {group.accuracy for group in outcome.groups} == {report.accuracy}


@pytest.mark.parametrize("row", [row for row in STUDIES["classical"].rows if row.measure], ids=lambda row: row.name)
def test_every_baseline_of_the_table_runs_and_leaves_a_result(settings, row, tmp_path):
    run = StudyRun(STUDIES["classical"], settings, tmp_path, command=lambda arguments, environment: 1 / 0)
    made = run.run(row, 0)
    assert run.missing([row], [0]) == []
    assert run.result(row, 0).to_dict() == made.to_dict()
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
