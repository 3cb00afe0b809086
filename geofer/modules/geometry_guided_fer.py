"""The paper's method: E, G, D_att, D_i and C, trained together."""

import copy
from collections.abc import Sequence
from typing import Any, Literal

import torch
from lightning.pytorch.cli import OptimizerCallable
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torch.optim import Optimizer

from geofer.errors import ConfigError
from geofer.faces import NUM_LANDMARKS, FaceSource, PairBatch
from geofer.modules.augmentation import AugmentationConfig, augment
from geofer.modules.averaging import update_average
from geofer.modules.classifier import ClassifierConfig
from geofer.modules.discriminators import AttributeDiscriminator, IdentityDiscriminator
from geofer.modules.geometry import CONTOURS, draw_contours, weigh_regions
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
from geofer.modules.modes import evaluating, frozen_statistics
from geofer.modules.recognition import RecognitionModule
from geofer.modules.schedule import Schedule
from geofer.modules.synthesizer import GeneratorConfig, Synthesis, Synthesizer, initialise
from geofer.modules.targets import SynthesisConfig, TargetSampler, check_bank

Losses = dict[str, Tensor]


class GeometryGuidedFER(RecognitionModule):
    """Synthesis and recognition, end to end (Section III).

    Each batch holds pairs (x, x^t, g^t, y^t) of one person. The discriminators learn first, then the generator with
    the geometry embedding, then the classifier, on the real faces and on synthetic ones: x with the geometry of
    anybody in the training set.

    Attributes:
        synthesizer: E and G.
        averaged: Their weights averaged over the training; it makes the faces for the classifier and for the user.
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
            gradient_clip: Largest norm of each optimiser's gradients; None does not clip.
            decay: Learning rates fall linearly to 0 over this last share of the training; 0 keeps them.
            generator_optimizer: Builds the optimiser of E and G.
            discriminator_optimizer: Builds the optimiser of D_att and D_i.
            classifier_optimizer: Builds the optimiser of C.

        Raises:
            ConfigError: A size or a schedule that cannot work.
        """
        arguments = plain_arguments(self, locals())
        super().__init__(expressions, image_size, classifier, gradient_clip, decay)
        self.save_hyperparameters(arguments)
        self.automatic_optimization = False
        schedule.check(end_to_end)

        self.synthesizer = Synthesizer(image_size, generator)
        channels = {"embedding": generator.embedding_size, "raw": 2 * NUM_LANDMARKS, "contours": len(CONTOURS)}
        self.attribute_discriminator = AttributeDiscriminator(
            image_size, discriminator_width, channels[condition], patches
        )
        self.identity_discriminator = IdentityDiscriminator(generator.identity_size)
        for network in (self.attribute_discriminator, self.identity_discriminator):
            initialise(network, generator.initial_std)
        self.to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.synthesizer).requires_grad_(False)

        self.augmentation, self.condition, self.weights = augmentation, condition, weights
        self.region_weight, self.reconstruction_target = region_weight, reconstruction_target
        self.label_smoothing, self.end_to_end = label_smoothing, end_to_end
        self.schedule, self.synthesis, self.generator_steps, self.average = (
            schedule,
            synthesis,
            generator_steps,
            average,
        )
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        self.classifier_optimizer = classifier_optimizer
        self.targets: TargetSampler | None = None

    def training_step(self, batch: PairBatch, batch_idx: int) -> Losses:
        """One step of the discriminators, of the generator with E, and of the classifier.

        Returns:
            The losses by their short names, detached.
        """
        step = self.trainer.global_step
        losses: Losses = {}
        synthesis = None
        trains_classifier = self.schedule.trains_classifier(step)
        if self.schedule.trains_generator(step):
            strength = self.schedule.adversarial(step)
            synthesis = self._synthesize_targets(batch)
            if strength > 0:
                losses |= self._train_discriminators(batch, synthesis)
            losses |= self._train_generator(batch, synthesis, strength, counted=not trains_classifier)
            for _ in range(self.generator_steps - 1):
                losses |= self._train_generator(batch, self._synthesize_targets(batch), strength)
            update_average(self.averaged, self.synthesizer, self.average, updates=step)
        if trains_classifier:
            losses |= self._train_classifier(batch, synthesis, self.schedule.synthetic(step))

        losses = {name: loss.detach() for name, loss in losses.items()}
        if self._logs(step):
            self.log_dict({f"train/{name}": loss for name, loss in losses.items()}, prog_bar=True)
        return losses

    def _synthesize_targets(self, batch: PairBatch) -> Synthesis:
        """The faces x' of all pairs: one forward pass of E and G serves the three steps."""
        generator, _, _ = self._optimizers()
        with self.toggled_optimizer(generator):
            synthesis: Synthesis = self.synthesizer(batch["image"], batch["landmarks"], batch["target_landmarks"])
        return synthesis

    def _train_discriminators(self, batch: PairBatch, synthesis: Synthesis) -> Losses:
        """Eq. 3 and 4, for D_att and D_i."""
        _, discriminators, _ = self._optimizers()
        condition = self._condition(batch["target_landmarks"], synthesis.embedding.detach())
        losses = {}
        with self.toggled_optimizer(discriminators):
            if self.weights.attribute > 0:
                real = self.attribute_discriminator(batch["target_image"], condition)
                fake = self.attribute_discriminator(synthesis.image.detach(), condition)
                losses["d_att"] = discriminator_loss(real, fake)
            if self.weights.prior > 0:
                identity = synthesis.identity.detach()
                prior = self.identity_discriminator(torch.empty_like(identity).uniform_(-1, 1))
                losses["d_i"] = discriminator_loss(prior, self.identity_discriminator(identity))
            if losses:
                self._update(discriminators, torch.stack(list(losses.values())).sum())
        return losses

    def _train_generator(
        self, batch: PairBatch, synthesis: Synthesis, strength: float, counted: bool = False
    ) -> Losses:
        """Eq. 10, for E and G; ``strength`` scales what the discriminators and the classifier say."""
        generator, _, _ = self._optimizers()
        image, landmarks, weights = synthesis.image, batch["target_landmarks"], self.weights
        compared = batch["target_image"] if self.reconstruction_target == "target" else batch["image"]
        regions = weigh_regions(landmarks, self.image_size, self.region_weight) if self.region_weight != 1 else None
        with self.toggled_optimizer(generator):
            losses = {
                "rec": reconstruction_loss(image, compared, regions),
                "geo": geometry_loss(synthesis.reconstruction, landmarks),
                "tv": total_variation_loss(image),
            }
            loss = (
                weights.reconstruction * losses["rec"]
                + weights.geometry * losses["geo"]
                + weights.variation * losses["tv"]
            )
            if strength > 0 and weights.attribute > 0:
                condition = self._condition(landmarks, synthesis.embedding)
                losses["adv"] = adversarial_loss(self.attribute_discriminator(image, condition))
                loss = loss + strength * weights.attribute * losses["adv"]
            if strength > 0 and weights.prior > 0:
                losses["prior"] = adversarial_loss(self.identity_discriminator(synthesis.identity))
                loss = loss + strength * weights.prior * losses["prior"]
            if strength > 0 and weights.classification > 0 and self.end_to_end:
                with evaluating(self.classifier):
                    losses["cls"] = classification_loss(self(image), batch["target_expression"], self.label_smoothing)
                loss = loss + strength * weights.classification * losses["cls"]
            self._update(generator, loss, counted)
        return losses

    def _train_classifier(self, batch: PairBatch, synthesis: Synthesis | None, share: float) -> Losses:
        """Eq. 5, for C: real faces, and a share of the full number of synthetic ones."""
        _, _, classifier = self._optimizers()
        count = round(share * self.synthesis.per_real * len(batch["image"]))
        synthetic = self._synthesize_for_classifier(batch, synthesis, count) if count > 0 else None
        with self.toggled_optimizer(classifier):
            real = self(augment(batch["image"], self.augmentation))
            losses = {"c_real": classification_loss(real, batch["expression"])}
            loss = losses["c_real"]
            if synthetic is not None:
                image, expression = synthetic
                with frozen_statistics(self.classifier, self.synthesis.separate_statistics):
                    fake = self(augment(image, self.augmentation))
                trust = fake.detach().float().softmax(dim=1).gather(1, expression[:, None])[:, 0]
                losses["c_fake"] = classification_loss(
                    fake, expression, self.label_smoothing, trust if self.synthesis.self_paced else None
                )
                loss = loss + self.synthesis.weight * losses["c_fake"]
            self._update(classifier, loss, counted=True)
        return losses

    def _synthesize_for_classifier(
        self, batch: PairBatch, synthesis: Synthesis | None, count: int
    ) -> tuple[Tensor, Tensor]:
        """``count`` synthetic faces of the batch's people, and what they should express."""
        if self.targets is None:
            expression = batch["target_expression"][:count]
            if synthesis is not None:
                return synthesis.image[:count].detach(), expression
            return self.synthesize(
                batch["image"][:count], batch["target_landmarks"][:count], batch["landmarks"][:count]
            ), expression
        people = torch.arange(count, device=self.device) % len(batch["image"])
        landmarks = batch["landmarks"][people]
        target, expression = self.targets.sample(landmarks)
        return self.synthesize(batch["image"][people], target, landmarks), expression

    @torch.no_grad()
    def synthesize(self, image: Tensor, landmarks: Tensor, source: Tensor | None = None) -> Tensor:
        """Give faces another geometry, with the averaged weights.

        Args:
            image: ``(B, 3, H, W)`` in [-1, 1].
            landmarks: Targets, ``(B, 68, 2)`` in [-1, 1].
            source: Landmarks of ``image``, ``(B, 68, 2)``; only a generator that warps needs them.

        Returns:
            ``(B, 3, H, W)`` in [-1, 1].

        Raises:
            ConfigError: The generator warps, and ``source`` is missing.
        """
        if source is None and self.averaged.warp is not None:
            raise ConfigError("This generator warps faces: synthesize needs the landmarks of the input, source=…")
        with evaluating(self.averaged):
            synthesis: Synthesis = self.averaged(image, landmarks if source is None else source, landmarks)
        return synthesis.image

    def on_fit_start(self) -> None:
        """Fetch the landmark bank, and refuse one with anybody who is validated or tested on."""
        if self.synthesis.targets == "pair" or self.synthesis.per_real == 0:
            return
        source: FaceSource | None = getattr(self.trainer, "datamodule", None)
        if source is None:
            raise ConfigError(
                "synthesis.targets: bank takes its geometries from the data module: fit with one, or set "
                "synthesis.targets: pair."
            )
        bank = source.landmark_bank()
        check_bank(bank, {"val": source.subjects("val"), "test": source.subjects("test")})
        self.targets = TargetSampler(bank, self.synthesis, self.device)

    def configure_optimizers(self) -> list[Optimizer]:
        """E and G; D_att and D_i; C."""
        discriminators = nn.ModuleList([self.attribute_discriminator, self.identity_discriminator])
        return [
            self.generator_optimizer(self.synthesizer.parameters()),
            self.discriminator_optimizer(discriminators.parameters()),
            self.classifier_optimizer(self.classifier.parameters()),
        ]

    def _optimizers(self) -> list[LightningOptimizer]:
        optimizers: Any = self.optimizers()
        return list(optimizers)

    def _condition(self, landmarks: Tensor, embedding: Tensor) -> Tensor:
        """What D_att sees of the geometry."""
        if self.condition == "embedding":
            return embedding
        if self.condition == "raw":
            return landmarks.flatten(1)
        return draw_contours(landmarks, self.image_size // 2)

    def _update(self, optimizer: LightningOptimizer, loss: Tensor, counted: bool = False) -> None:
        """Zero, backward, step. Lightning would count every step; just one in each batch is counted."""
        optimizer.zero_grad()
        self.manual_backward(loss)
        if counted:
            optimizer.step()
        else:
            self.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None)
