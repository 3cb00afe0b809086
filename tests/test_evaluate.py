"""`geofer evaluate`: a checkpoint alone is enough to test it on other data."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml
from cartoon_faces import EXPRESSIONS, CartoonFaces
from tiny_generator import full_method

from geofer.app.checkpoint_model import from_checkpoint
from geofer.app.model_file import ModelDescription, save_model
from geofer.cli import main
from geofer.faces import normalise_image
from geofer.metrics.tables import load_report
from geofer.modules import GeometryGuidedFER


@pytest.fixture
def checkpoint(tmp_path):
    return full_method(tmp_path / "best.ckpt", 32, EXPRESSIONS)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "data.yaml"
    data = {"class_path": "cartoon_faces.CartoonFaces", "init_args": {"people": 2, "takes": 1}}
    model = {"class_path": "geofer.modules.ExpressionClassifier"}  # of another run; the checkpoint's counts
    trainer = {"accelerator": "cpu", "enable_progress_bar": False, "logger": False}
    path.write_text(yaml.safe_dump({"data": data, "model": model, "trainer": trainer}))
    return path


def evaluate(checkpoint, config, output, *more):
    return main(["evaluate", str(checkpoint), "--config", str(config), "--output", str(output), *more])


def test_the_tables_are_those_of_the_checkpoints_answers(tmp_path, checkpoint, config):
    assert evaluate(checkpoint, config, tmp_path / "out") == 0
    faces = CartoonFaces(people=2, takes=1)
    faces.setup()
    shown = faces.faces("test")
    model = GeometryGuidedFER.load_from_checkpoint(checkpoint).eval()
    with torch.no_grad():
        answers = model(normalise_image(shown.images(np.arange(len(shown))))).argmax(1).numpy()
    assert load_report(tmp_path / "out").accuracy == pytest.approx((answers == shown.table.expression).mean())
    with (tmp_path / "out" / "test_predictions.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(shown) == 18


def test_a_model_file_is_tested_as_its_checkpoint_is(tmp_path, checkpoint, config, capsys):
    network, description = from_checkpoint(checkpoint)
    save_model(tmp_path / "model.safetensors", network, description)
    for model, output in ((checkpoint, "a"), (tmp_path / "model.safetensors", "b")):
        assert evaluate(model, config, tmp_path / output) == 0
    first, second = ((tmp_path / name / "test_predictions.csv").read_text() for name in "ab")
    assert first == second
    save_model(tmp_path / "other.safetensors", network, replace(description, expressions=EXPRESSIONS[::-1]))
    assert evaluate(tmp_path / "other.safetensors", config, tmp_path / "c") == 1
    assert "classes surprise, sadness, happiness, but this run has" in capsys.readouterr().err
    points = ModelDescription("geometry", EXPRESSIONS, {"inputs": "both"})
    save_model(tmp_path / "points.safetensors", points.network(), points)
    assert evaluate(tmp_path / "points.safetensors", config, tmp_path / "d") == 2
    assert "Recognisers of geometry are not tested" in capsys.readouterr().err


def test_options_of_the_test_are_passed_on(tmp_path, checkpoint, config):
    assert evaluate(checkpoint, config, tmp_path / "out", "--data.takes", "2") == 0
    assert load_report(tmp_path / "out").faces == 36


def test_what_cannot_be_evaluated_is_told(tmp_path, checkpoint, config, capsys):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept").touch()
    assert evaluate(checkpoint, config, tmp_path / "full") == 2
    assert "not empty" in capsys.readouterr().err
    assert evaluate(checkpoint, config, tmp_path / "out", "--data.size", "40") == 1
    assert "image size 32, but this run has 40" in capsys.readouterr().err
    config.write_text("trainer: {}\n")
    assert evaluate(checkpoint, config, tmp_path / "out") == 2
    assert "names no data module" in capsys.readouterr().err
    assert evaluate(tmp_path / "gone.ckpt", config, tmp_path / "out") != 0
    assert main(["evaluate", str(checkpoint)]) == 2


def test_a_checkpoint_chooses_no_code(tmp_path, config, capsys):
    module = torch.nn.Linear(1, 1)
    path = tmp_path / "evil.ckpt"
    torch.save({"state_dict": module.state_dict(), "hyper_parameters": {"_class_path": "os.system"}}, path)
    assert evaluate(path, config, tmp_path / "out") == 1
    assert "os.system, which is no model of geofer" in capsys.readouterr().err
