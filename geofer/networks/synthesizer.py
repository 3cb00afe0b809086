"""E and G together: from a face and a target geometry to a synthetic face."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from geofer.networks.embedding import GeometryEmbedding
from geofer.networks.generator import Decoder, Encoder
from geofer.networks.warp import FaceWarp
from geofer.networks.warped_unet import WarpedUNet
from geofer.ranges import check_ranges


@dataclass(frozen=True)
class GeneratorConfig:
    """Size and additions of E and G; the defaults are the paper's.

    Attributes:
        width: Filters of the encoder's first convolution, at least 4.
        identity_size: Length of f(x).
        embedding_size: Length of f(g).
        initial_std: Weights of E, G and the discriminators start from N(0, initial_std); None takes He's deviation
            for each layer, which narrow networks learn faster from.
        contours: The decoder also sees the target landmarks drawn as contours, at every scale.
        skips: The decoder also sees the encoder's features, at every scale.
        warp: The face is first turned from its own landmarks to the target's by `geofer.networks.warp.FaceWarp`; the
            encoder sees that picture, and the decoder paints over it where it must.
        unet: Instead of G_enc and G_dec of the paper, `geofer.networks.warped_unet.WarpedUNet`, which warps, sees
            contours and has skips in any case.
    """

    width: int = 64
    identity_size: int = 50
    embedding_size: int = 32
    initial_std: float | None = 0.02
    contours: bool = False
    skips: bool = False
    warp: bool = False
    unet: bool = False

    def __post_init__(self) -> None:
        """Refuse numbers out of their range.

        Raises:
            ConfigError: It says which.
        """
        smallest = {"width": 4, "identity_size": 1, "embedding_size": 1, "initial_std": 0}
        check_ranges("generator", self, low=smallest)


class Synthesis(NamedTuple):
    """What E and G make of a batch.

    Attributes:
        image: x', ``(B, 3, H, W)`` in [-1, 1].
        identity: f(x), ``(B, identity_size)``.
        embedding: f(g^t), ``(B, embedding_size)``.
        reconstruction: The landmarks that E gives back, ``(B, 68, 2)``.
    """

    image: Tensor
    identity: Tensor
    embedding: Tensor
    reconstruction: Tensor


class Synthesizer(nn.Module):
    """E, G_enc and G_dec: ``x' = G_dec(G_enc(x), E(g^t))``."""

    def __init__(self, image_size: int, config: GeneratorConfig, noise_size: int = 0) -> None:
        """Build the networks.

        Args:
            image_size: Side of the pictures in pixels.
            config: Size and additions.
            noise_size: Length of a vector, uniform in [-1, 1], that G_dec also gets; the paper's gets none.
        """
        super().__init__()
        self.noise_size = noise_size
        self.embedding = GeometryEmbedding(config.embedding_size)
        self.warp = FaceWarp(image_size) if config.warp else None
        self.encoder = Encoder(image_size, config.width, config.identity_size)
        self.decoder = Decoder(
            image_size,
            config.width,
            config.identity_size + config.embedding_size + noise_size,
            contours=config.contours,
            skips=config.skips,
            blend=config.warp,
        )
        initialize(self, config.initial_std)

    def forward(self, image: Tensor, landmarks: Tensor, target: Tensor) -> Synthesis:
        """Give a face another geometry.

        Args:
            image: x, ``(B, 3, H, W)`` in [-1, 1].
            landmarks: Those of x, ``(B, 68, 2)`` in [-1, 1]; only ``warp`` uses them.
            target: g^t, ``(B, 68, 2)`` in [-1, 1].
        """
        embedding, reconstruction = self.embedding(target)
        warped = self.warp(image, landmarks, target) if self.warp is not None else None
        identity, features = self.encoder(image if warped is None else warped.image)
        noise = identity.new_empty(len(identity), self.noise_size).uniform_(-1, 1)
        code = torch.cat([identity, embedding, noise], dim=1)
        return Synthesis(self.decoder(code, target, features, warped), identity, embedding, reconstruction)


class UNetSynthesizer(nn.Module):
    """E and the tuned G: ``x' = G(x, g, g^t, E(g^t))``, with a `WarpedUNet`."""

    def __init__(self, image_size: int, config: GeneratorConfig) -> None:
        """Build the networks.

        Args:
            image_size: Side of the pictures in pixels.
            config: With ``unet``; its width, and the sizes of f(x) and f(g^t).
        """
        super().__init__()
        self.embedding = GeometryEmbedding(config.embedding_size)
        self.generator = WarpedUNet(image_size, config.width, config.identity_size, config.embedding_size)

    @property
    def warp(self) -> FaceWarp:
        """What turns the face before it is painted."""
        return self.generator.warp

    def forward(self, image: Tensor, landmarks: Tensor, target: Tensor) -> Synthesis:
        """Give a face another geometry.

        Args:
            image: x, ``(B, 3, H, W)`` in [-1, 1].
            landmarks: Those of x, ``(B, 68, 2)`` in [-1, 1].
            target: g^t, ``(B, 68, 2)`` in [-1, 1].
        """
        embedding, reconstruction = self.embedding(target)
        made, identity = self.generator(image, landmarks, target, embedding)
        return Synthesis(made, identity, embedding, reconstruction)


def build_synthesizer(image_size: int, config: GeneratorConfig) -> Synthesizer | UNetSynthesizer:
    """E and G as they are configured.

    Args:
        image_size: Side of the pictures in pixels.
        config: Size and kind.
    """
    return UNetSynthesizer(image_size, config) if config.unet else Synthesizer(image_size, config)


def initialize(network: nn.Module, std: float | None) -> None:
    """Draw the weights of convolutions and fully connected layers; biases become 0.

    Args:
        network: What to initialize, in place.
        std: Standard deviation of a normal distribution around 0; None takes ``sqrt(2 / fan_in)`` (He et al., 2015),
            where a deconvolution of stride s counts each input ``1 / s²`` times.
    """
    for module in network.modules():
        if not isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            continue
        if isinstance(module, nn.ConvTranspose2d):
            fan_in = module.weight[:, 0].numel() / (module.stride[0] * module.stride[1])
        else:
            fan_in = module.weight[0].numel()
        nn.init.normal_(module.weight, std=(2 / fan_in) ** 0.5 if std is None else std)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
