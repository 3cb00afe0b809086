"""``classifier.geometry`` from the command line: trained, tested, exported and asked, in one epoch on a few faces."""

import json
from pathlib import Path

import pytest

from geofer.cli import main

CONFIGS = Path(__file__).parents[2] / "configs"
SMALL = {
    "data": {"train_subjects": 2, "val_subjects": 1, "test_subjects": 1, "views": 2, "batch_size": 8},
    "trainer": {"max_epochs": 1, "check_val_every_n_epoch": 1},
}


@pytest.fixture
def workplace(geofer_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEOFER_CACHE", str(geofer_cache))
    return tmp_path


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
    run = workplace / "run"
    small = [f"--{part}.{key}={value}" for part, settings in SMALL.items() for key, value in settings.items()]
    settings = [*small, f"--model.classifier.geometry={geometry}", f"--trainer.default_root_dir={run}"]
    assert main(["fit", "--config", str(CONFIGS / f"{config}.yaml"), *settings]) == 0
    assert main(["test", "--config", str(run / "config.yaml")]) == 0
    assert json.loads(run.joinpath("test_metrics.json").read_text())["faces"] == 7 * 2
    assert main(["export", str(run), "--output", "model.pt2", "--card"]) == 0
    inputs = ["image"] if geometry == "none" else ["image", geometry]
    card = workplace.joinpath("model.md").read_text(encoding="utf-8")
    assert [name for name in ("image", "landmarks", "blendshapes") if f"`{name}` `(B, " in card] == inputs


def test_another_word_is_one_message(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--config", str(CONFIGS / "quickstart-classifier.yaml"), "--model.classifier.geometry=landmark"]
    assert main(["fit", *arguments]) == 2
    error = capsys.readouterr().err
    assert "geometry" in error
    assert "Traceback" not in error
