"""``classifier.geometry`` from the command line: trained, tested, exported and asked, in one epoch on a few faces."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFIGS = Path(__file__).parents[2] / "configs"
SMALL = {
    "data": {"train_subjects": 2, "val_subjects": 1, "test_subjects": 1, "views": 2, "batch_size": 8},
    "trainer": {"max_epochs": 1, "check_val_every_n_epoch": 1},
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("witness")


def geofer(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GEOFER_CACHE": str(folder / "cache")}
    command = [sys.executable, "-m", "geofer", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("config", "geometry"),
    [
        ("quickstart-classifier", "landmarks"),
        pytest.param("quickstart-classifier", "blendshapes", marks=pytest.mark.slow),
        pytest.param("quickstart-classifier", "none", marks=pytest.mark.slow),
        pytest.param("quickstart", "blendshapes", marks=pytest.mark.slow),
    ],
)
def test_fit_test_and_export(config: str, geometry: str, workplace: Path) -> None:
    run = workplace / f"{config}-{geometry}"
    small = [f"--{room}.{key}={value}" for room, settings in SMALL.items() for key, value in settings.items()]
    settings = [*small, f"--model.classifier.geometry={geometry}", f"--trainer.default_root_dir={run}"]
    done = geofer(workplace, "fit", "--config", str(CONFIGS / f"{config}.yaml"), *settings)
    assert done.returncode == 0, done.stderr
    done = geofer(workplace, "test", "--config", str(run / "config.yaml"))
    assert done.returncode == 0, done.stderr
    assert json.loads(run.joinpath("test_metrics.json").read_text())["faces"] == 7 * 2
    done = geofer(workplace, "export", str(run), "--output", "model.pt2", "--card")
    assert done.returncode == 0, done.stderr
    inputs = ["image"] if geometry == "none" else ["image", geometry]
    card = workplace.joinpath("model.md").read_text(encoding="utf-8")
    assert [name for name in ("image", "landmarks", "blendshapes") if f"`{name}` `(B, " in card] == inputs


def test_another_word_is_one_message(workplace: Path) -> None:
    arguments = ["--config", str(CONFIGS / "quickstart-classifier.yaml"), "--model.classifier.geometry=landmark"]
    done = geofer(workplace, "fit", *arguments)
    assert done.returncode == 2
    assert "geometry" in done.stderr
    assert "Traceback" not in done.stderr
