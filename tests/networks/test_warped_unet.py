"""The tuned generator: what it paints, where, and how it grows."""

import pytest
import torch
import torch.nn.functional as F

from geofer.landmarks.mean_head import MEAN_HEAD
from geofer.networks.synthesizer import GeneratorConfig, UNetSynthesizer, build_synthesizer
from geofer.networks.warped_unet import grow, level_widths

CONFIG = GeneratorConfig(width=8, unet=True)


@pytest.fixture(scope="module")
def landmarks():
    """(1, 68, 2), the average face from the front."""
    points = torch.tensor(MEAN_HEAD)
    return torch.stack([points[:, 0], -points[:, 1] - 30], dim=-1)[None] * 0.009


def built(size):
    torch.manual_seed(0)
    return build_synthesizer(size, CONFIG).eval()


@pytest.mark.parametrize(("size", "widths"), [(64, [48, 32, 16, 8]), (128, [48, 32, 16, 8, 4])])
def test_a_larger_picture_has_one_level_more(size, widths):
    assert level_widths(size, 8) == widths


def test_an_untrained_network_keeps_the_warped_face_and_paints_holes(landmarks):
    network, image = built(64), torch.full((1, 3, 64, 64), 0.8)
    warped = network.warp(image, landmarks, landmarks)
    with torch.no_grad():
        made = network(image, landmarks, landmarks)
    kept = (warped.covered > 0.999).expand_as(image)
    assert (made.image - image).abs()[kept].mean() < 0.2
    assert made.image[(warped.covered == 0).expand_as(image)].abs().mean() < 0.2
    assert made.identity.shape == (1, 50)
    assert made.embedding.shape == (1, 32)


def test_the_target_moves_the_mouth_and_not_only_the_picture(landmarks):
    network, image = built(64), torch.rand(1, 3, 64, 64)
    opened = landmarks.clone()
    opened[:, [*range(4, 13), *range(55, 60), *range(65, 68)], 1] += 0.2
    with torch.no_grad():
        calm, loud = (network(image, landmarks, target).image for target in (landmarks, opened))
    middle = (opened[0, 62] + opened[0, 66]) / 2
    x, y = ((middle + 1) * 32).long().tolist()
    assert (calm - loud)[0, :, y - 1 : y + 2, x - 1 : x + 2].abs().mean() > 0.05


def test_a_network_grows_without_forgetting(landmarks):
    small, large = built(64), UNetSynthesizer(128, CONFIG).eval()
    image = F.interpolate(torch.rand(1, 3, 16, 16) * 2 - 1, (128, 128), mode="bilinear")
    grow(large, small.state_dict())
    with torch.no_grad():
        grown = F.avg_pool2d(large(image, landmarks, landmarks).image, 2)
        before = small(F.avg_pool2d(image, 2), landmarks, landmarks).image
    other = UNetSynthesizer(64, CONFIG).eval()(F.avg_pool2d(image, 2), landmarks, landmarks).image
    assert (grown - before).abs().mean() < 0.5 * (other - before).abs().mean()


def test_every_weight_is_learned(landmarks):
    network = build_synthesizer(64, CONFIG)
    images, points = torch.rand(2, 3, 64, 64), landmarks + 0.02 * torch.randn(2, 68, 2)
    made = network(images, points, points.flip(0))
    (made.image.square().mean() + made.reconstruction.square().mean()).backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []
