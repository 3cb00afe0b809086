"""What the compared generators share: their arguments, and how the terms of their losses add up."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from lightning.pytorch.cli import OptimizerCallable
from torch import Tensor

from geofer.faces import PairBatch
from geofer.modules.augmentation import AugmentationConfig
from geofer.modules.generative import GenerativeModule, Losses
from geofer.modules.hyperparameters import plain_arguments
from geofer.modules.losses import LossWeights, geometry_loss
from geofer.modules.schedule import Schedule
from geofer.modules.targets import SynthesisConfig
from geofer.networks.classifier import ClassifierConfig
from geofer.networks.synthesizer import GeneratorConfig, Synthesis, initialize

Terms = dict[str, tuple[float, Tensor]]
"""Terms of a loss by name: what each weighs, and its value."""


class ComparedGenerator(GenerativeModule):
    """A generator whose loss is a sum of terms; a subclass builds the networks and names the terms."""

    def __init__(
        self,
        expressions: Sequence[str],
        image_size: int,
        classifier: ClassifierConfig = ClassifierConfig(),  # noqa: B008
        augmentation: AugmentationConfig = AugmentationConfig(),  # noqa: B008
        generator: GeneratorConfig = GeneratorConfig(),  # noqa: B008
        discriminator_width: int = 16,
        weights: LossWeights = LossWeights(),  # noqa: B008
        label_smoothing: float = 0.1,
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
        """Build the networks; the arguments are a part of those of `geofer.modules.GeometryGuidedFER`.

        Args:
            expressions: Names of the expressions, in the order of their labels.
            image_size: Side of the pictures in pixels: 4, 5, 6 or 7 times a power of two.
            classifier: Which classifier.
            augmentation: How the classifier's faces are changed, real and synthetic ones alike.
            generator: Size and additions of the generator.
            discriminator_width: Filters of the first convolution of the discriminator of pictures.
            weights: What the terms that a method has weigh in the generator's loss.
            label_smoothing: ρ of Eq. 6, for synthetic faces.
            schedule: When each part learns.
            synthesis: The synthetic faces that the classifier learns from.
            generator_steps: Steps of the generator for each one of the discriminators.
            average: Decay of the generator's averaged weights.
            gradient_clip: Largest norm of each optimizer's gradients; None does not clip.
            decay: Learning rates fall linearly to 0 over this last share of the training; 0 keeps them.
            generator_optimizer: Builds the optimizer of the generator and E.
            discriminator_optimizer: Builds the optimizer of the discriminators.
            classifier_optimizer: Builds the optimizer of C.

        Raises:
            ConfigError: A size or a schedule that cannot work.
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
        schedule.check(end_to_end=True)
        self.weights = weights
        self._build(generator, discriminator_width)
        for network in self._discriminators():
            initialize(network, generator.initial_std)
        self._start_average()

    @abstractmethod
    def _build(self, generator: GeneratorConfig, discriminator_width: int) -> None:
        """Set ``synthesizer`` and the discriminators."""

    def _own_terms(self, batch: PairBatch, synthesis: Synthesis) -> Terms:
        """What the generator learns from by itself. All have E, which must give the landmarks back (Eq. 9)."""
        return {"geo": (self.weights.geometry, geometry_loss(synthesis.reconstruction, batch["target_landmarks"]))}

    @abstractmethod
    def _judged_terms(self, batch: PairBatch, synthesis: Synthesis) -> Terms:
        """What the discriminators tell the generator; the schedule lets it rise."""

    def _generator_loss(self, batch: PairBatch, synthesis: Synthesis, strength: float) -> tuple[Tensor, Losses]:
        terms = self._own_terms(batch, synthesis)
        if strength > 0:
            judged = self._judged_terms(batch, synthesis)
            terms |= {name: (strength * weight, loss) for name, (weight, loss) in judged.items()}
        total = torch.stack([weight * loss for weight, loss in terms.values()]).sum()
        return total, {name: loss for name, (_, loss) in terms.items()}
