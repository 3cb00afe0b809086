"""``geofer export``, as it is typed."""

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from small_recognizers import EXPRESSIONS, geometry_recognizer, picture_recognizer, reliability
from tiny_generator import classifier_alone

import geofer.app.export.onnx_export
from geofer.app.models.model_file import ModelDescription, load_model, save_model
from geofer.cli import main
from geofer.weight_files import HEADER


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(path, *picture_recognizer(reliability=reliability()))
    return path


def test_checkpoint_to_model_file_and_card(tmp_path, capsys):
    checkpoint = classifier_alone(tmp_path / "best.ckpt")
    output = tmp_path / "out" / "mine.safetensors"
    assert main(["export", str(checkpoint), "--output", str(output), "--crop", "paper", "--card"]) == 0
    network, description = load_model(output)
    assert (description.crop, description.image_size, len(description.expressions)) == ("paper", 64, 7)
    stored = torch.load(checkpoint, weights_only=True)["state_dict"]
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, stored[f"classifier.{name}"], rtol=0, atol=0)
    assert "`paper`" in (tmp_path / "out" / "mine.md").read_text(encoding="utf-8")
    assert "mine.md: its model card" in capsys.readouterr().out


def test_int8_from_a_folder(tmp_path, model, capsys):
    for number in range(6):
        folder = tmp_path / "faces" / EXPRESSIONS[number % 3]
        folder.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")
    output = tmp_path / "model.onnx"
    assert main(["export", str(model), "--output", str(output), "--int8", str(tmp_path / "faces")]) == 0
    told = capsys.readouterr().out
    assert "on 3 faces that did not choose the scales" in told
    assert "Accuracy on them: " in told
    session = onnxruntime.InferenceSession(output, providers=["CPUExecutionProvider"])
    stored = session.get_modelmeta().custom_metadata_map[HEADER]
    assert ModelDescription.from_json(stored).reliability == reliability()


def test_program(tmp_path, model, capsys):
    assert main(["export", str(model), "--output", str(tmp_path / "model.pt2")]) == 0
    assert "differ from PyTorch's by at most" in capsys.readouterr().out
    assert (tmp_path / "model.pt2").stat().st_size > 1000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--output", "model.h5"], "must end in .safetensors, .onnx, .pt2"),
        (["--output", "model.pt2", "--int8", "."], "--int8 is for ONNX"),
        (["--output", "model.onnx", "--crop", "paper"], "a model file knows its own"),
        (["--output", "model.onnx", "--int8", "nowhere"], "nowhere holds no pictures"),
    ],
)
def test_mistakes_are_told(model, options, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(model), *options]) in (1, 2)
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_missing_extra_is_told_before_pictures_are_read(tmp_path, model, capsys, monkeypatch):
    monkeypatch.setattr(geofer.app.export.onnx_export, "find_spec", lambda name: None)
    assert main(["export", str(model), "--output", str(tmp_path / "a.onnx"), "--int8", str(tmp_path)]) == 2
    assert "pip install 'geofer[onnx]'" in capsys.readouterr().err


def test_geometry_has_no_int8(tmp_path, capsys):
    save_model(tmp_path / "model.safetensors", *geometry_recognizer("blendshapes"))
    arguments = [str(tmp_path / "model.safetensors"), "--output", str(tmp_path / "a.onnx"), "--int8", str(tmp_path)]
    assert main(["export", *arguments]) == 2
    assert "recognizers of pictures" in capsys.readouterr().err
