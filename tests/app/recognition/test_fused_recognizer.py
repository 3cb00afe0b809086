"""A classifier with a geometry branch, taken elsewhere: model file, exports, and at work on pictures."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from small_recognizers import picture_recognizer

from geofer.app.export.int8 import check_can_quantize
from geofer.app.export.onnx_export import export_onnx
from geofer.app.export.torch_export import export_torch
from geofer.app.models.checkpoint_conversion import from_checkpoint
from geofer.app.models.model_card import model_card
from geofer.app.models.model_file import load_model, save_model
from geofer.app.recognition.recognizer import Recognizer
from geofer.cli import main
from geofer.errors import ConfigError
from geofer.landmarks import Faces
from geofer.landmarks.mean_head import MEAN_HEAD

KINDS = ("landmarks", "blendshapes")


def inputs(geometry, count=3):
    """Faces, of which the last one's geometry is not known."""
    generator = torch.Generator().manual_seed(count)
    known = torch.rand(count, *((68, 2) if geometry == "landmarks" else (52,)), generator=generator)
    known[-1] = torch.nan
    return torch.rand(count, 3, 64, 64, generator=generator) * 2 - 1, known


@pytest.mark.parametrize("geometry", KINDS)
def test_model_file(geometry, tmp_path):
    network, description = picture_recognizer(geometry)
    save_model(tmp_path / "model.safetensors", network, description)
    loaded, found = load_model(tmp_path / "model.safetensors")
    assert found == description
    assert found.inputs == ("image", geometry)
    assert torch.equal(loaded(*inputs(geometry)), network(*inputs(geometry)))


@pytest.mark.parametrize("geometry", KINDS)
def test_exports_are_the_network_also_where_the_geometry_is_missing(geometry, tmp_path):
    network, description = picture_recognizer(geometry)
    export_onnx(tmp_path / "model.onnx", network, description)
    export_torch(tmp_path / "model.pt2", network, description)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    assert [entry.name for entry in session.get_inputs()] == ["image", geometry]
    program = torch.export.load(tmp_path / "model.pt2").module()
    for count in (1, 4):
        image, known = inputs(geometry, count)
        expected = network(image, known).softmax(1).detach()
        torch.testing.assert_close(expected[-1:], network(image[-1:]).softmax(1).detach())
        torch.testing.assert_close(program(image, known), expected, atol=1e-5, rtol=0)
        (found,) = session.run(None, {"image": image.numpy(), geometry: known.numpy()})
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_eight_bits_are_for_image_alone():
    with pytest.raises(ConfigError, match=r"pixels alone: this one also takes landmarks.*without --int8"):
        check_can_quantize(picture_recognizer("landmarks")[1])


def test_its_card_says_what_it_looks_at():
    description = picture_recognizer("blendshapes")[1]
    card = model_card(description, "model.onnx")
    assert "cropped by the rule `tight` and MediaPipe's 52 blendshape scores, and gives" in card
    assert "Inputs: `image` `(B, 3, S, S)` and `blendshapes` `(B, 52)`, float32." in card


class OneFace:
    """A detector that always sees the same face."""

    def __init__(self, blendshapes):
        points = np.array(MEAN_HEAD)[None, :, :2] * (0.2, -0.2) + 45
        self.faces = Faces.from_landmarks(points, blendshapes=blendshapes)

    def detect(self, images, names=()):
        return [self.faces for _ in images]


@pytest.mark.parametrize("geometry", KINDS)
def test_a_recognizer_gives_it_what_the_detector_says(geometry):
    network, description = picture_recognizer(geometry)
    picture = np.random.default_rng(1).integers(0, 256, (99, 99, 3), np.uint8)
    detector = OneFace(np.random.default_rng(2).random((1, 52), np.float32))
    recognizer = Recognizer(network, description, detector)
    (face,) = recognizer(picture)
    faces = detector.faces
    crop = recognizer._crop(picture, faces, 0)[None]
    seen = faces.landmarks if geometry == "landmarks" else faces.blendshapes
    expected = network(crop, torch.from_numpy(seen)).softmax(1)[0].tolist()
    assert list(face.probabilities.values()) == pytest.approx(expected, abs=1e-5)
    assert expected != pytest.approx(network(crop).softmax(1)[0].tolist(), abs=1e-3)


def test_with_a_detector_that_tells_no_blendshapes_the_pixels_decide_alone():
    picture = np.random.default_rng(1).integers(0, 256, (99, 99, 3), np.uint8)
    network, description = picture_recognizer("blendshapes")
    recognizer = Recognizer(network, description, detector := OneFace(None))
    (face,) = recognizer(picture)
    crop = recognizer._crop(picture, detector.faces, 0)[None]
    alone = network(crop).softmax(1)[0].tolist()
    assert list(face.probabilities.values()) == pytest.approx(alone, abs=1e-5)
    assert len(Recognizer(*picture_recognizer("landmarks"), OneFace(None))(picture)) == 1


@pytest.mark.parametrize("geometry", KINDS)
def test_a_checkpoint_at_work(geometry, tmp_path, capsys):
    pytest.importorskip("mediapipe")
    data = pytest.importorskip("skimage.data")
    from picture_trees import write_picture
    from tiny_generator import EVERYTHING, write_checkpoint

    from geofer.faces import EXPRESSIONS
    from geofer.modules import ExpressionClassifier

    torch.manual_seed(0)
    module = ExpressionClassifier(EXPRESSIONS, 64, classifier=replace(EVERYTHING["classifier"], geometry=geometry))
    path = write_checkpoint(tmp_path / "best.ckpt", module)
    assert from_checkpoint(path)[1].inputs == ("image", geometry)
    photograph = write_picture(tmp_path / "astronaut.png", data.astronaut())
    assert main(["recognize", str(photograph), "--model", str(path)]) == 0
    assert "astronaut.png face 0: " in capsys.readouterr().out
