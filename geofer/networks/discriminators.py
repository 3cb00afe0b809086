"""D_att and D_i, the two discriminators: Table II."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from geofer.networks.sizes import halvings
from geofer.ranges import check_choice, check_range

Condition = Literal["embedding", "raw", "contours"]
"""What D_att sees of the geometry: its embedding f(g^t), the landmarks themselves, or their contours."""


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Size and kind of D_att; the defaults are the paper's.

    Attributes:
        width: Filters of the first convolution.
        patches: Judge patches instead of the whole picture.
        condition: What it sees of the geometry.
    """

    width: int = 16
    patches: bool = False
    condition: Condition = "embedding"

    def __post_init__(self) -> None:
        """Refuse a width below 1, and an unknown condition.

        Raises:
            ConfigError: It says which.
        """
        check_range("discriminator.width", self.width, 1)
        check_choice("discriminator.condition", self.condition, ("embedding", "raw", "contours"))


def _downsample(channels_in: int, channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels_in, channels, 5, stride=2, padding=2), nn.BatchNorm2d(channels), nn.ReLU())


def _hidden(channels_in: int, channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(channels_in, channels), nn.BatchNorm1d(channels), nn.ReLU())


class AttributeDiscriminator(nn.Module):
    """D_att: does this picture show this geometry, and is it real?

    Four convolutions of kernel 5 and stride 2 with 16, 32, 64 and 128 filters, each with BN and ReLU, take 224 pixels
    to 14. The condition joins after the first. FC 1024, BN, LeakyReLU and FC 1 give one logit; with ``patches``, a
    1 × 1 convolution gives a logit for each position instead (Isola et al., CVPR 2017).
    """

    def __init__(
        self,
        image_size: int = 224,
        width: int = 16,
        condition_channels: int = 32,
        patches: bool = False,
        outputs: int = 1,
    ) -> None:
        """Build one.

        Args:
            image_size: Side of the picture; there is one convolution fewer than in the encoder of that size.
            width: Filters of the first convolution; each one has twice as many as the one before.
            condition_channels: Length of the condition: 32 for f(g^t), 136 for the landmarks themselves, or the
                number of contour maps; 0 if there is none.
            patches: Judge patches instead of the whole picture.
            outputs: Logits of each picture or patch; more than one for a discriminator that also recognizes something.
        """
        super().__init__()
        count, side = halvings(image_size)
        widths = [width << i for i in range(count - 1)]
        self.first = _downsample(3, widths[0])
        self.rest = nn.Sequential()
        channels_in = widths[0] + condition_channels
        for channels in widths[1:]:
            self.rest.append(_downsample(channels_in, channels))
            channels_in = channels
        self.head = (
            nn.Conv2d(channels_in, outputs, 1)
            if patches
            else nn.Sequential(
                nn.Flatten(),
                nn.Linear(channels_in * (2 * side) ** 2, 1024),
                nn.BatchNorm1d(1024),
                nn.LeakyReLU(0.2),
                nn.Linear(1024, outputs),
            )
        )

    def forward(self, image: Tensor, condition: Tensor | None = None) -> Tensor:
        """Judge pictures.

        Args:
            image: ``(B, 3, H, W)`` in [-1, 1].
            condition: ``(B, c)``, tiled over space, or maps ``(B, c, H/2, W/2)``.

        Returns:
            Logits, positive for real: ``(B, outputs)``, or ``(B, outputs, h, w)`` with ``patches``.
        """
        x = self.first(image)
        if condition is not None:
            if condition.dim() == 2:
                condition = condition[:, :, None, None].expand(-1, -1, *x.shape[2:])
            x = torch.cat([x, condition.to(x.dtype)], dim=1)
        logits: Tensor = self.head(self.rest(x))
        return logits


class IdentityDiscriminator(nn.Module):
    """D_i: is this vector a draw from the prior, or an f(x)? FC 64, 32 and 16, each with BN and ReLU, then FC 1."""

    def __init__(self, identity_size: int = 50) -> None:
        """``identity_size`` is the length of f(x)."""
        super().__init__()
        self.layers = nn.Sequential(_hidden(identity_size, 64), _hidden(64, 32), _hidden(32, 16), nn.Linear(16, 1))

    def forward(self, identity: Tensor) -> Tensor:
        """``(B, identity_size)`` in [-1, 1] to logits ``(B, 1)``, positive for the prior."""
        logits: Tensor = self.layers(identity)
        return logits


class PatchDiscriminator(nn.Module):
    """D_att of the tuned generator: is each patch real, given the contours beside it (Isola et al., CVPR 2017)?

    Three convolutions of kernel 4 and stride 2 with ``width``, twice and four times as many filters, each with
    LeakyReLU, and one of kernel 3 to a logit; all with spectral normalization (Miyato et al., ICLR 2018).
    """

    def __init__(self, channels_in: int, width: int = 32) -> None:
        """``channels_in`` counts the pictures' channels and those of the condition."""
        super().__init__()
        widths = (channels_in, width, 2 * width, 4 * width)
        self.convs = nn.ModuleList(spectral_norm(nn.Conv2d(a, b, 4, 2, 1)) for a, b in pairwise(widths))
        self.head = spectral_norm(nn.Conv2d(widths[-1], 1, 3, 1, 1))

    def forward(self, image: Tensor, condition: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Judge pictures.

        Args:
            image: ``(B, 3, H, W)`` in [-1, 1].
            condition: ``(B, c, H, W)``.

        Returns:
            Logits ``(B, 1, H/8, W/8)``, positive for real, and what each convolution found.
        """
        x, features = torch.cat([image, condition], dim=1), []
        for conv in self.convs:
            x = F.leaky_relu(conv(x), 0.2)
            features.append(x)
        return self.head(x), features
