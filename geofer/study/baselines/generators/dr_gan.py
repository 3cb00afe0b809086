"""DR-GAN, disentangled representation learning: Tran, Yin and Liu, CVPR 2017, with one picture as input.

No picture is compared with another: D says whom a picture shows and how, and real is who is recognized. G gets noise z
beside the identity f(x) and the pose code c, which the paper replaces by f(g)::

    min_D  E[−log D^d_{y^d}(x^t)] + E[‖D^p(x^t) − g^t‖²] + E[−log D^d_{N^d+1}(x')]
    min_G  E[−log D^d_{y^d}(x')]  + E[‖D^p(x') − g^t‖²] / 68,      x' = G(f(x), f(g^t), z),  z from U[−1, 1]

Readings: D^d tells N^d people and, as class N^d + 1, synthetic faces. Where D^p told N^p poses it gives the landmarks,
under a Gaussian: that is what becomes of a cross entropy when the pose code becomes a geometry. E learns with G, and by
Eq. 9. z is as long as f(x). For G the squares are a mean over the landmarks: their sum would drown who it shall be, and
G would paint what D reads as landmarks onto faces of nobody. Both of G's terms weigh λ₁.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from geofer.faces import NUM_LANDMARKS, PairBatch
from geofer.modules.generative import Losses
from geofer.modules.losses import classification_loss, geometry_loss
from geofer.networks.discriminators import AttributeDiscriminator
from geofer.networks.synthesizer import GeneratorConfig, Synthesis, Synthesizer
from geofer.study.baselines.generators.compared import ComparedGenerator, Terms

PEOPLE = 1024
"""N^d at least: classes that nobody has cost nothing, and where there are more people some share a class."""


class DRGAN(ComparedGenerator):
    """DR-GAN with f(g) for the pose code; it has nothing to do in a warm-up and skips it.

    Attributes:
        discriminator: D, with a logit for each of `PEOPLE`, one for synthetic faces, and 136 landmark coordinates.
    """

    def _build_networks(self, generator: GeneratorConfig, width: int) -> None:
        self.schedule = replace(self.schedule, warmup=0, adversarial_ramp=0)
        self.synthesizer = Synthesizer(self.image_size, generator, noise_size=generator.identity_size)
        self.discriminator = AttributeDiscriminator(
            self.image_size, width, condition_channels=0, outputs=PEOPLE + 1 + 2 * NUM_LANDMARKS
        )

    def _discriminators(self) -> list[nn.Module]:
        return [self.discriminator]

    def _judge(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of people ``(B, PEOPLE + 1)`` and landmarks ``(B, 68, 2)``."""
        people, landmarks = self.discriminator(image).split([PEOPLE + 1, 2 * NUM_LANDMARKS], dim=1)
        return people, landmarks.unflatten(1, (NUM_LANDMARKS, 2))

    def _discriminator_losses(self, batch: PairBatch, synthesis: Synthesis) -> Losses:
        people, landmarks = self._judge(batch["target_image"])
        synthetic, _ = self._judge(synthesis.image)
        return {
            "d_id": classification_loss(people, batch["subject"] % PEOPLE),
            "d_geo": geometry_loss(landmarks, batch["target_landmarks"]),
            "d_fake": classification_loss(synthetic, torch.full_like(batch["subject"], PEOPLE)),
        }

    def _judged_terms(self, batch: PairBatch, synthesis: Synthesis) -> Terms:
        people, landmarks = self._judge(synthesis.image)
        return {
            "id": (self.loss_config.attribute, classification_loss(people, batch["subject"] % PEOPLE)),
            "shape": (self.loss_config.attribute / NUM_LANDMARKS, geometry_loss(landmarks, batch["target_landmarks"])),
        }
