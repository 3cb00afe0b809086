"""AAE, the adversarial autoencoder: Makhzani, Shlens, Jaitly, Goodfellow and Frey, ICLR Workshop 2016.

An autoencoder whose code is drawn towards a prior p(z) by a discriminator D_i::

    min_G     ‖x − G(f(x), f(g))‖₁ + λ₂ E[−log D_i(f(x))]
    min_D_i   E_{p(z)}[−log D_i(z)] + E[−log(1 − D_i(f(x)))]

Readings: the supervised form of their Section 4, whose decoder also gets the label, so that the code need not hold it;
without a label no other expression could be asked for. The label is f(g). The prior is uniform on [−1, 1], as f(x) ends
in a tanh, where theirs is Gaussian. The reconstruction is L1, as in Eq. 7.

It never sees two faces of a person side by side: x is all it has to reconstruct.
"""

import torch
from torch import nn

from geofer.faces import PairBatch
from geofer.modules.generative import Losses
from geofer.modules.losses import adversarial_loss, discriminator_loss, reconstruction_loss
from geofer.networks.discriminators import IdentityDiscriminator
from geofer.networks.synthesizer import GeneratorConfig, Synthesis, Synthesizer
from geofer.study.baselines.generators.compared import ComparedGenerator, Terms


class AAE(ComparedGenerator):
    """The supervised adversarial autoencoder, with f(g) for the label.

    Attributes:
        identity_discriminator: D_i.
    """

    def _build_networks(self, generator: GeneratorConfig, width: int) -> None:
        self.synthesizer = Synthesizer(self.image_size, generator)
        self.identity_discriminator = IdentityDiscriminator(generator.identity_size)

    def _discriminators(self) -> list[nn.Module]:
        return [self.identity_discriminator]

    def training_step(self, batch: PairBatch, batch_idx: int) -> Losses:
        """One step of each part, on pairs of every face with itself."""
        return super().training_step(paired_with_itself(batch), batch_idx)

    def _discriminator_losses(self, batch: PairBatch, synthesis: Synthesis) -> Losses:
        prior = self.identity_discriminator(torch.empty_like(synthesis.identity).uniform_(-1, 1))
        return {"d_i": discriminator_loss(prior, self.identity_discriminator(synthesis.identity))}

    def _own_terms(self, batch: PairBatch, synthesis: Synthesis) -> Terms:
        reconstruction = reconstruction_loss(synthesis.image, batch["target_image"])
        return super()._own_terms(batch, synthesis) | {"rec": (self.loss_config.reconstruction, reconstruction)}

    def _judged_terms(self, batch: PairBatch, synthesis: Synthesis) -> Terms:
        judgment = self.identity_discriminator(synthesis.identity)
        return {"prior": (self.loss_config.prior, adversarial_loss(judgment))}


def paired_with_itself(batch: PairBatch) -> PairBatch:
    """The batch with every face as its own target."""
    itself = PairBatch(
        **{
            **batch,
            "target_image": batch["image"],
            "target_landmarks": batch["landmarks"],
            "target_expression": batch["expression"],
        }
    )
    if "blendshapes" in batch:
        itself["target_blendshapes"] = batch["blendshapes"]
    return itself
