"""The script behind the recognizer of photographs: its geometry branch, and what is chosen on validation faces."""

import pytest
import torch
from loaded_script import load_script

from geofer.app.models.model_file import ModelDescription, load_model, save_model
from geofer.faces import EXPRESSIONS, normalize_image
from geofer.networks.classifier import Classifier, ClassifierConfig

ARCHITECTURE = {"backbone": "small_resnet", "pretrained": False, "hidden": 8, "backbone_arguments": {"widths": [8]}}


@pytest.fixture(scope="module")
def script():
    return load_script("training/train_photo")


@pytest.fixture
def faces(script):
    """Noise whose expression shows in one blendshape each, but for faces that no detector finds."""
    torch.manual_seed(0)
    expression = torch.arange(280) % 7
    blendshapes = 0.1 * torch.rand(280, 52)
    blendshapes[torch.arange(280), 25 + expression] += 0.5  # none of those that look somewhere
    blendshapes[::20] = torch.nan
    return script.Photographs(
        images=torch.randint(0, 256, (280, 3, 48, 48), dtype=torch.uint8),
        votes=torch.eye(7)[expression],
        expression=expression,
        blendshapes=blendshapes,
        landmarks=torch.rand(280, 68, 2),
        yaw=torch.linspace(-60, 60, 280),
        pitch=torch.zeros(280),
    )


@pytest.fixture
def network(script):
    torch.manual_seed(0)
    plain = Classifier(7, ClassifierConfig(**ARCHITECTURE)).eval()
    description = ModelDescription("picture", EXPRESSIONS, ARCHITECTURE, crop="fer2013", image_size=48)
    return script.with_branch(plain, description)


def test_the_branch_learns_and_the_pixels_stay(script, faces, network, tmp_path):
    joined, description = network
    before = joined(normalize_image(faces.images[:5]))
    script.train_branch(joined, faces, steps=200)
    pixels, branch = script.logits_of(joined, faces)
    assert torch.equal(pixels[:5], before)
    heard = faces.blendshapes.isfinite().all(1)
    assert (branch[~heard] == 0).all()
    assert (branch[heard].argmax(1) == faces.expression[heard]).float().mean() > 0.9
    save_model(tmp_path / "model.safetensors", script.rounded(joined), description)
    stored, read = load_model(tmp_path / "model.safetensors")
    assert read.inputs == ("image", "blendshapes")
    assert next(stored.parameters()).dtype == torch.float32, "float16 is how they are stored, not how they count"


def test_what_is_chosen_is_built_into_the_last_layers(script, faces, network):
    joined, _ = network
    script.train_branch(joined, faces, steps=200)
    pixels, branch = script.logits_of(joined, faces)
    train = script.subset(faces, (faces.expression > 0) | (torch.arange(280) % 4 == 0))
    chosen = script.choose(joined, train, faces)
    assert chosen["branch"] > 0
    log_priors = train.votes.mean(0).log()
    expected = (pixels + chosen["branch"] * branch + chosen["prior"] * log_priors) / chosen["temperature"]
    with torch.inference_mode():
        together = joined(normalize_image(faces.images), faces.blendshapes)
    assert torch.allclose(together, expected, atol=1e-4)


def test_accuracy_is_told_where_there_are_faces_enough(script, faces):
    logits = torch.eye(7)[faces.expression]
    logits[faces.yaw > 30] = 0
    table = script.by_pose(logits, faces)
    assert table.at(0, 0) == 1.0
    assert table.at(40, 0) < 0.3
    assert table.at(0, 20) is None
    assert sum(map(sum, table.faces)) == int((faces.yaw.abs() < 50).sum())
