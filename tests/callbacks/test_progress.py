"""What a run says: a bar in a terminal, few lines in a log, and a summary at the end."""

import numpy as np
import pytest
import rich
import torch
from random_faces import EXPRESSIONS, RandomFaces, classifier_model, full_model, make_trainer

from geofer.callbacks import progress
from geofer.callbacks.predictions import PredictionTable
from geofer.callbacks.progress import Progress, progress_line
from geofer.callbacks.reports import Reports
from geofer.callbacks.summary import Summary, run_files
from geofer.metrics.tables import percent


@pytest.fixture(autouse=True)
def console(monkeypatch):
    """A console of known width, whatever runs the tests; the one before comes back afterwards."""
    monkeypatch.setenv("COLUMNS", "150")
    before = rich.get_console().__dict__
    rich.reconfigure()
    yield
    rich.get_console().__dict__ = before


def fit(tmp_path, model, callbacks, epochs=3):
    trainer = make_trainer(tmp_path, callbacks, epochs=epochs, enable_progress_bar=True)
    trainer.fit(model, datamodule=RandomFaces())
    return trainer


def test_a_line_holds_the_short_names():
    line = progress_line(3, 240, 65.4, {"rec": 0.21345, "d_i": 0.5, "val": "61.3%"})
    assert line == "epoch 3 · step 240 · 1:05 · rec 0.213 · d_i 0.500 · val 61.3%"


def test_a_log_gets_one_line_for_a_short_fit(tmp_path, capsys):
    model = full_model()
    fit(tmp_path, model, [Progress()])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]
    assert line.startswith("epoch 3 · step 12 · 0:")
    for name in ("rec", "geo", "tv", "d_att", "d_i", "adv", "prior", "cls", "c_real", "c_fake"):
        assert f" · {name} " in line
    assert line.endswith(f"val {100 * model.reports['val'].accuracy:.1f}%")


def test_a_log_of_a_long_fit_gets_a_line_every_so_often(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    fit(tmp_path, classifier_model(), [Progress()], epochs=2)
    lines = [line.split(" · ") for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]
    assert [line[1] for line in lines] == [*(f"step {step}" for step in range(1, 9)), "step 8"]
    assert all(line[3].startswith("c_real ") for line in lines)
    assert [len(line) for line in lines] == [4] * 4 + [5] * 5, "no accuracy before the first validation"


def test_one_of_several_runs_prints_lines_with_its_name_at_a_terminal_too(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("GEOFER_RUN_OF_SEVERAL", "full-12")
    rich.reconfigure()
    fit(tmp_path, classifier_model(), [Progress()])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "epoch" in line.lower()]
    assert line.startswith("full-12 · epoch 3 · step 12 · 0:")


def test_a_terminal_gets_a_bar_with_short_names(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    rich.reconfigure()
    fit(tmp_path, classifier_model(), [Progress()])
    out = capsys.readouterr().out
    assert "Epoch 2/2" in out
    assert "c_real:" in out
    assert "train/c_real" not in out
    assert "val:" in out
    assert "epoch 3 ·" not in out


def test_summary_shows_the_report_and_the_files(tmp_path, capsys):
    model = classifier_model()
    trainer = fit(tmp_path, model, [Reports(), Summary()], epochs=1)
    out = capsys.readouterr().out
    assert "Best validation" in out
    assert ("Every face was taken for" in out) == (model.reports["val"].only_answer is not None)
    assert percent(model.reports["val"].corner) in out
    trainer.test(model, datamodule=RandomFaces(), verbose=False)
    out = capsys.readouterr().out
    report = model.reports["test"]
    assert f"accuracy {percent(report.accuracy)} [{percent(report.accuracy_low)}, " in out
    assert "95 % over 2 subjects" in " ".join(out.split())
    for mean in np.append(report.pose_means, report.corner):
        assert percent(mean) in out
    assert str(tmp_path) in out
    for name in ("test_metrics.json", "test_pose_expression.csv", "test_confusion.png", "val_confusion.png"):
        assert f"  {name}" in out.splitlines()


def test_summary_says_that_every_face_got_one_answer(tmp_path, capsys):
    model = classifier_model()
    last = model.classifier.head[-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    last.bias.data[1] = 1.0
    make_trainer(tmp_path, [Reports(), Summary()]).test(model, datamodule=RandomFaces(), verbose=False)
    out = capsys.readouterr().out
    assert f"Every face was taken for {EXPRESSIONS[1]}: nothing was learned." in out
    assert "--model.classifier.normalize true" in out


def test_summary_says_where_the_predictions_are(tmp_path, capsys):
    trainer = make_trainer(tmp_path, [PredictionTable(), Summary()])
    trainer.predict(classifier_model(), datamodule=RandomFaces(), return_predictions=False)
    assert f"The predictions: {tmp_path / 'predictions.csv'}" in capsys.readouterr().out.splitlines()
    assert tmp_path.joinpath("predictions.csv").read_text().count("\n") > 1


def test_files_of_loggers_and_temporaries_are_not_listed(tmp_path):
    for name in ("config.yaml", "checkpoints/best.ckpt", "wandb/run/x.json", "test.png.abc.part", "logs/metrics.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    listed = [str(path) for path in run_files(tmp_path)]
    assert listed == ["checkpoints/best.ckpt", "config.yaml", "logs/metrics.csv"]
