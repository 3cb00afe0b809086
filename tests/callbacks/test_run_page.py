"""The page on finished runs."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from random_faces import RandomFaces, classifier_model, make_trainer

from geofer.callbacks.reports import Reports
from geofer.callbacks.run_page import curves_figure, write_page
from geofer.cli import main
from geofer.errors import DataError
from geofer.metrics.tables import load_report, percent


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "a run"
    model = classifier_model()
    trainer = make_trainer(folder, [Reports()], epochs=1)
    trainer.fit(model, datamodule=RandomFaces())
    trainer.test(model, datamodule=RandomFaces(), verbose=False)
    logs = folder / "logs" / "version_0"
    logs.mkdir(parents=True)
    logs.joinpath("metrics.csv").write_text("epoch,step,train/c_real,val/accuracy\n0,9,1.5,\n0,19,0.5,\n0,20,,0.25\n")
    return folder


def test_the_page_holds_table_curves_and_pictures_of_a_run(run, capsys):
    page = run.parent / "index.html"
    assert main(["report", str(run), "--output", str(page)]) == 0
    assert "index.html" in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    assert f"accuracy {percent(load_report(run).accuracy)}" in text
    assert "validation accuracy in percent" in text
    pictures = re.findall(r'<img src="([^"]+)"', text)
    assert pictures == ["a%20run/test_confusion.png", "a%20run/test_pose_expression.png"]


def test_several_runs_stand_side_by_side_under_names_that_are_no_markup(run, tmp_path):
    other = shutil.copytree(run, tmp_path / "other")
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(other / "test_faces.png")
    write_page(tmp_path / "page.html", {"<script>": run, "other": other})
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "Side by side" in text
    assert '<img src="other/test_faces.png"' in text


@pytest.mark.parametrize(
    "text",
    [
        "step,train/a\nx,1\n",
        "step,train/a\n1,x\n",
        "step,train/a\n1,1,2\n",
        f"step,train/a\n1,{'1' * 200_000}\n",
        f"step,train/a\n{'1' * 5000},1\n",
        "step,train/\udcff\n1,1\n",
    ],
)
def test_a_damaged_log_is_told(run, tmp_path, text):
    run = shutil.copytree(run, tmp_path / "run")
    log = run / "logs" / "version_9" / "metrics.csv"
    log.parent.mkdir(parents=True)
    log.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError, match=r"metrics\.csv is no log of geofer"):
        write_page(run / "page.html", {"a": run})


def test_names_of_a_log_are_neither_formulas_nor_markup_nor_escapes(run, tmp_path):
    run = shutil.copytree(run, tmp_path / "run")
    log = run / "logs" / "version_9" / "metrics.csv"
    log.parent.mkdir(parents=True)
    log.write_text("step,train/$x^{,train/<script>,train/\x1b[2J\n1,1,1,1\n2,2,2,2\n")
    write_page(run / "page.html", {"a": run})
    page = (run / "page.html").read_text()
    assert "\x1b" not in page
    assert "<script>" not in page


def test_a_page_ends_in_html(run, capsys):
    assert main(["report", str(run), "--output", str(run / "page.txt")]) == 2
    assert "ends in .html" in capsys.readouterr().err
    assert not (run / "page.txt").exists()


def test_curves_show_every_loss_and_nothing_is_drawn_of_nothing():
    figure = curves_figure({"train/c_real": [(9, 1.5), (19, 0.5)], "val/accuracy": [(20, 0.25)]})
    losses, accuracy = figure.axes
    np.testing.assert_allclose(losses.lines[0].get_xydata(), [(9, 1.5), (19, 0.5)])
    np.testing.assert_allclose(accuracy.lines[0].get_xydata(), [(20, 25)])
    assert curves_figure({"lr": [(1, 0.1)]}) is None
