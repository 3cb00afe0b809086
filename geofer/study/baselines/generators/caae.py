"""CAAE, the conditional adversarial autoencoder: Zhang, Song and Qi, CVPR 2017.

The adversarial autoencoder with a second discriminator, of pictures, and a smooth picture::

    min_G       ‖x − G(f(x), l)‖₁ + λ₁ E[−log D_img(G(f(x), l), l)] + λ₂ E[−log D_z(f(x))] + λ₅ TV(G(f(x), l))
    min_D_img   E[−log D_img(x, l)] + E[−log(1 − D_img(G(f(x), l), l))]

and D_z as in `geofer.study.baselines.generators.aae`. Readings: the one-hot age l is f(g), which D_img gets as D_att
does. Their own weights are 1e-4 for both discriminators and 0 for TV in their code; here they are the full method's λ.

Our method descends from it. What is left between the two is that this one reconstructs x alone, and never a second face
of the person; and that no classifier teaches it.
"""

from torch import nn

from geofer.faces import PairBatch
from geofer.modules.generative import Losses
from geofer.modules.losses import adversarial_loss, discriminator_loss, total_variation_loss
from geofer.networks.discriminators import AttributeDiscriminator
from geofer.networks.synthesizer import GeneratorConfig, Synthesis
from geofer.study.baselines.generators.aae import AAE
from geofer.study.baselines.generators.compared import Terms


class CAAE(AAE):
    """The conditional adversarial autoencoder, with f(g) for the age.

    Attributes:
        attribute_discriminator: D_img.
    """

    def _build_networks(self, generator: GeneratorConfig, width: int) -> None:
        super()._build_networks(generator, width)
        self.attribute_discriminator = AttributeDiscriminator(self.image_size, width, generator.embedding_size)

    def _discriminators(self) -> list[nn.Module]:
        return [*super()._discriminators(), self.attribute_discriminator]

    def _discriminator_losses(self, batch: PairBatch, synthesis: Synthesis) -> Losses:
        real = self.attribute_discriminator(batch["target_image"], synthesis.embedding)
        fake = self.attribute_discriminator(synthesis.image, synthesis.embedding)
        return super()._discriminator_losses(batch, synthesis) | {"d_img": discriminator_loss(real, fake)}

    def _own_terms(self, batch: PairBatch, synthesis: Synthesis) -> Terms:
        variation = total_variation_loss(synthesis.image)
        return super()._own_terms(batch, synthesis) | {"tv": (self.loss_config.variation, variation)}

    def _judged_terms(self, batch: PairBatch, synthesis: Synthesis) -> Terms:
        judgment = self.attribute_discriminator(synthesis.image, synthesis.embedding)
        return super()._judged_terms(batch, synthesis) | {
            "adv": (self.loss_config.attribute, adversarial_loss(judgment))
        }
