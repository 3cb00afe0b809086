"""What a run leaves in its folder: the right numbers, and pictures of them."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning import Callback
from PIL import Image
from random_faces import EXPRESSIONS, RandomFaces, classifier_model, make_trainer

from geofer.callbacks.report_figures import accuracy_figure, confusion_figure, pixels
from geofer.callbacks.reports import Reports
from geofer.metrics import RecognitionReport
from geofer.metrics.tables import load_report


class EveryReport(Callback):
    """Keeps all validations of a fit."""

    def __init__(self):
        self.seen = []

    def on_validation_end(self, trainer, pl_module):
        if not trainer.sanity_checking:
            self.seen.append(pl_module.reports["val"])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    model, reports, every = classifier_model(), Reports(), EveryReport()
    trainer = make_trainer(folder, [reports, every], epochs=6)
    trainer.fit(model, datamodule=RandomFaces())
    trainer.test(model, datamodule=RandomFaces(), verbose=False)
    return folder, model, every.seen, trainer


def test_the_validation_kept_is_the_one_that_chose_the_checkpoint(run):
    folder, _, seen, trainer = run
    accuracies = [report.accuracy for report in seen]
    best = int(np.argmax(accuracies))
    assert len(set(accuracies)) > 1
    assert best < len(seen) - 1, "the last validation must not be the best, or this test shows nothing"
    assert load_report(folder, "val").to_dict() == seen[best].to_dict()
    assert float(trainer.checkpoint_callback.best_model_score) == pytest.approx(accuracies[best])


def test_test_files_hold_the_test_report(run):
    folder, model, _, _ = run
    report = model.reports["test"]
    assert json.loads((folder / "test_metrics.json").read_text()) == report.to_dict()
    with (folder / "test_pose_expression.csv").open() as file:
        head, *rows, averages = csv.reader(file)
    assert head == ["yaw", "pitch", *EXPRESSIONS, "average"]
    assert [[int(yaw), int(pitch)] for yaw, pitch, *_ in rows] == report.poses.tolist()
    np.testing.assert_allclose([[float(cell) for cell in row[2:5]] for row in rows], 100 * report.table, atol=0.005)
    assert float(averages[-1]) == pytest.approx(100 * report.corner, abs=0.005)


@pytest.mark.parametrize("split", ["val", "test"])
def test_pictures_are_whole_and_of_readable_size(run, split):
    folder = run[0]
    for name in ("pose_expression", "confusion"):
        with Image.open(folder / f"{split}_{name}.png") as image:
            image.load()
            assert min(image.size) > 400
    assert not list(folder.glob("*.part"))


def test_the_best_validation_survives_a_checkpoint(run, tmp_path):
    _, _, seen, trainer = run
    saved = torch.load(trainer.checkpoint_callback.best_model_path, weights_only=True)
    state = saved["callbacks"][Reports().state_key]
    resumed = Reports()
    resumed.load_state_dict(state)
    assert resumed.state_dict() == state
    assert RecognitionReport.from_dict(state["report"]).to_dict() in [report.to_dict() for report in seen]


def test_validate_alone_writes_its_report(tmp_path):
    model = classifier_model()
    make_trainer(tmp_path / "new", [Reports()]).validate(model, datamodule=RandomFaces(), verbose=False)
    assert load_report(tmp_path / "new", "val").to_dict() == model.reports["val"].to_dict()
    assert (tmp_path / "new/val_confusion.png").stat().st_size > 10_000


def test_a_trial_run_writes_nothing(tmp_path):
    trainer = make_trainer(tmp_path, [Reports()], fast_dev_run=True)
    trainer.fit(classifier_model(), datamodule=RandomFaces())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("draw", [accuracy_figure, confusion_figure])
def test_figures_show_their_numbers(run, draw):
    """The color in the middle of a cell, beside its number, is that of its share."""
    report = run[1].reports["test"]
    perfect = replace(report, correct=report.total, confusion=np.diag(report.confusion.sum(1)))
    hopeless = replace(report, correct=0 * report.total, confusion=np.roll(perfect.confusion, 1, axis=1))
    dark, light = pixels(draw(perfect, "Test")), pixels(draw(hopeless, "Test"))
    assert dark.shape[2] == 3
    navy = np.array([8, 29, 88])
    near = [(np.abs(image.astype(int) - navy).max(axis=2) < 8).mean() for image in (dark, light)]
    if draw is accuracy_figure:
        assert near[0] > 0.3
        assert near[1] == 0
    else:
        assert near[0] == pytest.approx(near[1], rel=0.1)
        assert (dark != light).any(axis=2).mean() > 0.1
