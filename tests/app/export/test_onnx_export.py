"""What ONNX Runtime makes of an export, beside what PyTorch makes of the network."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from small_recognizers import EXPRESSIONS, geometry_recognizer, picture_recognizer

import geofer.app.export.onnx_export
from geofer.app.export.onnx_export import export_onnx
from geofer.app.models.model_file import ModelDescription
from geofer.errors import CheckpointError, ConfigError
from geofer.weight_files import HEADER


def session_of(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def test_pictures(tmp_path):
    network, description = picture_recognizer(provenance={"data": "none"})
    path = tmp_path / "deep" / "model.onnx"
    assert export_onnx(path, network, description) <= 1e-4
    session = session_of(path)
    assert [entry.name for entry in session.get_inputs()] == ["image"]
    for batch in (1, 3):
        faces = torch.rand(batch, 3, 64, 64) * 2 - 1
        (found,) = session.run(["probabilities"], {"image": faces.numpy()})
        expected = torch.exp(network(faces)).detach().numpy()
        np.testing.assert_allclose(found, expected / expected.sum(1, keepdims=True), atol=1e-5)
    stored = session.get_modelmeta().custom_metadata_map
    assert ModelDescription.from_json(stored[HEADER]) == description
    onnx.checker.check_model(onnx.load(path), full_check=True)
    assert str(geofer.__path__[0]).encode() not in path.read_bytes(), "it tells the folders of this machine"


@pytest.mark.parametrize("inputs", ["blendshapes", pytest.param("both", marks=pytest.mark.slow)])
def test_geometry(tmp_path, inputs):
    network, description = geometry_recognizer(inputs)
    export_onnx(tmp_path / "model.onnx", network, description)
    landmarks, blendshapes = torch.rand(4, 68, 2), torch.rand(4, 52)
    fed = {"landmarks": landmarks.numpy(), "blendshapes": blendshapes.numpy()}
    session = session_of(tmp_path / "model.onnx")
    assert [entry.shape[0] for entry in (*session.get_inputs(), *session.get_outputs())] == ["batch"] * 3
    (found,) = session.run(None, fed)
    assert found.shape == (4, len(EXPRESSIONS))
    np.testing.assert_allclose(found, network(landmarks, blendshapes).softmax(1).detach(), atol=1e-5)


def test_nothing_is_written_that_differs(tmp_path, monkeypatch):
    network, description = picture_recognizer()
    right = geofer.app.export.onnx_export.onnx_runner

    def wrong(model):
        return lambda inputs: right(model)(inputs) + 2e-4

    monkeypatch.setattr(geofer.app.export.onnx_export, "onnx_runner", wrong)
    with pytest.raises(CheckpointError, match="differ by"):
        export_onnx(tmp_path / "model.onnx", network, description)
    assert list(tmp_path.iterdir()) == []


def test_missing_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(geofer.app.export.onnx_export, "find_spec", lambda name: None if name == "onnxscript" else True)
    with pytest.raises(ConfigError, match=r"onnxscript, not installed here: pip install 'geofer\[onnx\]'"):
        export_onnx(tmp_path / "model.onnx", *picture_recognizer())
