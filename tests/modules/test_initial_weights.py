"""Where a training starts: from a bundled model, a model file or a checkpoint, in any module."""

from dataclasses import replace

import pytest
import torch
from cartoon_faces import CartoonFaces
from cartoon_training import CLASSIFIER, adam, make_module, make_trainer
from small_recognizers import WIDTHS, picture_recognizer

from geofer.app.models.checkpoint_conversion import save_checkpoint
from geofer.app.models.model_file import save_model
from geofer.checkpoints import read_checkpoint
from geofer.errors import CheckpointError, ConfigError
from geofer.modules import ClassifierConfig, ExpressionClassifier
from geofer.modules.initial_weights import initialize_from, read_initial_weights

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
