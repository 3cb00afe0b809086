"""``geofer study`` at its smallest on a small folder of every data set, and on every protocol of the paper."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from data_set_trees import DATA_SETS, Planted
from protocol_trees import sfew_1

import geofer.cli.study
from geofer.cli import main
from geofer.study.data import datamodule_of
from geofer.study.studies.catalog import STUDIES

CONFIGS = Path(__file__).parents[2] / "configs" / "data"
IN_SMALL_TREES = pytest.mark.filterwarnings("ignore:.* under .* there are", "ignore::UserWarning")
SIX = {"anger", "disgust", "fear", "happiness", "neutral", "surprise"}
PREPARED_HERE = {"workers": 1}
Study = Callable[..., Path]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Runs rows of a study on some data in this process; gives the study's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEOFER_CACHE", str(tmp_path / "cache"))

    def command(arguments: list[str], environment: dict[str, str], *, fork: bool) -> None:
        assert main(list(arguments)) == 0

    monkeypatch.setattr(geofer.cli.study, "run_command", command)
    monkeypatch.setattr(geofer.cli.study, "unmeasured", lambda *_: [])

    def run(name: str, data: dict, *rows: str) -> Path:
        path = tmp_path / "data.yaml"
        path.write_text(yaml.safe_dump({"data": data}))
        assert main(["study", name, "--budget", "smoke", "--config", str(path), "--rows", *rows]) == 0
        return tmp_path / "studies" / f"{name}-smoke"

    return run


def planted_data(planted: Planted, root: Path, faces) -> dict:
    """The data set's configuration, on a small folder of its grammar."""
    root.mkdir()
    planted.plant(root, faces)
    data = yaml.safe_load((CONFIGS / f"{planted.config}.yaml").read_text())["data"]
    given = dict(option.removeprefix("--data.").split("=", 1) for option in planted.options)
    data["init_args"] |= {name: yaml.safe_load(value) for name, value in given.items()} | {"root": str(root)}
    data["init_args"]["preparation"] = {**data["init_args"].get("preparation", {}), **PREPARED_HERE}
    return data


@IN_SMALL_TREES
@pytest.mark.parametrize("planted", DATA_SETS.values(), ids=DATA_SETS)
def test_a_row_runs_on_every_data_set(planted: Planted, rendered_pictures, tmp_path: Path, study: Study) -> None:
    data = planted_data(planted, tmp_path / "set", rendered_pictures)
    batch_size = 7  # the budget's
    if planted.config == "bu3dfe":  # one person is left to train on, who has six faces
        batch_size = data["init_args"]["batch_size"] = 4
    folder = study("fewer-people", data, "alone-50")
    result = json.loads((folder / "results" / "alone-50-0.json").read_text())
    assert result["report"]["subjects"] > 0
    run = folder / "runs" / "alone-50-0"
    folds = sorted(run.glob("fold-*"))
    assert len(folds) == data["init_args"].get("folds", 0)
    kept = yaml.safe_load(((folds or [run])[0] / "config.yaml").read_text())["data"]["init_args"]
    assert (kept["image_size"], kept["batch_size"], kept["train_fraction"]) == (64, batch_size, 0.5)
    if folds:  # everybody is tested once, and the faces of all folds are counted together
        assert result["report"]["subjects"] == len({face.subject for face in rendered_pictures})
    held_out = STUDIES["one-shot"].row("disgust-scream").change({"model": {"init_args": {}}, "data": data})
    expressions = set(held_out["data"]["init_args"].get("expressions", ()))
    assert expressions == (set(data["init_args"]["expressions"]) if folds else SIX)
    assert set(datamodule_of(held_out["data"]).expressions) >= set(held_out["model"]["init_args"]["held_out"])


@IN_SMALL_TREES
def test_classical_and_one_shot_rows_of_multi_pie_pool_its_folds(
    rendered_pictures, tmp_path: Path, study: Study
) -> None:
    data = planted_data(DATA_SETS["Multi-PIE"], tmp_path / "set", rendered_pictures)
    people = len({face.subject for face in rendered_pictures})
    for name, row in (("classical", "knn"), ("one-shot", "disgust-scream")):
        folder = study(name, data, row)
        report = json.loads((folder / "results" / f"{row}-0.json").read_text())["report"]
        assert report["subjects"] == people
        assert report["expressions"] == ["neutral", "disgust", "surprise", "smile", "scream", "squint"]
    table = (tmp_path / "studies" / "one-shot-smoke" / "table.md").read_text()
    assert "other faces: paper, Multi-PIE" in table  # four folds, not five


@IN_SMALL_TREES
def test_bu3dfe_to_sfew_compares_mean_recalls(rendered_pictures, tmp_path: Path, study: Study) -> None:
    planted = DATA_SETS["BU-3DFE"]
    source = planted_data(planted, tmp_path / "set", rendered_pictures)
    root = tmp_path / "sfew"
    sfew_1(root, [face for face in rendered_pictures if face.expression in source["init_args"]["expressions"]])
    target = {
        "class_path": "geofer.datamodules.SFEW",
        "init_args": {
            "root": str(root),
            "version": "1.0",
            "expressions": source["init_args"]["expressions"],
            "preparation": {"detector": "retinaface", **PREPARED_HERE},
        },
    }
    both = {"class_path": "geofer.datamodules.CrossDataSet", "init_args": {"source": source, "target": target}}
    folder = study("in-the-wild", both, "no-syn-fi")
    table = (folder / "table.md").read_text()
    assert "| mean recall |" in table
    assert "| Baseline of SFEW's makers | – |" in table
    assert "18.90" in table
    assert "other expressions than all seven" in (folder / "report.md").read_text()
