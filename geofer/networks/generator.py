"""G, the generator: Table II, second column, with three additions that are off by default."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from geofer.networks.contours import CONTOURS, draw_contours
from geofer.networks.sizes import halvings
from geofer.networks.warp import WarpedFace


class Encoder(nn.Module):
    """G_enc: a picture to the identity representation f(x).

    Five convolutions of kernel 5 and stride 2 with 64, 128, 256, 512 and 1024 filters, ReLU and no batch
    normalization take 224 pixels to 7; FC 50 and tanh follow.
    """

    def __init__(self, image_size: int = 224, width: int = 64, identity_size: int = 50) -> None:
        """Build one.

        Args:
            image_size: Side of the picture; smaller ones have fewer convolutions (`halvings`).
            width: Filters of the first convolution; each one has twice as many as the one before.
            identity_size: Length of f(x).
        """
        super().__init__()
        count, side = halvings(image_size)
        widths = [width << i for i in range(count)]
        self.convs = nn.ModuleList(
            nn.Conv2d(channels_in, channels, 5, stride=2, padding=2) for channels_in, channels in pairwise([3, *widths])
        )
        self.identity = nn.Linear(widths[-1] * side * side, identity_size)

    def forward(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Encode a picture.

        Args:
            image: ``(B, 3, H, W)`` in [-1, 1].

        Returns:
            f(x) ``(B, identity_size)`` in (-1, 1), and what each convolution saw, from ``(B, width, H/2, W/2)`` down.
        """
        features = []
        x = image
        for conv in self.convs:
            x = F.relu(conv(x))
            features.append(x)
        return torch.tanh(self.identity(x.flatten(1))), features


class Decoder(nn.Module):
    """G_dec: f(x) and f(g^t) to the synthetic face x'.

    FC 50176 (7 × 7 × 1024), five deconvolutions of stride 2 that take 1024, 512, 256, 128 and 64 channels and halve
    them, one of stride 1 to 16 channels, all with ReLU, and one of stride 1 to RGB with tanh. The table lists the
    channels that go *into* each deconvolution: read so, its 50176, its 224 pixels and RGB all come out.
    """

    def __init__(
        self,
        image_size: int = 224,
        width: int = 64,
        code_size: int = 50 + 32,
        contours: bool = False,
        skips: bool = False,
        blend: bool = False,
    ) -> None:
        """Build one.

        Args:
            image_size: As in `Encoder`.
            width: As in `Encoder`.
            code_size: Length of f(x) and f(g^t) together.
            contours: Show the target landmarks, drawn as contours, to every convolution.
            skips: Show the encoder's features of the same size to every deconvolution of stride 2.
            blend: Predict a mask as well, which blends the colors with a warped face that is given.
        """
        super().__init__()
        count, self.side = halvings(image_size)
        widths = [width << i for i in reversed(range(count))]
        extra = len(CONTOURS) if contours else 0
        self.contours, self.skips = contours, skips
        self.project = nn.Linear(code_size, widths[0] * self.side**2)
        self.deconvs = nn.ModuleList(
            nn.ConvTranspose2d(channels * (1 + skips) + extra, channels // 2, 5, stride=2, padding=2, output_padding=1)
            for channels in widths
        )
        # a deconvolution of stride 1 is a convolution
        self.refine = nn.Conv2d(width // 2 + extra + 4 * blend, width // 4, 5, padding=2)
        self.color = nn.Conv2d(width // 4, 3 + blend, 5, padding=2)

    def forward(
        self, code: Tensor, landmarks: Tensor, features: Sequence[Tensor] = (), warped: WarpedFace | None = None
    ) -> Tensor:
        """Decode a face.

        Args:
            code: f(x) and f(g^t), ``(B, code_size)``.
            landmarks: The target g^t, ``(B, 68, 2)``, which ``contours`` draws.
            features: Those of the encoder, which ``skips`` uses.
            warped: The face to blend with.

        Returns:
            x' ``(B, 3, H, W)`` in [-1, 1].
        """
        x = F.relu(self.project(code)).view(len(code), -1, self.side, self.side)
        for i, deconv in enumerate(self.deconvs, start=1):
            x = self._beside(x, landmarks, features[-i] if self.skips else None)
            x = F.relu(deconv(x))
        x = F.relu(self.refine(self._beside(x, landmarks, None if warped is None else torch.cat(warped[:2], dim=1))))
        color = self.color(x)
        if warped is None:
            return torch.tanh(color)
        mask = torch.sigmoid(color[:, 3:] - 2)  # at first, mostly the warped picture
        mask = torch.maximum(mask, 1 - warped.covered)  # there is nothing in its holes
        return mask * torch.tanh(color[:, :3]) + (1 - mask) * warped.image

    def _beside(self, x: Tensor, landmarks: Tensor, other: Tensor | None) -> Tensor:
        parts = [x] if other is None else [x, other.to(x.dtype)]
        if self.contours:
            parts.append(draw_contours(landmarks, x.shape[-1]).to(x.dtype))
        return torch.cat(parts, dim=1) if len(parts) > 1 else x
