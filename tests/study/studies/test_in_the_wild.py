"""Training on one data set and testing on another: who is trained and tested on."""

from importlib.resources import files

import numpy as np
import pytest
import yaml

from geofer.datamodules import CrossDataSet
from geofer.errors import ConfigError
from geofer.study.data import OTHER_PEOPLE, datamodule_of, seeded
from geofer.study.studies.in_the_wild import IN_THE_WILD, across


@pytest.fixture
def settings(tmp_path):
    smoke = yaml.safe_load(files("geofer.study").joinpath("budgets", "smoke.yaml").read_text())
    smoke["data"]["init_args"] |= {
        "train_subjects": 1, "val_subjects": 1, "test_subjects": 1, "views": 1, "expressions": ["anger", "neutral"],
        "image_size": 64, "root": str(tmp_path), "render_workers": 1,
    }  # fmt: skip
    return smoke


def test_the_twin_tests_on_other_people_who_look_different(settings):
    for row in IN_THE_WILD.rows:
        assert row.change(settings)["data"] == across(settings)["data"]
    data = datamodule_of(seeded(across(settings)["data"], 4))
    assert isinstance(data, CrossDataSet)
    assert (data.seed, data.source.spec.seed, data.target.spec.seed) == (4, 4, 4 + OTHER_PEOPLE)
    assert (data.target.spec.camera, data.target.spec.scene, data.target.spec.poses) == (True, "picture", "continuous")
    assert (data.source.spec.camera, data.source.spec.levels, data.target.spec.levels) == (False, (4,), (3,))
    data.prepare_data()
    data.setup()
    assert {split: len(data.subjects(split)) for split in ("train", "val", "test")} == {"train": 1, "val": 1, "test": 1}
    faces = data.faces("test")
    assert len(faces) == 2
    assert not np.isin(np.abs(faces.table.yaw[:]), (0, 15, 30, 45)).any()  # from anywhere


def test_two_data_sets_that_are_named_stay_and_one_that_is_not_rendered_is_refused(settings):
    two = {
        "class_path": "geofer.datamodules.CrossDataSet",
        "init_args": {"source": settings["data"], "target": {"class_path": "geofer.datamodules.SFEW", "init_args": {}}},
    }
    assert across({**settings, "data": two})["data"] == two
    assert seeded(two, 3)["init_args"]["source"]["init_args"]["seed"] == 3
    assert seeded(two, 3)["init_args"]["target"] == two["init_args"]["target"]
    with pytest.raises(ConfigError, match="KDEF is one"):
        across({**settings, "data": {"class_path": "geofer.datamodules.KDEF", "init_args": {"root": "x"}}})
