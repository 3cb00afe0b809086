"""Augmentation and modes, on pictures whose answer is known."""

import pytest
import torch
from torch import nn

from geofer.arguments import plain
from geofer.errors import ConfigError
from geofer.modules.augmentation import AugmentationConfig, augment
from geofer.networks.modes import evaluating, frozen_statistics


def test_by_default_nothing_changes():
    image = torch.rand(2, 3, 8, 8)
    assert augment(image, AugmentationConfig()) is image


def test_half_of_the_faces_are_mirrored():
    torch.manual_seed(0)
    image = torch.rand(1, 3, 9, 9).expand(200, -1, -1, -1)
    out = augment(image, AugmentationConfig(flip=True))
    same = (out - image).abs().amax(dim=(1, 2, 3)) < 1e-5
    mirrored = (out - image.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-5
    assert (same ^ mirrored).all()
    assert 70 < mirrored.sum() < 130


def test_rotation_turns_each_face_in_its_own_way_and_keeps_the_center():
    torch.manual_seed(0)
    image = torch.zeros(8, 3, 17, 17)
    image[:, :, :, 8] = 1
    out = augment(image, AugmentationConfig(rotation=20))
    assert torch.allclose(out[:, :, 8, 8], torch.ones(8, 3), atol=1e-4)
    assert (out[0] - out[1:]).abs().max() > 0.3


def test_light_keeps_the_range():
    out = augment(torch.rand(20, 3, 8, 8) * 2 - 1, AugmentationConfig(brightness=1.0, contrast=1.0))
    assert out.min() >= -1
    assert out.max() <= 1


def test_evaluating_restores_the_mode_also_after_an_error():
    network = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout())
    with evaluating(network):
        assert not network[1].training
    with pytest.raises(RuntimeError), evaluating(network):
        raise RuntimeError
    assert network[1].training


def test_frozen_statistics_still_normalize_with_the_batch():
    norm = nn.BatchNorm1d(2)
    x = torch.randn(50, 2) * 3 + 5
    with frozen_statistics(norm):
        out = norm(x)
    assert out.mean().abs() < 1e-5
    assert torch.equal(norm.running_mean, torch.zeros(2))
    norm(x)
    assert norm.running_mean.mean() > 0.1


def test_arguments_without_a_plain_form_are_refused():
    with pytest.raises(ConfigError, match="argument network is a Linear"):
        plain([nn.Linear(1, 1)], "network")
    with pytest.raises(ConfigError, match="must build an optimizer or scheduler of torch; it built 3"):
        plain(lambda parameters: 3, "classifier_optimization.optimizer")
