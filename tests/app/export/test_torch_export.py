"""Programs of `torch.export`, loaded again."""

import json

import pytest
import torch
from small_recognizers import geometry_recognizer, picture_recognizer

import geofer.app.export.torch_export
from geofer.app.export.exported_program import check_same_probabilities, random_inputs
from geofer.app.export.torch_export import DESCRIPTION, export_torch
from geofer.app.models.model_file import load_model
from geofer.app.models.model_source import named_path
from geofer.errors import CheckpointError


def test_program_runs_without_the_network(tmp_path):
    network, description = picture_recognizer()
    assert export_torch(tmp_path / "model.pt2", network, description) <= 1e-4
    extra = {DESCRIPTION: ""}
    program = torch.export.load(tmp_path / "model.pt2", extra_files=extra).module()
    for batch in (1, 3):
        faces = torch.rand(batch, 3, 64, 64) * 2 - 1
        torch.testing.assert_close(program(faces), network(faces).softmax(1), atol=1e-5, rtol=0)
    assert json.loads(extra[DESCRIPTION])["expressions"] == list(description.expressions)


def test_geometry(tmp_path):
    network, description = geometry_recognizer("both")
    export_torch(tmp_path / "model.pt2", network, description)
    inputs = torch.rand(3, 68, 2), torch.rand(3, 52)
    found = torch.export.load(tmp_path / "model.pt2").module()(*inputs)
    torch.testing.assert_close(found, network(*inputs).softmax(1), atol=1e-5, rtol=0)


def test_nothing_is_written_that_differs(tmp_path, monkeypatch):
    network, description = picture_recognizer()
    exported = geofer.app.export.torch_export.exported_program

    def of_other_weights(network, description):
        return exported(picture_recognizer()[0].apply(_moved), description)

    monkeypatch.setattr(geofer.app.export.torch_export, "exported_program", of_other_weights)
    with pytest.raises(CheckpointError, match="differ by"):
        export_torch(tmp_path / "model.pt2", network, description)
    assert list(tmp_path.iterdir()) == []


def test_sure_networks_are_checked_too():
    network, description = picture_recognizer()
    with torch.no_grad():
        network.head[-1].weight.zero_()
        network.head[-1].bias.copy_(torch.tensor([0.0, 20.0, 0.0]))

    def other_bias(inputs):
        return (network(*inputs) + torch.tensor([1.0, 0.0, 0.0])).softmax(1)

    assert check_same_probabilities(network, description, lambda inputs: network(*inputs).softmax(1)) == 0
    with pytest.raises(CheckpointError, match="logarithms by 1"):
        check_same_probabilities(network, description, other_bias)


def test_geometry_is_checked_where_it_is_not_sure():
    network, description = load_model(named_path("rendered"))
    surest = network(*random_inputs(network, description, 5)).softmax(1).amax(1)
    assert surest.min() < 0.9


def _moved(module):
    if isinstance(module, torch.nn.Linear):
        torch.nn.init.normal_(module.weight, std=1.0)
