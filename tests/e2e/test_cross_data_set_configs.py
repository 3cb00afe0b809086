"""The example configurations that train on one data set and test on another."""

from pathlib import Path

import pytest
import yaml
from protocol_trees import sfew_1

from geofer.cli import main
from geofer.metrics.tables import load_report

SMALL = {
    "model.classifier.backbone_arguments": "{widths: [16, 32]}",
    "model.generator.width": "16",
    "data.source.batch_size": "4",
    "data.target.preparation.workers": "1",
    "trainer.max_epochs": "1",
    "trainer.limit_train_batches": "2",
    "trainer.accelerator": "cpu",
}
PEOPLE = {"train_subjects": 1, "val_subjects": 1, "views": 1, "render_workers": 1}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* under .* there are")
@pytest.mark.filterwarnings("ignore:SFEW does not say whom")
def test_rendered_faces_to_sfew(rendered_pictures, geofer_cache, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEOFER_CACHE", str(geofer_cache))
    faces = sfew_1(tmp_path / "SFEW", rendered_pictures)
    small = SMALL | {f"data.source.{name}": str(value) for name, value in PEOPLE.items()}
    arguments = ["--config", "experiment/tuned-64", "--config", "data/rendered-to-sfew"]
    arguments += [f"--{name}={value}" for name, value in small.items()]
    for command in ("fit", "test"):
        assert main([command, *arguments, "--data.target.root=SFEW"]) == 0
    run = Path("runs", "tuned-64-rendered-to-sfew")
    saved = yaml.safe_load(run.joinpath("config.yaml").read_text())
    assert saved["data"]["init_args"]["target"]["class_path"] == "geofer.datamodules.SFEW"
    report = load_report(run)
    assert report.faces == faces
    recalls = report.confusion.diagonal() / report.confusion.sum(axis=1)
    assert report.scalars()["balanced_accuracy"] == pytest.approx(recalls.mean())
    assert load_report(run, "val").faces == 7
