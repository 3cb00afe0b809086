"""Each loss against a slow, obvious loop over its equation."""

import math

import pytest
import torch

from geofer.errors import ConfigError
from geofer.modules.losses import (
    LossConfig,
    adversarial_loss,
    classification_loss,
    discriminator_loss,
    fusion_loss,
    geometry_loss,
    gradient_loss,
    reconstruction_loss,
    total_variation_loss,
)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def test_discriminator_loss_is_equation_3():
    real, fake = torch.randn(5, 1), torch.randn(4, 1)
    slow = -sum(math.log(sigmoid(x)) for x in real[:, 0].tolist()) / 5
    slow -= sum(math.log(1 - sigmoid(x)) for x in fake[:, 0].tolist()) / 4
    assert discriminator_loss(real, fake).item() == pytest.approx(slow, rel=1e-5)


def test_discriminator_loss_survives_extreme_logits():
    assert discriminator_loss(torch.tensor([-200.0]), torch.tensor([200.0])).item() == pytest.approx(400)


def test_adversarial_loss_does_not_saturate():
    fake = torch.randn(6, 1)
    slow = -sum(math.log(sigmoid(x)) for x in fake[:, 0].tolist()) / 6
    assert adversarial_loss(fake).item() == pytest.approx(slow, rel=1e-5)
    hopeless = torch.tensor([-20.0], requires_grad=True)
    adversarial_loss(hopeless).backward()
    assert hopeless.grad.item() == pytest.approx(-1, abs=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_classification_loss_is_equations_5_and_6(smoothing):
    logits, labels, classes = torch.randn(4, 3), [2, 0, 1, 1], 3
    slow = 0.0
    for row, label in zip(logits.tolist(), labels, strict=True):
        total = sum(math.exp(x) for x in row)
        for k, x in enumerate(row):
            share = 1 - (classes - 1) * smoothing / classes if k == label else smoothing / classes
            slow -= share * math.log(math.exp(x) / total) / len(labels)
    assert classification_loss(logits, torch.tensor(labels), smoothing).item() == pytest.approx(slow, rel=1e-5)


def test_classification_loss_weighs_faces():
    logits, labels = torch.randn(2, 3), torch.tensor([1, 2])
    each = [classification_loss(logits[i : i + 1], labels[i : i + 1]).item() for i in range(2)]
    weighted = classification_loss(logits, labels, weight=torch.tensor([0.5, 0.0]))
    assert weighted.item() == pytest.approx(0.25 * each[0], rel=1e-5)


@pytest.mark.parametrize("image_loss", [0.0, 0.7])
def test_the_image_branchs_loss_stands_beside_that_of_both_branches(image_loss):
    fused, pixels, labels = torch.randn(4, 3), torch.randn(4, 3), [2, 0, 1, 1]
    smoothing, weight = 0.1, [1.0, 0.5, 0.0, 2.0]
    slow = 0.0
    for logits, factor in ((fused, 1.0), (pixels, image_loss)):
        for row, label, counts in zip(logits.tolist(), labels, weight, strict=True):
            total = sum(math.exp(x) for x in row)
            for k, x in enumerate(row):
                share = 1 - 2 * smoothing / 3 if k == label else smoothing / 3
                slow -= factor * counts * share * math.log(math.exp(x) / total) / 4
    loss = fusion_loss(fused, pixels, image_loss, torch.tensor(labels), smoothing, torch.tensor(weight))
    assert loss.item() == pytest.approx(slow, rel=1e-5)


def test_pixels_without_a_geometry_branch_count_once():
    logits, labels = torch.randn(4, 3), torch.tensor([2, 0, 1, 1])
    assert fusion_loss(logits, None, 1.0, labels) == classification_loss(logits, labels)


def test_reconstruction_loss_is_equation_7():
    image, target = torch.rand(2, 3, 4, 5), torch.rand(2, 3, 4, 5)
    slow = sum(abs(a - b) for a, b in zip(image.flatten().tolist(), target.flatten().tolist(), strict=True)) / 120
    assert reconstruction_loss(image, target).item() == pytest.approx(slow, rel=1e-5)


def test_reconstruction_loss_weighs_pixels():
    image, target, weight = torch.rand(2, 3, 4, 5), torch.rand(2, 3, 4, 5), torch.rand(2, 1, 4, 5)
    slow = total = 0.0
    for b in range(2):
        for y in range(4):
            for x in range(5):
                w = weight[b, 0, y, x].item()
                total += w
                slow += w * sum(abs(image[b, c, y, x].item() - target[b, c, y, x].item()) for c in range(3)) / 3
    assert reconstruction_loss(image, target, weight).item() == pytest.approx(slow / total, rel=1e-5)
    even = reconstruction_loss(image, target, torch.full_like(weight, 7.0))
    assert even.item() == pytest.approx(reconstruction_loss(image, target).item(), rel=1e-5)


def test_total_variation_loss_is_equation_8_as_a_mean():
    image = torch.rand(2, 3, 4, 5)
    across = down = 0.0
    for picture in image.tolist():
        for channel in picture:
            across += sum(abs(row[x + 1] - row[x]) for row in channel for x in range(4))
            down += sum(abs(channel[y + 1][x] - channel[y][x]) for y in range(3) for x in range(5))
    slow = across / (2 * 3 * 4 * 4) + down / (2 * 3 * 3 * 5)
    assert total_variation_loss(image).item() == pytest.approx(slow, rel=1e-5)


def test_total_variation_can_be_summed_as_the_equation_or_as_the_authors_code_has_it():
    image = torch.rand(2, 3, 224, 224)
    total = image.diff(dim=3).abs().sum() + image.diff(dim=2).abs().sum()
    assert total_variation_loss(image, "sum").item() == pytest.approx(total.item() / 2, rel=1e-5)
    side = total_variation_loss(image, "side").item()
    assert side == pytest.approx(total.item() / 2 / 224, rel=1e-5)
    assert side / total_variation_loss(image).item() == pytest.approx(3 * 223, rel=1e-4)  # "some 670 times"
    with pytest.raises(ConfigError, match=r"losses\.variation_scale"):
        LossConfig(variation_scale="all")


def test_geometry_loss_is_equation_9():
    one, other = torch.rand(3, 68, 2), torch.rand(3, 68, 2)
    slow = sum((a - b) ** 2 for a, b in zip(one.flatten().tolist(), other.flatten().tolist(), strict=True)) / 3
    assert geometry_loss(one, other).item() == pytest.approx(slow, rel=1e-5)


def test_losses_are_float32_under_bf16():
    half = torch.randn(4, 3, dtype=torch.bfloat16)
    assert discriminator_loss(half, half).dtype == torch.float32
    assert classification_loss(half, torch.zeros(4, dtype=torch.int64)).dtype == torch.float32


def test_the_default_weights_are_the_papers():
    weights = LossConfig()
    assert (weights.attribute, weights.prior, weights.classification) == (1e-3, 1e-3, 1e-3)
    assert (weights.geometry, weights.variation, weights.reconstruction) == (1e-4, 1e-4, 1)


def test_gradient_loss_compares_edges_and_not_colors():
    target = torch.rand(2, 3, 5, 5)
    weight = torch.ones(2, 1, 5, 5)
    assert gradient_loss(target + 0.3, target, weight).item() == pytest.approx(0, abs=1e-6)
    edge = target.clone()
    edge[:, :, :, 2:] += 0.3  # one column of differences, weighted over all pixels
    assert gradient_loss(edge, target, weight).item() == pytest.approx(0.3 / 5, rel=1e-4)
    weight[..., 2] = 0
    assert gradient_loss(edge, target, weight).item() == pytest.approx(0, abs=1e-6)
