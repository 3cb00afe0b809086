"""Which data the paper's numbers are of, and what a study runs on others."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import yaml

from geofer.cli.study import _settings
from geofer.datamodules.splits import with_fewer_to_train
from geofer.errors import ConfigError
from geofer.study.data import datamodule_of, folds_of
from geofer.study.protocols import BU3DFE, MULTI_PIE, SFEW, protocol_of
from geofer.study.studies.catalog import STUDIES
from geofer.study.studies.curves import fewer_people

CONFIGS = Path(__file__).parents[2] / "configs" / "data"
PAPER = yaml.safe_load(files("geofer.study").joinpath("budgets", "paper.yaml").read_text())
REAL = {"multi-pie": MULTI_PIE, "bu3dfe": BU3DFE, "bu3dfe-to-sfew": SFEW}


def data_of(name):
    return yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())["data"]


@pytest.mark.parametrize(("name", "protocol"), REAL.items(), ids=REAL)
def test_budget_paper_on_the_papers_data_has_the_papers_networks_size_and_length(name, protocol):
    settings = _settings("paper", [CONFIGS / f"{name}.yaml"])
    assert settings["model"] == PAPER["model"]
    assert settings["model"]["init_args"]["classifier"] == {"backbone": "resnet50", "pretrained": True}
    assert "generator" not in settings["model"]["init_args"]  # the defaults are the paper's
    data = datamodule_of(settings["data"])
    assert (data.image_size, data.batch_size) == (224, 36)
    assert protocol_of(settings["data"]) is protocol
    assert settings["trainer"]["max_steps"] == protocol.batches


def test_an_epoch_is_what_the_protocol_has():
    assert [protocol.batches for protocol in (MULTI_PIE, BU3DFE, SFEW)] == [15_300, 42_000, 62_600]
    assert PAPER["trainer"]["max_steps"] == BU3DFE.batches


@pytest.mark.parametrize("data", [PAPER["data"], data_of("rendered-bu3dfe")], ids=["budget paper", "configuration"])
def test_the_twin_of_bu3dfe_has_its_size(data):
    spec = datamodule_of(data).spec
    assert spec.subjects * len(spec.expressions) * 35 == 21_000
    assert (spec.poses, spec.views, spec.levels) == ("bu3dfe", None, (4,))
    assert set(spec.expressions) == set(BU3DFE.expressions)
    split = datamodule_of(data)._split_of
    assert {name: int((split == name).sum()) for name in ("train", "val", "test")} == {
        "train": 72, "val": 8, "test": 20,
    }  # fmt: skip


def test_the_twin_of_multi_pie_has_its_size_and_five_folds():
    data = data_of("rendered-multi-pie")
    spec = datamodule_of(data).spec
    assert spec.subjects * len(spec.expressions) * 5 == 7_650
    assert (spec.poses, folds_of(data)) == ("multipie", 5)
    split = datamodule_of(data)._split_of
    assert (split == "test").sum() == 51


@pytest.mark.parametrize(
    ("name", "changes", "difference"),
    [
        ("multi-pie", {"folds": None}, "folds None, not 5"),
        ("multi-pie", {"cameras": ["05_1"]}, "cameras"),
        ("bu3dfe", {"expressions": ["anger", "neutral"]}, "expressions anger, neutral, not"),
        ("bu3dfe", {"folds": 5}, "5 folds, not one test"),
        ("bu3dfe", {"levels": [1, 4]}, "levels"),
        ("kdef", {}, "KDEF in place of"),
        ("rendered-bu3dfe", {}, "RenderedFaces in place of BU-3DFE"),
    ],
)
def test_what_differs_from_the_paper_is_named(name, changes, difference):
    data = data_of(name)
    data["init_args"] |= changes
    assert protocol_of(data) is None
    protocol = REAL.get(name, BU3DFE)
    assert difference in "; ".join(protocol.differences(data))


def test_other_data_keep_the_picture_size_and_batch_size_of_a_budget():
    for name in (path.stem for path in CONFIGS.glob("*.yaml")):
        settings = _settings("cpu", [CONFIGS / f"{name}.yaml"])
        data = datamodule_of(settings["data"])
        assert (data.image_size, data.batch_size) == (64, 32), name
        assert settings["trainer"]["max_steps"] == 1260


def test_fewer_people_are_taken_from_whatever_is_trained_on():
    half = fewer_people(0.5)
    kdef = half({"data": data_of("kdef")})["data"]
    assert kdef["init_args"]["train_fraction"] == 0.5
    across = half({"data": data_of("bu3dfe-to-sfew")})["data"]["init_args"]
    assert across["source"]["init_args"]["train_fraction"] == 0.5
    assert "train_fraction" not in across["target"]["init_args"]
    assert half({"data": data_of("rendered-bu3dfe")})["data"]["init_args"]["train_subjects"] == 36
    with pytest.raises(ConfigError, match=r"leave data\.folds out"):
        half({"data": data_of("rendered-multi-pie")})


def test_a_larger_share_of_the_training_people_holds_those_of_a_smaller_one():
    people = np.repeat(np.array([f"p{number}" for number in range(12)], object), 3)
    split = np.repeat(["train"] * 9 + ["val", "test", "test"], 3)
    kept = [with_fewer_to_train(split, people, share, seed=4) for share in (0.2, 0.5, 1.0)]
    trained = [set(people[part == "train"]) for part in kept]
    assert [len(names) for names in trained] == [2, 4, 9]
    assert trained[0] < trained[1] < trained[2]
    for part in kept:
        assert (part[split != "train"] == split[split != "train"]).all()
        assert all(len(set(part[people == name])) == 1 for name in set(people))


def test_the_papers_numbers_stand_where_its_tables_have_them():
    table_6 = {row.name: row.paper for row in STUDIES["bu3dfe"].rows}
    assert [table_6[name] for name in ("full", "vgg16", "vgg19", "resnet50", "densenet121")] == [
        81.95, 73.03, 75.11, 77.41, 77.69,
    ]  # fmt: skip
    crafted = {row.paper for row in STUDIES["bu3dfe"].rows if row.measure} | {q.paper for q in STUDIES["bu3dfe"].quoted}
    assert crafted == {66.0, 71.1, 78.3, 78.9, 80.1, 75.3, 76.34, 76.60, 78.64}
    wild = STUDIES["in-the-wild"]
    assert (wild.score, wild.quoted[0].paper) == ("mean recall", 18.90)
    assert "DS-PLVM" in wild.row("ds-gplvm").title
