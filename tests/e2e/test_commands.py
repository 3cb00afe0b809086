"""Whole commands in processes of their own, on the quickstart's configuration made small."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

CONFIGS = Path(__file__).parents[2] / "configs"
SMALL = {
    "data": {"train_subjects": 2, "val_subjects": 1, "test_subjects": 1, "views": 2, "batch_size": 8},
    "trainer": {"max_epochs": 1, "check_val_every_n_epoch": 1},
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, geofer_cache: Path) -> Path:
    """A folder with a link to the cache and a run of the quickstart, made small, in ``runs/quickstart``."""
    folder = tmp_path_factory.mktemp("workplace")
    folder.joinpath("cache").symlink_to(geofer_cache)
    arguments = [f"--{part}.{key}={value}" for part, settings in SMALL.items() for key, value in settings.items()]
    done = geofer(folder, "fit", "--config", str(CONFIGS / "quickstart.yaml"), *arguments)
    assert done.returncode == 0, done.stderr
    return folder


def geofer(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GEOFER_CACHE": str(folder / "cache")}
    command = [sys.executable, "-m", "geofer", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_fit_test_and_report(workplace: Path) -> None:
    run = workplace / "runs" / "quickstart"
    done = geofer(workplace, "test", "--config", str(run / "config.yaml"))
    assert done.returncode == 0, done.stderr
    pictures = {"confusion.png", "pose_expression.png", "faces.png", "interpolation.png"}
    tables = {"metrics.json", "pose_expression.csv", "predictions.csv"}
    assert {path.name for path in run.glob("test_*")} == {f"test_{name}" for name in pictures | tables}
    assert {path.name for path in run.joinpath("checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    assert "Tip" not in done.stdout + done.stderr
    report = json.loads(run.joinpath("test_metrics.json").read_text())
    with run.joinpath("test_pose_expression.csv").open() as file:
        header = next(csv.reader(file))
    assert header[2:-1] == report["expressions"]
    assert report["faces"] == 7 * 2
    done = geofer(workplace, "report", str(run))
    assert done.returncode == 0, done.stderr
    assert f"{100 * report['accuracy']:.2f}" in done.stdout


@pytest.mark.parametrize("backbone", ["mobilenetv3_small_050", "convnext_atto", "resnet10t"])
@pytest.mark.slow
def test_any_timm_model_in_place_of_the_backbone(backbone: str, workplace: Path) -> None:
    config = str(workplace / "runs" / "quickstart" / "config.yaml")
    changes = ["--model.classifier.backbone", backbone, "--trainer.default_root_dir", backbone]
    done = geofer(workplace, "fit", "--config", config, *changes)
    assert done.returncode == 0, done.stderr
    saved = yaml.safe_load(workplace.joinpath(backbone, "config.yaml").read_text())
    assert saved["model"]["init_args"]["classifier"]["backbone"] == backbone


def test_an_error_has_no_traceback_but_with_debug(workplace: Path) -> None:
    done = geofer(workplace, "fit", "--config", "missing.yaml")
    assert done.returncode == 2
    assert "missing.yaml" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in geofer(workplace, "fit", "--config", "missing.yaml", "--debug").stderr
