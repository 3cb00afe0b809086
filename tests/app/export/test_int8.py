"""Quantized exports, and the loss that they report."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image
from small_recognizers import EXPRESSIONS, geometry_recognizer, picture_recognizer

from geofer.app.export.calibration_faces import read_cropped_faces
from geofer.app.export.int8 import LOSS, export_int8
from geofer.app.models.model_file import ModelDescription
from geofer.errors import ConfigError, DataError
from geofer.faces import normalize_image
from geofer.landmarks.alignment import alignment_for
from geofer.weight_files import HEADER


def test_loss_is_of_the_file_that_was_written(tmp_path):
    network, description = picture_recognizer()
    faces = torch.rand(40, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    labels = torch.arange(40) % 3
    loss = export_int8(tmp_path / "model.onnx", network, description, faces, labels)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    others = faces[1::2]
    found = torch.from_numpy(session.run(["probabilities"], {"image": others.numpy()})[0])
    expected = network(others).softmax(1).detach()
    assert loss.faces == 20
    assert loss.agreement == pytest.approx((found.argmax(1) == expected.argmax(1)).float().mean().item())
    assert loss.largest_difference == pytest.approx((found - expected).abs().max().item(), abs=1e-5)
    assert loss.accuracy == pytest.approx((found.argmax(1) == labels[1::2]).float().mean().item())
    assert loss.accuracy_before == pytest.approx((expected.argmax(1) == labels[1::2]).float().mean().item())
    assert 0 < loss.largest_difference < 0.1
    stored = session.get_modelmeta().custom_metadata_map
    assert json.loads(stored[LOSS])["faces"] == 20
    assert stored[HEADER] == description.to_json()
    weights = onnx.load(tmp_path / "model.onnx").graph.initializer
    convolutions = [entry for entry in weights if len(entry.dims) == 4]
    assert convolutions
    assert all(entry.data_type == onnx.TensorProto.INT8 for entry in convolutions)


@pytest.fixture(scope="module")
def trained(rendered_pictures):
    """A classifier that has learned three expressions of four rendered people, and their faces with labels."""
    shown = ("happiness", "neutral", "surprise")
    chosen = [picture for picture in rendered_pictures if picture.expression in shown]
    crops = [alignment_for("tight", None, face.landmarks, face.pixels.shape, 64).apply(face.pixels) for face in chosen]
    faces = normalize_image(torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2))
    labels = torch.tensor([shown.index(face.expression) for face in chosen])
    architecture = {"backbone": "small_resnet", "hidden": 32, "backbone_arguments": {"widths": [8, 16, 32]}}
    description = ModelDescription("picture", shown, architecture, "tight", 64)
    torch.manual_seed(0)
    network = description.network().train()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(faces), labels).backward()
        optimizer.step()
    return network.eval(), description, faces, labels


def test_a_trained_network_still_recognizes(tmp_path, trained):
    """Chance is a third; networks that were not trained would agree with themselves whatever 8 bits cost."""
    network, description, faces, labels = trained
    loss = export_int8(tmp_path / "int8.onnx", network, description, faces, labels)
    assert loss.faces == len(faces) // 2 == 12
    assert loss.accuracy_before >= 0.9
    assert loss.accuracy >= 0.8
    assert loss.agreement >= 0.9
    assert 0 < loss.largest_difference < 0.3
    session = onnxruntime.InferenceSession(tmp_path / "int8.onnx", providers=["CPUExecutionProvider"])
    found = session.run(["probabilities"], {"image": faces[1::2].numpy()})[0].argmax(1)
    assert (found == labels[1::2].numpy()).mean() == pytest.approx(loss.accuracy)


def test_what_cannot_be_quantized(tmp_path):
    with pytest.raises(ConfigError, match="geometry"):
        export_int8(tmp_path / "model.onnx", *geometry_recognizer("both"), torch.zeros(4, 3, 64, 64))
    with pytest.raises(DataError, match="two faces"):
        export_int8(tmp_path / "model.onnx", *picture_recognizer(), torch.zeros(1, 3, 64, 64))
    assert list(tmp_path.iterdir()) == []


def test_faces_of_a_folder(tmp_path):
    _, description = picture_recognizer()
    for number, name in enumerate(EXPRESSIONS):
        (tmp_path / name).mkdir()
        Image.fromarray(np.full((32, 32, 3), 100 * number, np.uint8)).save(tmp_path / name / "face.png")
    faces, labels = read_cropped_faces(tmp_path, description)
    assert faces.shape == (3, 3, 64, 64)
    torch.testing.assert_close(faces[:, 0, 32, 32], torch.tensor([0.0, 100.0, 200.0]) / 127.5 - 1)
    assert labels.tolist() == [0, 1, 2]
    (tmp_path / "anger").rename(tmp_path / "people")
    assert read_cropped_faces(tmp_path, description)[1] is None
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no pictures"):
        read_cropped_faces(tmp_path / "empty", description)
