"""The paper's method: E, G, D_att, D_i and C, trained together."""

from collections.abc import Sequence
from typing import Literal

import torch
from lightning.pytorch.cli import OptimizerCallable
from torch import Tensor, nn

from geofer.faces import NUM_LANDMARKS, PairBatch
from geofer.modules.augmentation import AugmentationConfig
from geofer.modules.generative import GenerativeModule, Losses
from geofer.modules.hyperparameters import plain_arguments
from geofer.modules.losses import (
    LossWeights,
    adversarial_loss,
    classification_loss,
    discriminator_loss,
    geometry_loss,
    reconstruction_loss,
    total_variation_loss,
)
from geofer.modules.schedule import Schedule
from geofer.modules.targets import SynthesisConfig
from geofer.networks.classifier import ClassifierConfig
from geofer.networks.contours import CONTOURS, draw_contours, weigh_regions
from geofer.networks.discriminators import AttributeDiscriminator, IdentityDiscriminator
from geofer.networks.modes import evaluating
from geofer.networks.synthesizer import GeneratorConfig, Synthesis, Synthesizer, initialize
from geofer.ranges import check_range


class GeometryGuidedFER(GenerativeModule):
    """Synthesis and recognition, end to end (Section III): the classifier also teaches the generator.

    Attributes:
        synthesizer: E and G.
        attribute_discriminator: D_att.
        identity_discriminator: D_i.
    """

    def __init__(
        self,
        expressions: Sequence[str],
        image_size: int,
        classifier: ClassifierConfig = ClassifierConfig(),  # noqa: B008
        augmentation: AugmentationConfig = AugmentationConfig(),  # noqa: B008
        generator: GeneratorConfig = GeneratorConfig(),  # noqa: B008
        discriminator_width: int = 16,
        patches: bool = False,
        condition: Literal["embedding", "raw", "contours"] = "embedding",
        weights: LossWeights = LossWeights(),  # noqa: B008
        region_weight: float = 1.0,
        reconstruction_target: Literal["target", "input"] = "target",
        label_smoothing: float = 0.1,
        end_to_end: bool = True,
        schedule: Schedule = Schedule(),  # noqa: B008
        synthesis: SynthesisConfig = SynthesisConfig(),  # noqa: B008
        generator_steps: int = 1,
        average: float = 0.999,
        gradient_clip: float | None = None,
        decay: float = 0.0,
        generator_optimizer: OptimizerCallable = lambda parameters: torch.optim.Adam(
            parameters, lr=5e-4, betas=(0.5, 0.999)
        ),
        discriminator_optimizer: OptimizerCallable = lambda parameters: torch.optim.Adam(
            parameters, lr=5e-4, betas=(0.5, 0.999)
        ),
        classifier_optimizer: OptimizerCallable = lambda parameters: torch.optim.Adam(
            parameters, lr=5e-4, betas=(0.5, 0.999)
        ),
    ) -> None:
        """Build the networks; the defaults are the paper's.

        Args:
            expressions: Names of the expressions, in the order of their labels.
            image_size: Side of the pictures in pixels: 4, 5, 6 or 7 times a power of two.
            classifier: Which classifier.
            augmentation: How the classifier's faces are changed, real and synthetic ones alike.
            generator: Size and additions of E and G.
            discriminator_width: Filters of the first convolution of D_att.
            patches: D_att judges patches instead of the whole picture.
            condition: What D_att sees of the geometry: its embedding, the landmarks themselves, or their contours.
            weights: λ of Eq. 10.
            region_weight: What pixels around eyes and mouth of x^t count for in the reconstruction (Eq. 7).
            reconstruction_target: What x' is compared with in Eq. 7: x^t, or x, which is the equation to the letter.
            label_smoothing: ρ of Eq. 6, for synthetic faces.
            end_to_end: Whether the classifier teaches the generator (λ3). False is the row No_E2E of Table VIII: the
                generator is trained first and the classifier after it, as the schedule says.
            schedule: When each part learns.
            synthesis: The synthetic faces that the classifier learns from.
            generator_steps: Steps of the generator for each one of the discriminators.
            average: Decay of the generator's averaged weights.
            gradient_clip: Largest norm of each optimizer's gradients; None does not clip.
            decay: Learning rates fall linearly to 0 over this last share of the training; 0 keeps them.
            generator_optimizer: Builds the optimizer of E and G.
            discriminator_optimizer: Builds the optimizer of D_att and D_i.
            classifier_optimizer: Builds the optimizer of C.

        Raises:
            ConfigError: A number or a schedule that cannot work.
        """
        arguments = plain_arguments(self, locals())
        super().__init__(
            expressions,
            image_size,
            classifier,
            augmentation,
            label_smoothing,
            schedule,
            synthesis,
            generator_steps,
            average,
            gradient_clip,
            decay,
            generator_optimizer,
            discriminator_optimizer,
            classifier_optimizer,
        )
        self.save_hyperparameters(arguments)
        schedule.check(end_to_end)
        check_range("discriminator_width", discriminator_width, 1)
        check_range("region_weight", region_weight, 0)

        self.synthesizer = Synthesizer(image_size, generator)
        channels = {"embedding": generator.embedding_size, "raw": 2 * NUM_LANDMARKS, "contours": len(CONTOURS)}
        self.attribute_discriminator = AttributeDiscriminator(
            image_size, discriminator_width, channels[condition], patches
        )
        self.identity_discriminator = IdentityDiscriminator(generator.identity_size)
        for network in self._discriminators():
            initialize(network, generator.initial_std)
        self._start_average()

        self.condition, self.weights, self.end_to_end = condition, weights, end_to_end
        self.region_weight, self.reconstruction_target = region_weight, reconstruction_target

    def _discriminators(self) -> list[nn.Module]:
        return [self.attribute_discriminator, self.identity_discriminator]

    def _discriminator_losses(self, batch: PairBatch, synthesis: Synthesis) -> Losses:
        """Eq. 3 and 4, for D_att and D_i."""
        losses = {}
        if self.weights.attribute > 0:
            condition = self._condition(batch["target_landmarks"], synthesis.embedding)
            real = self.attribute_discriminator(batch["target_image"], condition)
            fake = self.attribute_discriminator(synthesis.image, condition)
            losses["d_att"] = discriminator_loss(real, fake)
        if self.weights.prior > 0:
            prior = self.identity_discriminator(torch.empty_like(synthesis.identity).uniform_(-1, 1))
            losses["d_i"] = discriminator_loss(prior, self.identity_discriminator(synthesis.identity))
        return losses

    def _generator_loss(self, batch: PairBatch, synthesis: Synthesis, strength: float) -> tuple[Tensor, Losses]:
        """Eq. 10, for E and G; ``strength`` scales what the discriminators and the classifier say."""
        image, landmarks, weights = synthesis.image, batch["target_landmarks"], self.weights
        compared = batch["target_image"] if self.reconstruction_target == "target" else batch["image"]
        regions = weigh_regions(landmarks, self.image_size, self.region_weight) if self.region_weight != 1 else None
        losses = {
            "rec": reconstruction_loss(image, compared, regions),
            "geo": geometry_loss(synthesis.reconstruction, landmarks),
            "tv": total_variation_loss(image),
        }
        loss = (
            weights.reconstruction * losses["rec"] + weights.geometry * losses["geo"] + weights.variation * losses["tv"]
        )
        if strength > 0 and weights.attribute > 0:
            condition = self._condition(landmarks, synthesis.embedding)
            losses["adv"] = adversarial_loss(self.attribute_discriminator(image, condition))
            loss = loss + strength * weights.attribute * losses["adv"]
        if strength > 0 and weights.prior > 0:
            losses["prior"] = adversarial_loss(self.identity_discriminator(synthesis.identity))
            loss = loss + strength * weights.prior * losses["prior"]
        if strength > 0 and weights.classification > 0 and self.end_to_end:
            with evaluating(self.classifier):  # by its pixels: the target's geometry would answer for any face
                losses["cls"] = classification_loss(self(image), batch["target_expression"], self.label_smoothing)
            loss = loss + strength * weights.classification * losses["cls"]
        return loss, losses

    def _condition(self, landmarks: Tensor, embedding: Tensor) -> Tensor:
        """What D_att sees of the geometry."""
        if self.condition == "embedding":
            return embedding
        if self.condition == "raw":
            return landmarks.flatten(1)
        return draw_contours(landmarks, self.image_size // 2)
