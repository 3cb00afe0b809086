"""`geofer evaluate`: a checkpoint alone is enough to test it on other data."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml
from cartoon_blendshapes import ActingCartoons
from cartoon_faces import EXPRESSIONS, CartoonFaces
from picture_trees import write_picture
from tiny_generator import full_method

import geofer
from geofer.app.models.checkpoint_conversion import from_checkpoint
from geofer.app.models.model_file import ModelDescription, save_model
from geofer.cli import main
from geofer.faces import EXPRESSIONS as EMOTIONS
from geofer.faces import normalize_image
from geofer.metrics.tables import load_report
from geofer.modules import GeometryGuidedFER
from geofer.networks.geometry_classifier import upright


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
        answers = model(normalize_image(shown.images(np.arange(len(shown))))).argmax(1).numpy()
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


@pytest.fixture
def acting(config):
    """The same data, whose blendshapes are known."""
    config.write_text(config.read_text().replace("cartoon_faces.CartoonFaces", "cartoon_blendshapes.ActingCartoons"))
    return config


def shown_faces():
    faces = ActingCartoons(people=2, takes=1)
    faces.setup()
    return faces.on_after_batch_transfer(faces.faces("test").batch(np.arange(18), np.random.default_rng(0)), 0)


def predictions(folder):
    with (folder / "test_predictions.csv").open(newline="") as file:
        return torch.tensor([[float(row[name]) for name in EXPRESSIONS] for row in csv.DictReader(file)])


@pytest.mark.parametrize("geometry", ["landmarks", "blendshapes"])
def test_a_fused_recognizer_is_given_pixels_and_geometry(tmp_path, acting, geometry):
    torch.manual_seed(0)
    architecture = {"backbone": "small_resnet", "hidden": 16, "backbone_arguments": {"widths": [4, 8]}}
    fused = ModelDescription("picture", EXPRESSIONS, {**architecture, "geometry": geometry}, "tight", 32)
    network, faces = fused.network().eval(), shown_faces()
    save_model(tmp_path / "fused.safetensors", network, fused)
    assert evaluate(tmp_path / "fused.safetensors", acting, tmp_path / "out") == 0
    known = faces["landmarks" if geometry == "landmarks" else "blendshapes"]
    with torch.no_grad():
        both, pixels = (network(*given).softmax(1) for given in ((faces["image"], known), (faces["image"],)))
    torch.testing.assert_close(predictions(tmp_path / "out"), both, atol=1e-5, rtol=0)
    assert (both - pixels).abs().max() > 1e-2


@pytest.mark.parametrize("inputs", ["landmarks", "blendshapes", "both"])
def test_a_recognizer_of_geometry_is_tested_on_true_geometry(tmp_path, acting, inputs):
    torch.manual_seed(0)
    points = ModelDescription("geometry", EXPRESSIONS, {"inputs": inputs, "hidden": 8})
    network, faces = points.network().eval(), shown_faces()
    save_model(tmp_path / "points.safetensors", network, points)
    assert evaluate(tmp_path / "points.safetensors", acting, tmp_path / "out") == 0
    seen = [faces["blendshapes"]] * (inputs != "landmarks") + [upright(faces["landmarks"])[:, 17:].flatten(1)] * (
        inputs != "blendshapes"
    )
    with torch.no_grad():
        first, second = (network.layers[place] for place in (1, 4))
        by_hand = second(first(torch.cat(seen, dim=1)).relu()).softmax(1)
    torch.testing.assert_close(predictions(tmp_path / "out"), by_hand, atol=1e-5, rtol=0)
    assert (by_hand.argmax(1) == faces["expression"]).float().mean() == pytest.approx(
        load_report(tmp_path / "out").accuracy
    )


def test_a_recognizer_of_geometry_asks_for_it(tmp_path, config, capsys):
    for inputs, code in (("blendshapes", 1), ("both", 1), ("landmarks", 0)):
        points = ModelDescription("geometry", EXPRESSIONS, {"inputs": inputs})
        save_model(tmp_path / f"{inputs}.safetensors", points.network(), points)
        assert evaluate(tmp_path / f"{inputs}.safetensors", config, tmp_path / inputs) == code
        error = capsys.readouterr().err
        assert ("looks at blendshapes, and these faces have none. Rendered faces have" in error) == (code == 1)
    other = replace(points, expressions=EXPRESSIONS[::-1])
    save_model(tmp_path / "other.safetensors", points.network(), other)
    assert evaluate(tmp_path / "other.safetensors", config, tmp_path / "other") == 1
    assert "classes surprise, sadness, happiness, but this run has" in capsys.readouterr().err


def test_a_face_of_unknown_geometry_is_told(tmp_path, acting, capsys, monkeypatch):
    def forgetful(self):
        self.faces_in_memory.table.blendshapes[-18:-15] = np.nan
        return self.faces_in_memory

    monkeypatch.setattr(ActingCartoons, "open_store", forgetful)
    points = ModelDescription("geometry", EXPRESSIONS, {"inputs": "blendshapes"})
    save_model(tmp_path / "points.safetensors", points.network(), points)
    assert evaluate(tmp_path / "points.safetensors", acting, tmp_path / "out") == 1
    assert "geometry alone, which of 3 of 9 faces of a batch is not known" in capsys.readouterr().err


@pytest.fixture
def photographs(tmp_path, rendered_pictures):
    """A tree of class folders, and the configuration of its data."""
    for number, picture in enumerate(rendered_pictures[:14]):
        write_picture(tmp_path / "photos" / picture.expression / f"{number}.png", picture.pixels)
    data = {"class_path": "geofer.datamodules.FaceTable", "init_args": {"root": str(tmp_path / "photos")}}
    trainer = {"accelerator": "cpu", "enable_progress_bar": False, "logger": False}
    path = tmp_path / "photos.yaml"
    path.write_text(yaml.safe_dump({"data": data, "trainer": trainer}))
    return path


@pytest.mark.filterwarnings("ignore:FaceTable does not say whom")
@pytest.mark.parametrize(
    ("name", "options"),
    [("rendered", ()), ("photo", ("--data.preparation.crop", "fer2013"))],
)
def test_the_carried_recognizers_are_measured_on_all_photographs_of_a_folder(tmp_path, photographs, name, options):
    assert evaluate(name, photographs, tmp_path / "out", "--data.all_for_test", "true", *options) == 0
    report, recognizer = load_report(tmp_path / "out"), geofer.load(name)
    files = sorted((tmp_path / "photos").rglob("*.png"))
    answers = [face.expression == file.parent.name for file in files for face in recognizer(file)]
    assert report.faces == len(files) == len(answers) == 14
    assert report.accuracy == pytest.approx(np.mean(answers))


@pytest.mark.filterwarnings("ignore:FaceTable does not say whom")
def test_a_model_is_not_tested_on_all_photographs_of_the_folder_that_it_was_trained_on(tmp_path, photographs, capsys):
    described = ModelDescription("geometry", EMOTIONS, {"inputs": "landmarks"})
    for root, code in (("photos", 1), ("others", 0)):
        trained = {"data_set": "CrossDataSet", "arguments": {"source": {"root": root}}}
        save_model(tmp_path / "points.safetensors", described.network(), replace(described, provenance=trained))
        model, output = tmp_path / "points.safetensors", tmp_path / f"on {root}"
        assert evaluate(model, photographs, output, "--data.all_for_test", "true") == code
        assert ("was trained on faces of a folder photos" in capsys.readouterr().err) == (code == 1)


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
    torch.save({"state_dict": module.state_dict(), "hyper_parameters": {"class_path": "os.system"}}, path)
    assert evaluate(path, config, tmp_path / "out") == 1
    assert "holds 'os.system', which is no model of geofer" in capsys.readouterr().err


@pytest.fixture
def onnx_file(tmp_path, checkpoint):
    """The checkpoint's classifier, with its classes in another order and one more, on gray pictures of 24 pixels."""
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")

    rng = np.random.default_rng(0)
    weight = rng.normal(size=(24 * 24, 4)).astype(np.float32)
    make, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [make.make_node("Flatten", ["x"], ["flat"]), make.make_node("MatMul", ["flat", "w"], ["y"])]
    graph = make.make_graph(
        nodes,
        "faces",
        [make.make_tensor_value_info("x", kind, ["n", 1, 24, 24])],
        [make.make_tensor_value_info("y", kind, ["n", 4])],
        [onnx.numpy_helper.from_array(weight, "w")],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=10)
    onnx.save(model, tmp_path / "other.onnx")
    return tmp_path / "other.onnx", weight


def test_anybodys_onnx_file_is_tested(tmp_path, onnx_file, config):
    path, weight = onnx_file
    more = ("--classes", "surprised,contempt,Happy,sadness", "--mean", "0", "--std", "0.5")
    assert evaluate(path, config, tmp_path / "out", *more) == 0
    faces = CartoonFaces(people=2, takes=1)
    faces.setup()
    shown = faces.faces("test")
    pictures = torch.from_numpy(np.asarray(shown.images(np.arange(len(shown))))).float() / 255
    small = torch.nn.functional.interpolate(pictures, (24, 24), mode="bilinear", antialias=True)
    gray = (small * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1) / 0.5
    told = gray.flatten(1) @ torch.from_numpy(weight)
    answers = told[:, [2, 3, 0]].argmax(1).numpy()  # happiness, sadness, surprise
    assert load_report(tmp_path / "out").accuracy == pytest.approx((answers == shown.table.expression).mean())


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        ("surprise,happiness,sadness", "tells 4 classes apart, and --classes names 3"),
        ("happy,sad,fear,anger", "tells no surprise apart"),
        ("happy,happiness,sad,surprise", "names one twice"),
        (None, "such as --classes angry,happy,calm"),
    ],
)
def test_classes_that_are_not_the_networks_are_refused(tmp_path, onnx_file, config, classes, told, capsys):
    assert evaluate(onnx_file[0], config, tmp_path / "out", *(("--classes", classes) if classes else ())) != 0
    assert told in capsys.readouterr().err


def test_weights_outside_of_the_file_are_not_opened(tmp_path, onnx_file, config, capsys):
    import onnx

    outside = tmp_path / "weights.bin"
    model = onnx.load(onnx_file[0])
    onnx.save(model, tmp_path / "split.onnx", save_as_external_data=True, location=outside.name, size_threshold=0)
    assert outside.stat().st_size == 24 * 24 * 4 * 4
    more = ("--classes", "happy,sad,surprise,contempt")
    assert evaluate(tmp_path / "split.onnx", config, tmp_path / "out", *more) == 1
    assert "keeps 1 of its weights in other files, which are not opened" in capsys.readouterr().err
