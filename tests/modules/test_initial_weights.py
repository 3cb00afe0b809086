"""Where a training starts: from a bundled model, a model file or a checkpoint, in any module."""

import gc
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from cartoon_faces import CartoonFaces
from cartoon_training import CLASSIFIER, adam, make_module, make_trainer
from small_recognizers import WIDTHS, picture_recognizer

from geofer.app.models.checkpoint_conversion import save_checkpoint
from geofer.app.models.generator_file import GeneratorDescription, save_generator
from geofer.app.models.model_file import save_model
from geofer.checkpoints import read_checkpoint
from geofer.errors import CheckpointError, ConfigError
from geofer.modules import ClassifierConfig, ExpressionClassifier, GeneratorConfig, LossConfig
from geofer.modules.initial_weights import initialize_from, read_initial_weights
from geofer.weight_files import CHECKSUM, HEADER, packed

KNOWN = ("anger", "happiness", "neutral")
SAME = ClassifierConfig("small_resnet", pretrained=False, hidden=16, backbone_arguments={"widths": list(WIDTHS)})


@pytest.fixture
def model_file(tmp_path):
    network, description = picture_recognizer(geometry="blendshapes")
    save_model(tmp_path / "model.safetensors", network, description)
    save_checkpoint(tmp_path / "model.ckpt", network, description)
    return network, tmp_path / "model.safetensors"


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_rows_go_by_the_names_of_the_expressions(model_file, suffix):
    network, path = model_file
    module = ExpressionClassifier(("bored", "neutral", "anger"), 64, SAME)
    fresh = module.classifier.head[-1].weight[0].clone()
    taken = initialize_from(module, module.expressions, read_initial_weights(str(path.with_suffix(suffix))))
    theirs, mine = network.head[-1], module.classifier.head[-1]
    assert torch.equal(mine.weight, torch.stack([fresh, theirs.weight[2], theirs.weight[0]]))
    assert torch.equal(mine.bias[1:], theirs.bias[[2, 0]])
    assert torch.equal(module.classifier.head[0].weight, network.head[0].weight)
    for name, value in module.classifier.backbone.state_dict().items():
        assert torch.equal(value, network.backbone.state_dict()[name]), name
    assert not [name for name in taken if "geometry_branch" in name]  # the module has none


def test_a_branch_that_was_taken_keeps_its_own_standardization(model_file):
    network, path = model_file
    data = CartoonFaces(size=64)
    shown = torch.rand(len(data.faces_in_memory.table), 52).numpy()
    table = replace(data.faces_in_memory.table, blendshapes=shown)
    data.faces_in_memory = replace(data.faces_in_memory, table=table)
    module = ExpressionClassifier(
        data.expressions,
        64,
        replace(SAME, geometry="blendshapes"),
        classifier_optimization=adam(0.0),
        init_from=str(path),
    )
    make_trainer(1, limit_val_batches=0).fit(module, data)
    assert torch.equal(module.classifier.geometry_branch.mean, network.geometry_branch.mean)
    assert module.initial_expressions == ("happiness",)


def test_the_whole_method_takes_the_classifier_alone(tmp_path):
    network, description = picture_recognizer()
    save_model(tmp_path / "model.safetensors", network, description)
    module = make_module(classifier=SAME)
    before = {name: value.clone() for name, value in module.synthesizer.state_dict().items()}
    taken = initialize_from(module, module.expressions, read_initial_weights(str(tmp_path / "model.safetensors")))
    assert {name.split(".")[0] for name in taken} == {"classifier"}
    assert all(torch.equal(value, before[name]) for name, value in module.synthesizer.state_dict().items())


def test_another_network_is_refused_with_its_settings(model_file):
    _, path = model_file
    module = ExpressionClassifier(KNOWN, 64, CLASSIFIER)
    with pytest.raises(ConfigError, match=r"backbone of .* is not that of the configuration.*small_resnet"):
        initialize_from(module, KNOWN, read_initial_weights(str(path)))


def test_what_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="bundled models are photo, rendered"):
        read_initial_weights("photos")
    damaged = tmp_path / "model.safetensors"
    damaged.write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    with pytest.raises(CheckpointError, match="cannot be used"):
        read_initial_weights(str(damaged))


def test_a_checkpoint_names_no_file_to_start_from(model_file, tmp_path):
    """It tells where it came from, and loads without that file."""
    _, path = model_file
    data = CartoonFaces(size=64)
    module = ExpressionClassifier(data.expressions, 64, SAME, classifier_optimization=adam(0.0), init_from=str(path))
    trainer = make_trainer(1, limit_val_batches=0)
    trainer.fit(module, data)
    trainer.save_checkpoint(tmp_path / "run.ckpt")
    path.unlink()
    held = read_checkpoint(tmp_path / "run.ckpt")
    assert "init_from" not in held["hyper_parameters"]
    loaded = ExpressionClassifier.load_from_checkpoint(tmp_path / "run.ckpt")
    assert loaded.init_from is None
    assert loaded.provenance["init_from"] == "model.safetensors"


def test_a_generators_file_starts_the_generator_and_its_average(tmp_path):
    description = GeneratorDescription({"width": 8, "unet": True}, 32)
    network = description.network()
    save_generator(tmp_path / "generator.safetensors", network.half(), description)
    module = make_module(generator=GeneratorConfig(width=8, unet=True))
    taken = initialize_from(module, module.expressions, read_initial_weights(str(tmp_path / "generator.safetensors")))
    assert {name.partition(".")[0] for name in taken} == {"synthesizer", "averaged"}
    for name, value in network.float().state_dict().items():
        assert torch.equal(module.synthesizer.state_dict()[name], value), name
        assert torch.equal(module.averaged.state_dict()[name], value), name
    wide = make_module(generator=GeneratorConfig(width=16, unet=True))
    initial = read_initial_weights(str(tmp_path / "generator.safetensors"))
    with pytest.raises(ConfigError, match=r"averaged\.generator .* is not that of the configuration"):
        initialize_from(wide, wide.expressions, initial)


def test_a_unet_learns_in_the_full_method():
    module = make_module(
        generator=GeneratorConfig(width=8, unet=True),
        losses=LossConfig(mouth_weight=12.0, gradients=0.5, region_weight=4.0),
    )
    before = {name: value.clone() for name, value in module.synthesizer.named_parameters()}
    make_trainer(2, limit_val_batches=0).fit(module, CartoonFaces())
    moved = [name for name, value in module.synthesizer.named_parameters() if not torch.equal(value, before[name])]
    assert len(moved) > 0.9 * len(before)


@pytest.mark.parametrize("kind", ["picture", "generator", "nothing"])
def test_holes_of_a_file_are_not_read(tmp_path, kind):
    """Weights of four gigabytes that are not those of what the file says it is, and take nothing on the disk."""
    _, description = picture_recognizer()
    told = {"picture": description, "generator": GeneratorDescription({"width": 8, "unet": True}, 32)}
    text = told[kind].to_json() if kind in told else json.dumps({"format": 3, "expressions": ["a", "b"]})
    size = 4 << 30
    tensors = {"head.0.weight": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}
    header = json.dumps({"__metadata__": {HEADER: text, CHECKSUM: "0" * 64}, **tensors}).encode()
    with (tmp_path / "x.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + size)
    with pytest.raises(
        CheckpointError, match=r"init_from: .*x\.safetensors cannot be used: (\d+ of its|it has 1 weight|kind is None)"
    ):
        read_initial_weights(str(tmp_path / "x.safetensors"))


def test_weights_are_finite(tmp_path):
    network, description = picture_recognizer()
    with torch.no_grad():
        network.head[0].bias[0] = float("nan")
    file = packed(network.state_dict(), description.to_json())
    (tmp_path / "x.safetensors").write_bytes(file)
    with pytest.raises(CheckpointError, match=r"1 of its weights are NaN or infinite, first head\.0\.bias"):
        read_initial_weights(str(tmp_path / "x.safetensors"))


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells what is mapped")
def test_of_a_checkpoint_only_the_weights_that_are_taken_are_read(model_file):
    _, path = model_file
    held = read_initial_weights(str(path.with_suffix(".ckpt")))
    assert str(path.with_suffix(".ckpt")) in Path("/proc/self/maps").read_text()
    del held
    gc.collect()
    whole = read_checkpoint(path.with_suffix(".ckpt"))
    assert str(path.with_suffix(".ckpt")) not in Path("/proc/self/maps").read_text()
    assert whole["state_dict"]
