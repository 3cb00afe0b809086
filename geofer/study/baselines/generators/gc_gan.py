"""GC-GAN, the geometry-contrastive GAN: Qiao, Yao, Jiao, Li, Chen and Wang, arXiv 1802.01822, 2018.

E and an encoder-decoder as in our method, which took E from here; no prior on f(x), no classifier apart. Instead, E
learns where expressions lie (contrastive learning), and D also recognizes them (an auxiliary classifier)::

    min_{G,E}  ‖x^t − G(f(x), f(g^t))‖₁ + λ₁ E[−log D(x')] + λ₃ E[−log D_{y^t}(x')] + λ_c L_contrast + λ₄ L_gr
    L_contrast = mean over pairs of  ½ d²  for one expression,  ½ max(0, m − d²)  for two,  d = ‖f(g₁) − f(g₂)‖₂
    min_D      E[−log D(x^t)] + E[−log(1 − D(x'))] + E[−log D_{y^t}(x^t)]

Readings: the pairs of geometries are all those of a batch, where the authors draw one reference for each face. The
margin m = 5, and D that sees no geometry but recognizes the expression, are those of the authors' release, which the
paper retrained. There E has an optimizer of its own for the last two terms, which feels no scale; in a common loss λ_c
is 0.01, strong enough to gather expressions and too weak to cost the reconstruction anything. The release has a
Wasserstein loss; the adversarial loss here is everybody's. Its decoder adds features of the encoder to its own;
``generator.skips`` shows them to it here, and is off as in the full method.
"""

import torch
from torch import Tensor, nn

from geofer.faces import PairBatch
from geofer.modules.generative import Losses
from geofer.modules.losses import adversarial_loss, classification_loss, discriminator_loss, reconstruction_loss
from geofer.networks.discriminators import AttributeDiscriminator
from geofer.networks.synthesizer import GeneratorConfig, Synthesis, Synthesizer
from geofer.study.baselines.generators.compared import ComparedGenerator, Terms

MARGIN = 5.0
CONTRAST = 0.01


class GCGAN(ComparedGenerator):
    """The geometry-contrastive GAN.

    Attributes:
        discriminator: D, with one logit for real, and one for each expression.
    """

    def _build_networks(self, generator: GeneratorConfig, width: int) -> None:
        self.synthesizer = Synthesizer(self.image_size, generator)
        self.discriminator = AttributeDiscriminator(
            self.image_size, width, condition_channels=0, outputs=1 + len(self.expressions)
        )

    def _discriminators(self) -> list[nn.Module]:
        return [self.discriminator]

    def _discriminator_losses(self, batch: PairBatch, synthesis: Synthesis) -> Losses:
        real, fake = self.discriminator(batch["target_image"]), self.discriminator(synthesis.image)
        return {
            "d": discriminator_loss(real[:, 0], fake[:, 0]),
            "d_cls": classification_loss(real[:, 1:], batch["target_expression"]),
        }

    def _own_terms(self, batch: PairBatch, synthesis: Synthesis) -> Terms:
        weights = self.loss_config
        contrast = contrastive_loss(synthesis.embedding, batch["target_expression"], MARGIN)
        return super()._own_terms(batch, synthesis) | {
            "rec": (weights.reconstruction, reconstruction_loss(synthesis.image, batch["target_image"])),
            "contrast": (CONTRAST, contrast),
        }

    def _judged_terms(self, batch: PairBatch, synthesis: Synthesis) -> Terms:
        judgment = self.discriminator(synthesis.image)
        recognized = classification_loss(judgment[:, 1:], batch["target_expression"])
        return {
            "adv": (self.loss_config.attribute, adversarial_loss(judgment[:, 0])),
            "cls": (self.loss_config.classification, recognized),
        }


def contrastive_loss(embedding: Tensor, expression: Tensor, margin: float) -> Tensor:
    """Draws geometries of one expression together, and those of two apart, over all pairs of a batch.

    Args:
        embedding: f(g), ``(B, size)``, of at least two faces.
        expression: ``(B,)`` int64.
        margin: Squared distance from which on two expressions are far enough apart.

    Returns:
        A scalar, the mean over all pairs.
    """
    first, second = torch.triu_indices(len(embedding), len(embedding), offset=1, device=embedding.device)
    distance = (embedding[first] - embedding[second]).float().square().sum(dim=1)
    same = expression[first] == expression[second]
    return 0.5 * torch.where(same, distance, (margin - distance).clamp(min=0)).mean()
