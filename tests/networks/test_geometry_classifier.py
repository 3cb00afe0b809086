import math

import pytest
import torch

from geofer.networks.geometry_classifier import GeometryClassifier, score_logits, upright

FACES = torch.rand(5, 68, 2, generator=torch.Generator().manual_seed(0))


def turned(points, degrees, scale, shift):
    angle = math.radians(degrees)
    matrix = torch.tensor([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return scale * points @ matrix + torch.tensor(shift)


@pytest.mark.parametrize(
    ("degrees", "scale", "shift"), [(0, 30.0, (5.0, 7.0)), (40, 1.0, (0.0, 0.0)), (-75, 0.2, (9.0, -4.0))]
)
def test_upright_undoes_every_similarity(degrees, scale, shift):
    torch.testing.assert_close(upright(turned(FACES, degrees, scale, shift)), upright(FACES), atol=1e-4, rtol=1e-4)


def test_upright_faces_have_level_eyes_around_the_middle_one_unit_above_the_mouth():
    points = upright(FACES)
    torch.testing.assert_close(points[:, 36, 1], points[:, 45, 1], atol=1e-5, rtol=0)
    middle = (points[:, 36:42].mean(1) + points[:, 42:48].mean(1)) / 2
    torch.testing.assert_close(middle, torch.zeros(5, 2), atol=1e-5, rtol=0)
    torch.testing.assert_close(points[:, 60:].mean(1).norm(dim=1), torch.ones(5))


@pytest.mark.parametrize(("inputs", "width"), [("blendshapes", 52), ("landmarks", 102), ("both", 154)])
def test_it_sees_its_inputs_and_no_others(inputs, width):
    torch.manual_seed(0)
    classifier = GeometryClassifier(7, inputs).eval()
    blendshapes = torch.rand(5, 52)
    assert classifier.features(FACES, blendshapes).shape == (5, width)
    logits = classifier(FACES, blendshapes)
    assert logits.shape == (5, 7)
    assert torch.equal(classifier(FACES.flip(0), blendshapes), logits) == (inputs == "blendshapes")
    assert torch.equal(classifier(FACES, blendshapes.flip(0)), logits) == (inputs == "landmarks")


def test_scores_may_be_seen_as_logits():
    scores = torch.tensor([0.0, 1e-4, 0.5, 1.0])
    assert score_logits(scores, 1e-5).tolist() == pytest.approx([-11.513, -9.115, 0, 11.513], abs=2e-3)
    torch.manual_seed(0)
    classifier = GeometryClassifier(7, "both", logit_eps=1e-5).eval()
    blendshapes = 0.1 + 0.8 * torch.rand(5, 52)
    features = classifier.features(FACES, blendshapes)
    torch.testing.assert_close(features[:, :52], torch.logit(blendshapes), atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(features[:, 52:], upright(FACES)[:, -51:].flatten(1))
    tiny, tinier = torch.full((1, 52), 1e-3), torch.full((1, 52), 1e-5)
    assert (classifier(FACES[:1], tiny) - classifier(FACES[:1], tinier)).abs().max() > 0.1


def test_standardized_training_features_have_no_mean_and_unit_std():
    classifier = GeometryClassifier(7, "blendshapes", hidden=0).eval()
    blendshapes = torch.rand(400, 52) * torch.linspace(0.1, 1, 52)
    classifier.standardize_by(blendshapes)
    with torch.no_grad():
        classifier.layers[-1].weight.copy_(torch.eye(52)[:7])
        classifier.layers[-1].bias.zero_()
        logits = classifier(torch.rand(400, 68, 2), blendshapes)
    torch.testing.assert_close(logits.mean(0), torch.zeros(7), atol=1e-4, rtol=0)
    torch.testing.assert_close(logits.std(0), torch.ones(7), atol=1e-4, rtol=0)


def test_it_learns_an_action():
    torch.manual_seed(0)
    blendshapes, landmarks = torch.rand(4000, 52), torch.rand(4000, 68, 2)
    label = (blendshapes[:, 44] > 0.5).long()
    classifier = GeometryClassifier(2, "blendshapes", hidden=16)
    classifier.standardize_by(blendshapes)
    optimizer = torch.optim.Adam(classifier.parameters(), 0.01)
    for _ in range(150):
        loss = torch.nn.functional.cross_entropy(classifier(landmarks, blendshapes), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    unseen = torch.rand(500, 52)
    predicted = classifier.eval()(torch.rand(500, 68, 2), unseen).argmax(1)
    assert (predicted == (unseen[:, 44] > 0.5).long()).float().mean() > 0.9
