"""What looks at x' while a generator learns: features of ImageNet, a classifier of expressions, and discriminators."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from geofer.backbones.efficientnet_lite import MEAN, STD, LiteNetwork, imagenet_weights
from geofer.backbones.small_resnet import SmallResNet
from geofer.faces import EXPRESSIONS, LEFT_BROW, LEFT_EYE, OUTER_LIP, RIGHT_BROW, RIGHT_EYE
from geofer.networks.contours import CONTOURS
from geofer.networks.discriminators import PatchDiscriminator

PARTS = ((OUTER_LIP,), (RIGHT_EYE, RIGHT_BROW, LEFT_EYE, LEFT_BROW))
"""Landmarks of what the discriminators also see alone: the mouth, and the eyes with the brows."""


class Perceptual(nn.Module):
    """L1 between what the first layers of EfficientNet-Lite0, trained on ImageNet, see in two pictures."""

    def __init__(self) -> None:
        """Take the stem and the first two stages."""
        super().__init__()
        whole = LiteNetwork("efficientnet_lite0", 0.0, 0.0)
        weights = imagenet_weights("efficientnet_lite0")
        whole.load_state_dict({name: weights[name] for name in whole.state_dict()})
        self.stem, self.norm, self.stages = whole.conv_stem, whole.bn1, whole.blocks[:2]
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])
        self.register_buffer("std", torch.tensor(STD)[:, None, None])
        self.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    def _features(self, image: Tensor) -> list[Tensor]:
        x = ((image + 1) / 2 - self.mean) / self.std
        features = [F.relu6(self.norm(self.stem(x.contiguous(memory_format=torch.channels_last))))]
        for stage in self.stages:
            features.append(stage(features[-1]))
        return features

    def forward(self, image: Tensor, target: Tensor) -> Tensor:
        """A scalar; each layer counts by its own mean."""
        with torch.no_grad():
            wanted = self._features(target)
        found = self._features(image)
        return relative_distance(found, wanted)


class ExpressionFeatures(nn.Module):
    """C: learns expressions from true faces while G learns, and compares what it sees in x' and in the truth."""

    def __init__(self) -> None:
        """Build it."""
        super().__init__()
        self.network = SmallResNet()
        self.head = nn.Linear(self.network.num_features, len(EXPRESSIONS))

    def _features(self, image: Tensor) -> list[Tensor]:
        x = F.interpolate(image, size=64, mode="area") if image.shape[-1] != 64 else image
        features = [self.network.stem(x.contiguous(memory_format=torch.channels_last))]
        for stage in self.network.stages:
            features.append(stage(features[-1]))
        return features

    def learn(self, image: Tensor, expression: Tensor) -> Tensor:
        """The cross entropy of the faces whose expression is known."""
        known = expression >= 0
        self.train()
        logits = self.head(self._features(image[known])[-1].mean(dim=(2, 3)))
        return F.cross_entropy(logits.float(), expression[known])

    def forward(self, image: Tensor, target: Tensor) -> Tensor:
        """A scalar: the distance in the two last stages."""
        self.eval()
        with torch.no_grad():
            wanted = self._features(target)[-2:]
        return relative_distance([a.float() for a in self._features(image)[-2:]], [b.float() for b in wanted])


def relative_distance(found: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """L1 between maps, of each layer in its own mean."""
    return torch.stack([F.l1_loss(a, b) / b.abs().mean() for a, b in zip(found, wanted, strict=True)]).sum()


class Discriminators(nn.Module):
    """D_att of whole faces, of mouths and of eyes, each beside the contours of the landmarks."""

    def __init__(self) -> None:
        """Build the three."""
        super().__init__()
        channels = 3 + len(CONTOURS)
        self.whole = PatchDiscriminator(channels, 32)
        self.parts = nn.ModuleList(PatchDiscriminator(channels, 16) for _ in PARTS)

    def forward(self, image: Tensor, landmarks: Tensor, contours: Tensor) -> list[tuple[Tensor, list[Tensor]]]:
        """Logits and features of each."""
        views = [(self.whole, image, contours)]
        for network, slices in zip(self.parts, PARTS, strict=True):
            both = crop_around(torch.cat([image, contours], dim=1), torch.cat([landmarks[:, one] for one in slices], 1))
            views.append((network, both[:, :3], both[:, 3:]))
        return [network(picture, condition) for network, picture, condition in views]


def crop_around(maps: Tensor, points: Tensor) -> Tensor:
    """The square around points ``(B, n, 2)`` out of maps ``(B, c, S, S)``, ``(B, c, S/2, S/2)``."""
    low, high = points.amin(dim=1), points.amax(dim=1)
    half = 0.6 * (high - low).amax(dim=1)
    zero = torch.zeros_like(half)
    center = (low + high) / 2
    rows = (torch.stack([half, zero, center[:, 0]], dim=1), torch.stack([zero, half, center[:, 1]], dim=1))
    side = maps.shape[-1] // 2
    grid = F.affine_grid(torch.stack(rows, dim=1), [len(maps), 3, side, side], align_corners=False)
    cropped: Tensor = F.grid_sample(maps, grid.to(maps.dtype), align_corners=False)
    return cropped
