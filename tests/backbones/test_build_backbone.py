from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from geofer.backbones import Backbone, build_backbone
from geofer.errors import PluginError


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("small_resnet", {"widths": [8, 16], "blocks": 2}),
        ("resnet18", {"zero_init_residual": True}),
        ("mobilenetv3_small_050", {}),
        ("convnext_atto", {"drop_path_rate": 0.1}),
        ("vit_tiny_patch16_224", {"img_size": 64, "depth": 1}),
    ],
)
def test_features_are_as_wide_as_the_backbone_says(name: str, kwargs: dict[str, object]) -> None:
    backbone = build_backbone(name, **kwargs)
    assert isinstance(backbone, Backbone)
    assert backbone(torch.zeros(2, 3, 64, 64)).shape == (2, backbone.num_features)


def test_small_resnet_counts() -> None:
    backbone = build_backbone("small_resnet")
    convolutions = 3 * 32 * 9  # stem
    for channels_in, channels in ((32, 32), (32, 64), (64, 128), (128, 256)):
        convolutions += channels_in * channels * 9 + channels * channels * 9 + channels_in * channels
    norms = 2 * (32 + 2 * (32 + 64 + 128 + 256))
    assert sum(parameter.numel() for parameter in backbone.parameters()) == convolutions + norms


def test_resnet50_is_the_one_of_the_paper() -> None:
    backbone = build_backbone("resnet50")
    assert backbone.num_features == 2048
    assert sum(parameter.numel() for parameter in backbone.parameters()) == 25_557_032 - (2048 * 1000 + 1000)


@pytest.mark.parametrize(("name", "convolutions"), [("vgg16", 14_714_688), ("vgg19", 20_024_384)])
def test_a_vgg_ends_with_its_last_pooling_layer(name: str, convolutions: int) -> None:
    backbone = build_backbone(name).eval()
    assert sum(parameter.numel() for parameter in backbone.parameters()) == convolutions
    image = torch.rand(2, 3, 64, 64)
    assert torch.equal(backbone(image), backbone.features(image).flatten(2).mean(2))
    assert backbone(image).shape == (2, backbone.num_features) == (2, 512)


def test_unknown_name_suggests_plugins_and_timm_models() -> None:
    with pytest.raises(PluginError, match="convnext_tiny"):
        build_backbone("convnext_tinny")
    with pytest.raises(PluginError, match="small_resnet"):
        build_backbone("smallresnet")


def test_wrong_keyword_argument_is_named() -> None:
    with pytest.raises(
        PluginError, match=r"'small_resnet' could not be built with pretrained=False, width=3: .*'width'"
    ):
        build_backbone("small_resnet", width=3)


def test_weights_that_do_not_exist() -> None:
    with pytest.raises(PluginError, match="no pretrained weights"):
        build_backbone("small_resnet", pretrained=True)


def test_weights_that_cannot_be_fetched_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(PluginError, match=r"resnet18.*pretrained=True.*TORCH_HOME.*pretrained: false"):
        build_backbone("resnet18", pretrained=True)


@pytest.mark.parametrize(
    ("distribution", "source"),
    [
        ("odd-number", "build = 3"),
        ("odd-product", "def build(pretrained): return {}"),
        ("odd-module", "from torch import nn\ndef build(pretrained): return nn.Identity()"),
    ],
)
def test_product_must_be_a_backbone(distribution: str, source: str, install_plugin: Callable[..., None]) -> None:
    install_plugin(distribution, f"odd = {distribution.replace('-', '_')}:build", source)
    with pytest.raises(PluginError, match=r"'odd'.*(callable|num_features)"):
        build_backbone("odd")
