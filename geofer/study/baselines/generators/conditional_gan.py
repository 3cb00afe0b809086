"""The conditional GAN: Mirza and Osindero, arXiv 1411.1784, 2014.

G and D both see a condition, and G makes a picture from nothing but that and noise::

    min_G  E[−log D(G(z, f(g^t)), f(g^t))],      z from U[−1, 1]
    min_D  E[−log D(x^t, f(g^t))] + E[−log(1 − D(G(z, f(g^t)), f(g^t)))]

Reading: the condition is the geometry, embedded by E, which learns with G and by Eq. 9; expression and pose are in it.
z is as long as f(x) and takes its place. So it is left to chance whose face comes out: the input is not looked at. It
shows what keeping the person is worth, and how far faces of nobody serve a classifier.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from geofer.errors import ConfigError
from geofer.faces import PairBatch
from geofer.modules.generative import Losses
from geofer.modules.losses import adversarial_loss, discriminator_loss
from geofer.networks.discriminators import AttributeDiscriminator
from geofer.networks.embedding import GeometryEmbedding
from geofer.networks.generator import Decoder
from geofer.networks.synthesizer import GeneratorConfig, Synthesis, initialize
from geofer.study.baselines.generators.compared import ComparedGenerator, Terms


class NoiseSynthesizer(nn.Module):
    """E and G_dec: ``x' = G_dec(z, E(g^t))``."""

    warp = None

    def __init__(self, image_size: int, config: GeneratorConfig) -> None:
        """Build the networks for pictures of ``image_size`` pixels.

        Raises:
            ConfigError: An addition that needs an input face.
        """
        super().__init__()
        if config.skips or config.warp:
            raise ConfigError(
                "A conditional GAN sees no input face: set generator.skips and generator.warp to false for it."
            )
        self.noise_size = config.identity_size
        self.embedding = GeometryEmbedding(config.embedding_size)
        code_size = config.identity_size + config.embedding_size
        self.decoder = Decoder(image_size, config.width, code_size, contours=config.contours)
        initialize(self, config.initial_std)

    def forward(self, image: Tensor, landmarks: Tensor, target: Tensor) -> Synthesis:
        """Make a face of somebody; arguments and result as of `geofer.networks.synthesizer.Synthesizer`.

        The first two arguments are not looked at; z is the ``identity`` of the result.
        """
        embedding, reconstruction = self.embedding(target)
        noise = torch.empty(len(target), self.noise_size, device=target.device).uniform_(-1, 1)
        image = self.decoder(torch.cat([noise, embedding], dim=1), target)
        return Synthesis(image, noise, embedding, reconstruction)


class ConditionalGAN(ComparedGenerator):
    """The conditional GAN on f(g); it has nothing to do in a warm-up and skips it.

    Attributes:
        attribute_discriminator: D.
    """

    def _build_networks(self, generator: GeneratorConfig, width: int) -> None:
        self.schedule = replace(self.schedule, warmup=0, adversarial_ramp=0)
        self.synthesizer = NoiseSynthesizer(self.image_size, generator)
        self.attribute_discriminator = AttributeDiscriminator(self.image_size, width, generator.embedding_size)

    def _discriminators(self) -> list[nn.Module]:
        return [self.attribute_discriminator]

    def _discriminator_losses(self, batch: PairBatch, synthesis: Synthesis) -> Losses:
        real = self.attribute_discriminator(batch["target_image"], synthesis.embedding)
        return {"d": discriminator_loss(real, self.attribute_discriminator(synthesis.image, synthesis.embedding))}

    def _judged_terms(self, batch: PairBatch, synthesis: Synthesis) -> Terms:
        judgment = self.attribute_discriminator(synthesis.image, synthesis.embedding)
        return {"adv": (self.loss_config.attribute, adversarial_loss(judgment))}
