"""The tuned generator: a U-Net that paints what a warped face lacks."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from geofer.faces import INNER_LIP
from geofer.networks.contours import CONTOURS, draw_contours, fill_polygon
from geofer.networks.sizes import halvings
from geofer.networks.warp import FaceWarp

WIDTHS = (6.0, 4.0, 2.0, 1.0, 0.5, 0.5)
"""Filters of each level, the coarsest first, in those of the level that has ``width``."""

SOURCE = 3 + 1 + len(CONTOURS)
"""Maps of a face: its pixels, the inside of its mouth, and its contours."""


def level_widths(image_size: int, width: int) -> list[int]:
    """Filters of the levels of a picture's size, the coarsest first: 64 pixels have levels of 8, 16, 32 and 64."""
    count, _ = halvings(image_size)
    return [round(width * factor) for factor in WIDTHS[:count]]


def describe_face(image: Tensor, landmarks: Tensor) -> Tensor:
    """A picture ``(B, 3, S, S)``, the inside of the mouth, and the contours of its landmarks ``(B, 68, 2)``."""
    size = image.shape[-1]
    mouth = fill_polygon(landmarks[:, INNER_LIP], size)
    return torch.cat([image.float(), mouth, draw_contours(landmarks, size)], dim=1)


class Level(nn.Module):
    """One size of a pyramid: what is seen at this size, and what the finer level found."""

    def __init__(self, channels_in: int, width: int, finer: int | None, deep: bool) -> None:
        """Build one.

        Args:
            channels_in: Maps that it sees.
            width: Filters.
            finer: Filters of the level of twice the size; None at full size.
            deep: With a second convolution.
        """
        super().__init__()
        self.look = nn.Conv2d(channels_in, width, 3, padding=1)
        self.down = None if finer is None else nn.Conv2d(finer, width, 3, stride=2, padding=1, bias=False)
        self.norm = _norm(width)
        self.deepen = block(width, width) if deep else None

    def forward(self, seen: Tensor, finer: Tensor | None) -> Tensor:
        """``(B, channels_in, H, W)`` and, below full size, ``(B, finer, 2H, 2W)`` to ``(B, width, H, W)``."""
        x = self.look(seen)
        if self.down is not None and finer is not None:
            x = x + self.down(finer)
        x = F.silu(self.norm(x))
        return x if self.deepen is None else self.deepen(x)


class SourceEncoder(nn.Module):
    """G_enc: the input face to the identity f(x), and to features at every size that are then warped with the face."""

    def __init__(self, widths: Sequence[int], identity_size: int) -> None:
        """``widths`` are the filters of its levels, the coarsest first."""
        super().__init__()
        finer = [*widths[1:], None]
        self.levels = nn.ModuleList(
            Level(SOURCE, width, below, deep=number < 3)
            for number, (width, below) in enumerate(zip(widths, finer, strict=True))
        )
        self.identity = nn.Linear(4 * widths[0], identity_size)

    def forward(self, pyramid: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """``(B, SOURCE, S, S)`` and smaller, the coarsest first, to f(x) in (-1, 1) and the features of each level."""
        features: list[Tensor] = []
        for level, seen in zip(reversed(self.levels), reversed(pyramid), strict=True):
            features.insert(0, level(seen, features[0] if features else None))
        quarters = F.adaptive_avg_pool2d(features[0].float(), 2).flatten(1)
        return torch.tanh(self.identity(quarters)), features


class WarpedUNet(nn.Module):
    """G that warps first: x, its landmarks and g^t to x'.

    ======  ==========  ===============================================================  ========================
    size    filters     down                                                             up
    ======  ==========  ===============================================================  ========================
    S       0.5 width   conv 3 of (warped face, holes, both mouths, both contours, x,    conv 3 of (conv 1 of the
                        warped features of x); + conv 3, stride 2, of the finer level;   coarser one, doubled;
                        GroupNorm, SiLU                                                  same level), GroupNorm,
                                                                                         SiLU; 7 maps by conv 3,
                                                                                         + those of coarser ones
    S/2     width       the same                                                         the same
    S/4     2 width     the same, and conv 3, GroupNorm, SiLU                            the same
    S/8     4 width     the same                                                         the same
    S/16    6 width     the same; scaled and shifted by f(x) and f(g^t)                  conv 3
    ======  ==========  ===============================================================  ========================

    This is a network of 128 pixels; one of 64 lacks the first row, and can grow into it, see `grow`. The 7 maps are a
    painted color, a mask, and a change of the warped face's color. The mask blends the paint with the changed face; in
    holes, where the warp shows nothing (`geofer.networks.warp.WarpedFace`), all is paint.
    """

    def __init__(self, image_size: int, width: int = 32, identity_size: int = 50, embedding_size: int = 32) -> None:
        """Build one.

        Args:
            image_size: Side of the pictures in pixels.
            width: Filters of the fourth level from below.
            identity_size: Length of f(x).
            embedding_size: Length of f(g^t).
        """
        super().__init__()
        widths = level_widths(image_size, width)
        of_source = [max(8, one // 2) for one in widths]
        seen = 3 + 1 + 1 + len(CONTOURS) + SOURCE
        self.warp = FaceWarp(image_size)
        self.encoder = SourceEncoder(of_source, identity_size)
        self.levels = nn.ModuleList(
            Level(seen + source, one, finer, deep=number < 3)
            for number, (one, finer, source) in enumerate(zip(widths, [*widths[1:], None], of_source, strict=True))
        )
        self.modulate = nn.Linear(identity_size + embedding_size, 2 * widths[0])
        self.narrow = nn.ModuleList(nn.Conv2d(coarser, one, 1) for coarser, one in pairwise(widths))
        self.ups = nn.ModuleList([block(widths[0], widths[0]), *(block(2 * one, one) for one in widths[1:])])
        self.outputs = nn.ModuleList(_output(one, coarsest=number == 0) for number, one in enumerate(widths))

    def forward(self, image: Tensor, landmarks: Tensor, target: Tensor, embedding: Tensor) -> tuple[Tensor, Tensor]:
        """Give a face another geometry.

        Args:
            image: x, ``(B, 3, S, S)`` in [-1, 1].
            landmarks: Those of x, ``(B, 68, 2)`` in [-1, 1].
            target: g^t, ``(B, 68, 2)``.
            embedding: f(g^t), ``(B, embedding_size)``.

        Returns:
            x' ``(B, 3, S, S)`` in [-1, 1], and f(x) ``(B, identity_size)``.
        """
        count = len(self.levels)
        warped = self.warp(image, landmarks, target)
        with torch.no_grad():
            source = describe_face(image, landmarks)
            seen = torch.cat([describe_face(warped.image, target), warped.covered, source], dim=1)
            sources, pyramid, places = (_pyramid(maps, count) for maps in (source, seen, warped.places))
        identity, features = self.encoder(sources)
        found: list[Tensor] = []
        for level, maps, own, where in zip(*map(reversed, (self.levels, pyramid, features, places)), strict=True):
            moved = F.grid_sample(own, where.movedim(1, -1).to(own.dtype), padding_mode="border", align_corners=False)
            found.insert(0, level(torch.cat([maps.to(own.dtype), moved], dim=1), found[0] if found else None))
        scale, shift = self.modulate(torch.cat([identity, embedding], dim=1))[..., None, None].chunk(2, dim=1)
        x, maps = found[0] * (1 + scale) + shift, None
        for number, (up, output) in enumerate(zip(self.ups, self.outputs, strict=True)):
            if number > 0:
                x = torch.cat([_double(self.narrow[number - 1](x)), found[number]], dim=1)
            x = up(x)
            here = output(x).float()
            maps = here if maps is None else here + F.interpolate(maps, scale_factor=2, mode="bilinear")
        assert maps is not None
        paint, mask, change = torch.tanh(maps[:, :3]), torch.sigmoid(maps[:, 3:4]), maps[:, 4:]
        mask = torch.maximum(mask, 1 - warped.covered)
        return (mask * paint + (1 - mask) * (warped.image + change)).clamp(-1, 1), identity


def grow(network: nn.Module, smaller: dict[str, Tensor]) -> None:
    """Start a network of large pictures from the weights of one of smaller pictures.

    At first it makes what the smaller one makes: what only the large one has starts at 0 where it meets the rest.

    Args:
        network: With a `WarpedUNet` inside, changed in place.
        smaller: The weights by name.
    """
    own = network.state_dict()
    for name, value in own.items():
        if name in smaller:
            value.copy_(smaller[name])
        elif ".down." in name or ".outputs." in name:
            value.zero_()


def block(channels_in: int, channels: int) -> nn.Sequential:
    """Convolution of kernel 3, GroupNorm, SiLU."""
    return nn.Sequential(nn.Conv2d(channels_in, channels, 3, padding=1), _norm(channels), nn.SiLU())


def _output(channels: int, coarsest: bool) -> nn.Conv2d:
    """Paint, mask and change of color; at first, x' is mostly the warped face."""
    output = nn.Conv2d(channels, 7, 3, padding=1)
    nn.init.normal_(output.weight, std=0.01)
    bias = torch.zeros(7)
    bias[3] = -2.0 if coarsest else 0.0
    output.bias = nn.Parameter(bias)
    return output


def _norm(channels: int) -> nn.GroupNorm:
    groups = 8 if channels % 8 == 0 and channels >= 32 else channels // 4
    return nn.GroupNorm(groups, channels)


def _pyramid(maps: Tensor, count: int) -> list[Tensor]:
    """Maps and their halvings, the coarsest first."""
    levels = [maps]
    for _ in range(count - 1):
        levels.insert(0, F.avg_pool2d(levels[0], 2))
    return levels


def _double(maps: Tensor) -> Tensor:
    doubled: Tensor = F.interpolate(maps, scale_factor=2, mode="nearest")
    return doubled
