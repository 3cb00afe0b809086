"""Every data set's example configuration trains on a small folder of the set's own grammar, as its user would."""

import re
from pathlib import Path

import pytest
import yaml
from data_set_trees import DATA_SETS, Planted

from geofer.cli import main

CONFIGS = Path(__file__).parents[2] / "configs" / "data"
SMALL = {
    "model.classifier.backbone_arguments": "{widths: [16, 32]}",
    "data.batch_size": "4",
    "data.preparation.workers": "1",
    "trainer.max_epochs": "1",
    "trainer.limit_train_batches": "2",
    "trainer.accelerator": "cpu",
}


def test_every_configuration_of_one_data_set_is_trained_on_here() -> None:
    configs = {path.stem: yaml.safe_load(path.read_text()) for path in CONFIGS.glob("*.yaml")}
    of_one = {name for name, config in configs.items() if "root" in config["data"]["init_args"]}
    assert {planted.config for planted in DATA_SETS.values()} == of_one


@pytest.mark.filterwarnings("ignore:.* under .* there are")  # the sets are larger than these
@pytest.mark.parametrize("planted", DATA_SETS.values(), ids=DATA_SETS)
def test_fits_one_epoch(planted: Planted, rendered_pictures, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEOFER_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "set"
    root.mkdir()
    faces = planted.plant(root, rendered_pictures)
    config = CONFIGS / f"{planted.config}.yaml"
    experiment = re.search(r"--config experiment/([\w-]+)", config.read_text())[1]  # the one that the file names
    small = SMALL | ({"model.generator.width": "16"} if experiment == "tuned-64" else {})
    names = ["--config", f"experiment/{experiment}", "--config", f"data/{planted.config}"]
    arguments = [*names, *(f"--{name}={value}" for name, value in small.items()), *planted.options]
    assert main(["fit", *arguments, f"--data.root={root}"]) == 0
    name = yaml.safe_load(config.read_text())["data"]["class_path"].rpartition(".")[2]
    output = capsys.readouterr().out
    assert f"{name}: {faces} faces in " in output
    assert f"0 of {faces} pictures were skipped" in output
    assert Path("runs", f"{experiment}-{planted.config}", "checkpoints", "last.ckpt").exists()
