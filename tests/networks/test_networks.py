"""The networks against Table II: parameter counts by hand, shapes at every size, and what the options change."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from geofer.errors import ConfigError
from geofer.networks.classifier import Classifier, ClassifierConfig
from geofer.networks.discriminators import AttributeDiscriminator, IdentityDiscriminator
from geofer.networks.embedding import GeometryEmbedding
from geofer.networks.generator import Decoder, Encoder
from geofer.networks.sizes import halvings
from geofer.networks.synthesizer import GeneratorConfig, Synthesizer, initialize


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def fc(channels_in, channels, norm=False):
    return channels_in * channels + channels + 2 * channels * norm


def conv(channels_in, channels, norm=False):
    return 25 * channels_in * channels + channels + 2 * channels * norm


def test_embedding_has_the_papers_parameters():
    hidden = [(136, 128), (128, 64), (64, 32), (32, 64), (64, 128)]
    assert parameters(GeometryEmbedding()) == sum(fc(*pair, norm=True) for pair in hidden) + fc(128, 136) == 56_680


def test_encoder_has_the_papers_parameters():
    convs = [(3, 64), (64, 128), (128, 256), (256, 512), (512, 1024)]
    by_hand = sum(conv(*pair) for pair in convs) + fc(7 * 7 * 1024, 50)
    assert parameters(Encoder()) == by_hand == 19_923_634


def test_decoder_has_the_papers_parameters():
    deconvs = [(1024, 512), (512, 256), (256, 128), (128, 64), (64, 32), (32, 16), (16, 3)]
    by_hand = fc(82, 50176) + sum(conv(*pair) for pair in deconvs)
    assert parameters(Decoder()) == by_hand == 21_638_819


def test_discriminators_have_the_papers_parameters():
    convs = [(3, 16), (16 + 32, 32), (32, 64), (64, 128)]
    by_hand = sum(conv(*pair, norm=True) for pair in convs) + fc(14 * 14 * 128, 1024, norm=True) + fc(1024, 1)
    assert parameters(AttributeDiscriminator()) == by_hand == 25_990_529
    hidden = [(50, 64), (64, 32), (32, 16)]
    assert parameters(IdentityDiscriminator()) == sum(fc(*pair, norm=True) for pair in hidden) + fc(16, 1) == 6_113


def test_networks_fit_each_other_at_224_pixels():
    image, landmarks = torch.zeros(2, 3, 224, 224), torch.zeros(2, 68, 2)
    synthesis = Synthesizer(224, GeneratorConfig())(image, landmarks, landmarks)
    assert synthesis.image.shape == image.shape
    assert (synthesis.identity.shape, synthesis.embedding.shape) == ((2, 50), (2, 32))
    assert AttributeDiscriminator()(synthesis.image, synthesis.embedding).shape == (2, 1)


@pytest.mark.parametrize(
    ("size", "count", "side"), [(16, 2, 4), (32, 3, 4), (64, 4, 4), (96, 4, 6), (112, 4, 7), (128, 5, 4), (224, 5, 7)]
)
def test_halvings(size, count, side):
    assert halvings(size) == (count, side)


@pytest.mark.parametrize("size", [8, 36, 100, 225])
def test_sizes_that_do_not_halve_are_refused_with_two_that_do(size):
    with pytest.raises(ConfigError, match=rf"image_size {size} .* nearest sizes that do are \d+ and \d+"):
        halvings(size)


@pytest.mark.parametrize("size", [32, 64, 96])
@pytest.mark.parametrize("additions", [{}, {"contours": True, "skips": True, "warp": True}])
def test_smaller_sizes_map_pictures_to_pictures(size, additions):
    synthesizer = Synthesizer(size, GeneratorConfig(width=8, **additions))
    image, landmarks = torch.rand(2, 3, size, size), torch.rand(2, 68, 2)
    output = synthesizer(image, landmarks, landmarks.flip(0)).image
    assert output.shape == image.shape
    assert output.min() >= -1
    assert output.max() <= 1


@pytest.mark.parametrize(("additions", "depends"), [({}, False), ({"warp": True}, True)])
def test_only_warping_looks_at_the_input_landmarks(additions, depends):
    synthesizer = Synthesizer(32, GeneratorConfig(width=8, initial_std=None, **additions))
    image, target = torch.rand(2, 3, 32, 32), torch.rand(2, 68, 2) - 0.5
    with torch.no_grad():
        one, other = (synthesizer(image, torch.rand(2, 68, 2) - 0.5, target).image for _ in range(2))
    assert (not torch.allclose(one, other)) == depends


def test_a_patch_discriminator_judges_every_position_under_maps():
    network = AttributeDiscriminator(64, width=4, condition_channels=6, patches=True)
    assert network(torch.zeros(2, 3, 64, 64), torch.zeros(2, 6, 32, 32)).shape == (2, 1, 8, 8)


@pytest.mark.parametrize("patches", [False, True])
def test_a_discriminator_without_a_condition_may_say_more_than_real_or_not(patches):
    network = AttributeDiscriminator(32, width=4, condition_channels=0, patches=patches, outputs=5)
    assert network(torch.zeros(2, 3, 32, 32)).shape == ((2, 5, 8, 8) if patches else (2, 5))


def test_noise_changes_the_face_and_not_its_identity():
    synthesizer = Synthesizer(32, GeneratorConfig(width=4, initial_std=None), noise_size=3).eval()
    image, landmarks = torch.rand(2, 3, 32, 32), torch.rand(2, 68, 2) - 0.5
    with torch.no_grad():
        one, other = (synthesizer(image, landmarks, landmarks) for _ in range(2))
    assert torch.equal(one.identity, other.identity)
    assert not torch.equal(one.image, other.image)


def test_the_condition_matters_to_the_attribute_discriminator():
    network = AttributeDiscriminator(32, width=4).eval()
    initialize(network, None)
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert not torch.equal(network(image, torch.zeros(1, 32)), network(image, torch.ones(1, 32)))


def test_classifier_is_backbone_fc_relu_fc():
    network = Classifier(7, ClassifierConfig("resnet50", pretrained=False, hidden=512))
    assert [type(layer) for layer in network.head] == [nn.Linear, nn.ReLU, nn.Linear]
    assert parameters(network.head) == fc(2048, 512) + fc(512, 7)
    assert network(torch.zeros(2, 3, 64, 64)).shape == (2, 7)


def test_normalized_features_stand_before_the_head():
    network = Classifier(7, ClassifierConfig("small_resnet", False, 16, {"widths": [4, 8]}, normalize=True))
    images = torch.rand(16, 3, 32, 32)
    features = network.backbone(images)
    standardized = (features - features.mean(0)) / (features.var(0, correction=0) + 1e-5).sqrt()
    torch.testing.assert_close(network(images), network.head(standardized), rtol=1e-4, atol=1e-5)
    assert parameters(network.norm) == 2 * 8


def test_wide_features_silence_a_head_unless_they_are_normalized():
    """As ResNet50's from scratch did: 2048 of them, all positive, and most of what they are is the same for all."""
    draw = torch.Generator().manual_seed(0)
    faces, labels = torch.rand(64, 2048, generator=draw) * 0.2 + 0.9, torch.arange(64) % 7
    alive = {}
    for normalize in (False, True):
        torch.manual_seed(0)
        network = Classifier(7, ClassifierConfig("resnet50", False, normalize=normalize))
        tail = nn.Sequential(network.norm, network.head[:2])
        optimizer = torch.optim.Adam([*tail.parameters(), *network.head[2].parameters()], lr=1e-3)
        for _ in range(60):
            loss = F.cross_entropy(network.head[2](tail(faces)), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        alive[normalize] = (tail(faces) > 0).any(0).float().mean().item()
    assert alive[False] < 0.2
    assert alive[True] > 0.9


def test_backbone_arguments_reach_the_backbone():
    small = Classifier(7, ClassifierConfig("small_resnet", False, 16, {"widths": [4, 8]}))
    assert small.head[0].in_features == 8


def test_initial_weights_have_the_papers_std():
    encoder = Encoder(32, width=32)
    initialize(encoder, 0.02)
    assert encoder.convs[1].weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert encoder.convs[1].bias.abs().max() == 0


def test_he_initialization_keeps_the_signals_size_through_the_decoder():
    decoder = Decoder(64, width=32)
    initialize(decoder, None)
    x = torch.randn(8, decoder.deconvs[0].in_channels, 4, 4).relu()
    with torch.no_grad():
        for deconv in decoder.deconvs:
            y = deconv(x).relu()
            ratio = y[..., 2:-2, 2:-2].square().mean() / x.square().mean()
            assert 0.6 < ratio < 1.5
            x = y
