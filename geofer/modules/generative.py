"""What every method here has in common whose classifier also learns from faces that a generator makes."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import repeat
from math import ceil
from typing import Any

import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from geofer.errors import ConfigError
from geofer.faces import FaceSource, PairBatch
from geofer.modules.augmentation import AugmentationConfig, augment_with_geometry
from geofer.modules.averaging import update_average
from geofer.modules.losses import LossConfig, fusion_loss
from geofer.modules.optimization import Optimization
from geofer.modules.recognition import RecognitionModule
from geofer.modules.schedule import Schedule
from geofer.modules.targets import SynthesisConfig, Targets, TargetSampler, check_bank, moved
from geofer.networks.classifier import Classifier, ClassifierConfig, ClassifierOutput
from geofer.networks.discriminators import DiscriminatorConfig
from geofer.networks.geometry_branch import geometry_of
from geofer.networks.modes import evaluating, frozen_statistics
from geofer.networks.synthesizer import GeneratorConfig, Synthesis, initialize
from geofer.ranges import check_range

Losses = dict[str, Tensor]


class GenerativeModule(RecognitionModule, ABC):
    """Trains a generator against discriminators, and C on real faces and on the generator's.

    Each batch holds pairs (x, x^t, g^t, y^t) of one person. The discriminators learn first, then the generator with
    the geometry embedding, then the classifier, on the real faces and on synthetic ones: x with the geometry of
    anybody in the training set.

    A subclass builds ``synthesizer`` and its discriminators in `_build`, and says in `_discriminators`,
    `_discriminator_losses` and `_generator_loss` who they are and what they learn from.

    Attributes:
        synthesizer: Maps x, its landmarks and g^t to a `Synthesis`.
        averaged: Its weights averaged over the training; it makes the faces for the classifier and for the user.
    """

    classifier: Classifier
    synthesizer: nn.Module
    averaged: nn.Module

    def __init__(
        self,
        expressions: Sequence[str],
        image_size: int,
        classifier: ClassifierConfig = ClassifierConfig(),  # noqa: B008
        augmentation: AugmentationConfig = AugmentationConfig(),  # noqa: B008
        generator: GeneratorConfig = GeneratorConfig(),  # noqa: B008
        discriminator: DiscriminatorConfig = DiscriminatorConfig(),  # noqa: B008
        losses: LossConfig = LossConfig(),  # noqa: B008
        schedule: Schedule = Schedule(),  # noqa: B008
        synthesis: SynthesisConfig = SynthesisConfig(),  # noqa: B008
        ema_decay: float = 0.0,
        generator_optimization: Optimization = Optimization(),  # noqa: B008
        discriminator_optimization: Optimization = Optimization(),  # noqa: B008
        classifier_optimization: Optimization = Optimization(),  # noqa: B008
        init_from: str | None = None,
    ) -> None:
        """Build the networks; the defaults are the paper's.

        Args:
            expressions: Names of the expressions, in the order of their labels.
            image_size: Side of the pictures in pixels: 4, 5, 6 or 7 times a power of two.
            classifier: Which classifier.
            augmentation: How the classifier's faces are changed, real and synthetic ones alike.
            generator: Size and additions of E and G.
            discriminator: Size and kind of D_att.
            losses: λ of Eq. 10, and the choices within its terms.
            schedule: When each part learns.
            synthesis: The synthetic faces that the classifier learns from.
            ema_decay: Decay of the exponential moving average of the generator's weights, which makes the classifier's
                faces; 0 takes the weights as they are.
            generator_optimization: How E and G learn.
            discriminator_optimization: How the discriminators learn.
            classifier_optimization: How C learns.
            init_from: Where the first weights of some or all networks come from, see `RecognitionModule`.

        Raises:
            ConfigError: A number or a size that cannot work.
        """
        check_range("ema_decay", ema_decay, 0, 1)
        super().__init__(expressions, image_size, Classifier(len(expressions), classifier), init_from)
        self.automatic_optimization = False
        self.image_loss = classifier.image_loss
        self.augmentation, self.loss_config, self.schedule = augmentation, losses, schedule
        self.synthesis, self.ema_decay = synthesis, ema_decay
        self.generator_optimization = generator_optimization
        self.discriminator_optimization = discriminator_optimization
        self.classifier_optimization = classifier_optimization
        self.targets: TargetSampler | None = None
        self._build(generator, discriminator)
        if synthesis.painter == "warp" and self.synthesizer.warp is None:
            raise ConfigError("synthesis.painter: warp needs a generator that warps: set generator.warp.")
        for network in self._discriminators():
            initialize(network, generator.initial_std)
        self.to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.synthesizer).requires_grad_(False)

    @abstractmethod
    def _build(self, generator: GeneratorConfig, discriminator: DiscriminatorConfig) -> None:
        """Set ``synthesizer`` and the discriminators."""

    @abstractmethod
    def _discriminators(self) -> list[nn.Module]:
        """The networks that the discriminators' optimizer trains."""

    @abstractmethod
    def _discriminator_losses(self, batch: PairBatch, synthesis: Synthesis) -> Losses:
        """What the discriminators minimize, by name, unweighted; ``synthesis`` is detached."""

    @abstractmethod
    def _generator_loss(self, batch: PairBatch, synthesis: Synthesis, strength: float) -> tuple[Tensor, Losses]:
        """What E and G minimize, and its terms by name; ``strength`` in [0, 1] scales what other networks say."""

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
            for _ in range(self.schedule.generator_steps - 1):
                losses |= self._train_generator(batch, self._synthesize_targets(batch), strength)
            self._advance_rate(self._optimizers()[0])
            update_average(self.averaged, self.synthesizer, self.ema_decay, updates=step)
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
        _, discriminators, _ = self._optimizers()
        with self.toggled_optimizer(discriminators):
            losses = self._discriminator_losses(batch, Synthesis(*(part.detach() for part in synthesis)))
            if losses:
                self._update(discriminators, torch.stack(list(losses.values())).sum())
                self._advance_rate(discriminators)
        return losses

    def _train_generator(
        self, batch: PairBatch, synthesis: Synthesis, strength: float, counted: bool = False
    ) -> Losses:
        generator, _, _ = self._optimizers()
        with self.toggled_optimizer(generator):
            loss, losses = self._generator_loss(batch, synthesis, strength)
            self._update(generator, loss, counted)
        return losses

    def _train_classifier(self, batch: PairBatch, synthesis: Synthesis | None, share: float) -> Losses:
        """Eq. 5, for C: real faces, and a share of the full number of synthetic ones."""
        _, _, classifier = self._optimizers()
        count = round(share * self.synthesis.per_real * len(batch["image"]))
        synthetic = self._synthesize_for_classifier(batch, synthesis, count) if count > 0 else None
        alike = len(batch["image"]) / (len(batch["image"]) + count) if self.synthesis.pooled else 1.0
        with self.toggled_optimizer(classifier):
            classifier.zero_grad()
            faces = augment_with_geometry(batch["image"], self.geometry_of(batch), self.augmentation)
            real = self.classifier.outputs(*faces)
            losses = {"c_real": fusion_loss(*real, self.image_loss, batch["expression"])}
            self.manual_backward(alike * losses["c_real"])
            if synthetic is not None:
                fraction = 1 - alike if self.synthesis.pooled else 1.0
                losses["c_fake"] = self._learn_from_synthetic(*synthetic, fraction * self.synthesis.weight)
            self._step(classifier, counted=True)
        self._advance_rate(classifier)
        return losses

    def _learn_from_synthetic(
        self, image: Tensor, geometry: Tensor | None, expression: Tensor, weight: float
    ) -> Tensor:
        """Add what synthetic faces say to C's gradients, part by part; their loss."""
        geometries = repeat(None) if geometry is None else self._in_parts(geometry)
        total = image.new_zeros(())
        for faces, theirs, labels in zip(self._in_parts(image), geometries, self._in_parts(expression), strict=False):
            augmented = augment_with_geometry(faces, theirs, self.augmentation)
            with frozen_statistics(self.classifier, self.synthesis.separate_statistics):
                fake = self.classifier.outputs(*augmented)
            confidence = _confidence(fake, labels) if self.synthesis.confidence_weighting else None
            loss = fusion_loss(*fake, self.image_loss, labels, self.loss_config.label_smoothing, confidence)
            share = len(faces) / len(image)
            self.manual_backward(share * weight * loss)
            total += share * loss.detach()
        return total

    def _synthesize_for_classifier(
        self, batch: PairBatch, synthesis: Synthesis | None, count: int
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """``count`` synthetic faces of the batch's people, the geometry that a geometry branch sees, and the labels."""
        if self.synthesis.targets == "pair":
            expression = batch["target_expression"][:count]
            geometry = self.geometry_of(batch, "target_")
            geometry = geometry[:count] if geometry is not None else None
            if synthesis is not None:
                return synthesis.image[:count].detach(), geometry, expression
            image = self.synthesize(
                batch["image"][:count], batch["target_landmarks"][:count], batch["landmarks"][:count]
            )
            return image, geometry, expression
        people = torch.arange(count, device=self.device) % len(batch["image"])
        landmarks = batch["landmarks"][people]
        targets = self._targets(batch, people)
        parts = zip(self._in_parts(people), self._in_parts(targets.landmarks), self._in_parts(landmarks), strict=True)
        image = torch.cat([self._paint(batch["image"][some], target, source) for some, target, source in parts])
        return image, geometry_of(targets._asdict(), self.geometry), targets.expression

    def _targets(self, batch: PairBatch, people: Tensor) -> Targets:
        """A geometry for each of some faces of the batch."""
        landmarks = batch["landmarks"][people]
        if self.targets is not None:
            return self.targets.sample(landmarks, batch["subject"][people])
        blendshapes = batch.get("blendshapes")
        own = None if blendshapes is None else blendshapes[people]
        return Targets(moved(landmarks, self.synthesis), batch["expression"][people], own)

    def _paint(self, image: Tensor, landmarks: Tensor, source: Tensor) -> Tensor:
        """The classifier's faces: from the generator, or in controls from what is less than it."""
        if self.synthesis.painter == "input":
            return image
        if self.synthesis.painter == "warp":
            with torch.no_grad():
                warped: Tensor = self.averaged.warp(image, source, landmarks).image  # type: ignore[operator]
            return warped
        return self.synthesize(image, landmarks, source)

    def _in_parts(self, faces: Tensor) -> tuple[Tensor, ...]:
        """What tells something of each synthetic face, split into what is made and shown to C at once."""
        return faces.tensor_split(ceil(len(faces) / (self.synthesis.at_once or len(faces))))

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
        super().on_fit_start()
        if self.synthesis.targets != "bank" or self.synthesis.per_real == 0:
            return
        source: FaceSource | None = getattr(self.trainer, "datamodule", None)
        if source is None:
            raise ConfigError(
                "synthesis.targets: bank takes its geometries from the data module: fit with one, or set "
                "synthesis.targets: pair."
            )
        bank = source.landmark_bank()
        check_bank(bank, {"val": source.subjects("val"), "test": source.subjects("test")})
        neutral = self.expressions.index("neutral") if "neutral" in self.expressions else None
        self.targets = TargetSampler(bank, self.synthesis, self.device, neutral)

    def optimizations(self) -> list[Optimization]:
        """How E and G, the discriminators, and C learn."""
        return [self.generator_optimization, self.discriminator_optimization, self.classifier_optimization]

    def configure_optimizers(self) -> tuple[list[Optimizer], list[LRScheduler]]:
        """Those of E and G, of the discriminators, and of C; and the schedulers of those whose rates change."""
        discriminators = nn.ModuleList(self._discriminators())
        built = [
            self.generator_optimization.build(
                self.synthesizer.parameters(), lambda: self.schedule.generator_batches(self.batches())
            ),
            self.discriminator_optimization.build(
                discriminators.parameters(), lambda: self.schedule.discriminator_batches(self.batches())
            ),
            self.classifier_optimization.build(
                self.classifier.parameters(), lambda: self.schedule.classifier_batches(self.batches())
            ),
        ]
        return [optimizer for optimizer, _ in built], [scheduler for _, scheduler in built if scheduler is not None]

    def _optimizers(self) -> list[LightningOptimizer]:
        optimizers: Any = self.optimizers()
        return list(optimizers)

    def _update(self, optimizer: LightningOptimizer, loss: Tensor, counted: bool = False) -> None:
        optimizer.zero_grad()
        self.manual_backward(loss)
        self._step(optimizer, counted)

    def _advance_rate(self, optimizer: LightningOptimizer) -> None:
        """Let an optimizer's scheduler count a batch; in manual optimization Lightning leaves that to the module."""
        for config in self.trainer.lr_scheduler_configs:
            scheduler = config.scheduler
            if isinstance(scheduler, LRScheduler) and scheduler.optimizer is optimizer.optimizer:
                scheduler.step()

    def _step(self, optimizer: LightningOptimizer, counted: bool) -> None:
        """Lightning would count every optimizer's step; just one in each batch is counted."""
        if counted:
            optimizer.step()
        else:
            self.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None)


def _confidence(fake: ClassifierOutput, expression: Tensor) -> Tensor:
    """How much C believes the labels ``(B,)``: by its pixels, since the geometry is the target's in any case."""
    pixels = fake.logits if fake.image_logits is None else fake.image_logits
    return pixels.detach().float().softmax(dim=1).gather(1, expression[:, None])[:, 0]
