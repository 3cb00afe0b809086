"""The paper's method: E, G, D_att, D_i and C, trained together."""

import torch
from torch import Tensor, nn

from geofer.faces import INNER_LIP, NUM_LANDMARKS, PairBatch
from geofer.modules.generative import GenerativeModule, Losses
from geofer.modules.losses import (
    adversarial_loss,
    classification_loss,
    discriminator_loss,
    geometry_loss,
    gradient_loss,
    reconstruction_loss,
    total_variation_loss,
)
from geofer.networks.contours import CONTOURS, draw_contours, fill_polygon, weigh_regions
from geofer.networks.discriminators import AttributeDiscriminator, DiscriminatorConfig, IdentityDiscriminator
from geofer.networks.modes import evaluating
from geofer.networks.synthesizer import GeneratorConfig, Synthesis, build_synthesizer


class GeometryGuidedFER(GenerativeModule):
    """Synthesis and recognition, end to end (Section III): the classifier also teaches the generator.

    Attributes:
        synthesizer: E and G.
        attribute_discriminator: D_att.
        identity_discriminator: D_i.
    """

    def _build(self, generator: GeneratorConfig, discriminator: DiscriminatorConfig) -> None:
        self.condition = discriminator.condition
        channels = {"embedding": generator.embedding_size, "raw": 2 * NUM_LANDMARKS, "contours": len(CONTOURS)}
        self.synthesizer = build_synthesizer(self.image_size, generator)
        self.attribute_discriminator = AttributeDiscriminator(
            self.image_size, discriminator.width, channels[discriminator.condition], discriminator.patches
        )
        self.identity_discriminator = IdentityDiscriminator(generator.identity_size)

    def _discriminators(self) -> list[nn.Module]:
        return [self.attribute_discriminator, self.identity_discriminator]

    def _discriminator_losses(self, batch: PairBatch, synthesis: Synthesis) -> Losses:
        """Eq. 3 and 4, for D_att and D_i."""
        losses = {}
        if self.loss_config.attribute > 0:
            condition = self._condition(batch["target_landmarks"], synthesis.embedding)
            real = self.attribute_discriminator(batch["target_image"], condition)
            fake = self.attribute_discriminator(synthesis.image, condition)
            losses["d_att"] = discriminator_loss(real, fake)
        if self.loss_config.prior > 0:
            prior = self.identity_discriminator(torch.empty_like(synthesis.identity).uniform_(-1, 1))
            losses["d_i"] = discriminator_loss(prior, self.identity_discriminator(synthesis.identity))
        return losses

    def _generator_loss(self, batch: PairBatch, synthesis: Synthesis, strength: float) -> tuple[Tensor, Losses]:
        """Eq. 10, for E and G; ``strength`` scales what the discriminators and the classifier say."""
        image, landmarks, config = synthesis.image, batch["target_landmarks"], self.loss_config
        compared = batch["target_image"] if config.reconstruction_target == "target" else batch["image"]
        regions = self._regions(landmarks)
        losses = {
            "rec": reconstruction_loss(image, compared, regions),
            "geo": geometry_loss(synthesis.reconstruction, landmarks),
            "tv": total_variation_loss(image, config.variation_scale),
        }
        loss = config.reconstruction * losses["rec"] + config.geometry * losses["geo"] + config.variation * losses["tv"]
        if config.gradients > 0:
            every = landmarks.new_ones(len(landmarks), 1, self.image_size, self.image_size)
            losses["edges"] = gradient_loss(image, compared, every if regions is None else regions)
            loss = loss + config.gradients * losses["edges"]
        if strength > 0 and config.attribute > 0:
            embedding = synthesis.embedding if config.condition_learns else synthesis.embedding.detach()
            condition = self._condition(landmarks, embedding)
            losses["adv"] = adversarial_loss(self.attribute_discriminator(image, condition))
            loss = loss + strength * config.attribute * losses["adv"]
        if strength > 0 and config.prior > 0:
            losses["prior"] = adversarial_loss(self.identity_discriminator(synthesis.identity))
            loss = loss + strength * config.prior * losses["prior"]
        if strength > 0 and config.classification > 0 and self.schedule.end_to_end:
            with evaluating(self.classifier):  # by its pixels: the target's geometry would answer for any face
                losses["cls"] = classification_loss(self(image), batch["target_expression"], config.label_smoothing)
            loss = loss + strength * config.classification * losses["cls"]
        return loss, losses

    def _regions(self, landmarks: Tensor) -> Tensor | None:
        """What each pixel counts for in Eq. 7; None if all count the same."""
        config = self.loss_config
        if config.region_weight == 1 and config.mouth_weight == 0:
            return None
        mouth = fill_polygon(landmarks[:, INNER_LIP], self.image_size)
        return weigh_regions(landmarks, self.image_size, config.region_weight) + config.mouth_weight * mouth

    def _condition(self, landmarks: Tensor, embedding: Tensor) -> Tensor:
        """What D_att sees of the geometry."""
        if self.condition == "embedding":
            return embedding
        if self.condition == "raw":
            return landmarks.flatten(1)
        return draw_contours(landmarks, self.image_size // 2)
