"""How each part of a method learns: its optimizer, its learning rate over time, and the clipping of its gradients."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import Any

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, ReduceLROnPlateau

from geofer.errors import ConfigError
from geofer.ranges import check_ranges

Batches = Callable[[], float]
"""How many batches there are, infinity if nothing ends them. Asking Lightning opens the data, which must not happen
before a checkpoint is restored: so whoever needs the number asks late."""


Parameters = Iterable[nn.Parameter] | Iterable[dict[str, Any]]
"""Of a part, or in groups."""


@dataclass(frozen=True)
class Optimization:
    """How one part learns: E and G, the discriminators, or C. Each has its own.

    The learning rate follows the batches that the part itself learns from: those of E, G and the discriminators end at
    ``schedule.generator_stop``, those of C begin at ``schedule.classifier_start``.

    Attributes:
        optimizer: Builds the optimizer from parameters; None takes Adam with rate 5e-4 and β = (0.5, 0.999), the
            paper's.
        scheduler: Builds a scheduler of torch from the optimizer, which counts the part's batches; None keeps the rate,
            but for ``lr_decay_fraction``.
        lr_decay_fraction: The rate falls linearly to 0 over this last fraction of the part's batches.
        gradient_clip: Largest norm of the part's gradients; None does not clip.
    """

    optimizer: OptimizerCallable | None = None
    scheduler: LRSchedulerCallable | None = None
    lr_decay_fraction: float = 0.0
    gradient_clip: float | None = None

    def __post_init__(self) -> None:
        """Refuse numbers out of their range, and two schedules at once.

        Raises:
            ConfigError: It says which.
        """
        low = {"lr_decay_fraction": 0, "gradient_clip": 0}
        check_ranges("optimization", self, low=low, high={"lr_decay_fraction": 1})
        if self.scheduler is not None and self.lr_decay_fraction > 0:
            raise ConfigError(
                "optimization.scheduler and optimization.lr_decay_fraction both set the learning rate; leave one out."
            )

    def build(self, parameters: Parameters, batches: Batches) -> tuple[Optimizer, LRScheduler | None]:
        """The optimizer of some parameters, and its scheduler if the rate changes.

        Args:
            parameters: Those of the part, or groups of them as torch's optimizers take them. In a group ``lr_fraction``
                says what fraction of the rate its parameters learn at.
            batches: How many the part learns from, asked for once training runs.

        Raises:
            ConfigError: The scheduler counts no batches.
        """
        build = self.optimizer or paper_adam
        optimizer = build(parameters)  # type: ignore[arg-type]  # it takes groups, too
        for group in optimizer.param_groups:
            group["lr"] *= group.pop("lr_fraction", 1.0)
        if self.scheduler is None:
            return optimizer, linear_decay(optimizer, batches, self.lr_decay_fraction)
        scheduler = self.scheduler(optimizer)
        if not isinstance(scheduler, LRScheduler) or isinstance(scheduler, ReduceLROnPlateau):
            kind = type(scheduler).__name__
            raise ConfigError(f"optimization.scheduler builds a {kind}; take a scheduler that counts batches.")
        return optimizer, scheduler


def paper_adam(parameters: Iterable[nn.Parameter]) -> Optimizer:
    """Adam with the paper's settings."""
    return torch.optim.Adam(parameters, lr=5e-4, betas=(0.5, 0.999))


def linear_decay(optimizer: Optimizer, batches: Batches, fraction: float) -> LambdaLR | None:
    """Learning rates fall linearly to 0 over the last ``fraction`` of ``batches``; None if the fraction is 0."""

    def factor(batch: int) -> float:
        if batch == 0:  # before training
            return 1.0
        count = batches()
        if count == inf:
            raise ConfigError(
                "optimization.lr_decay_fraction needs an end of the training: set trainer.max_epochs or max_steps."
            )
        return min(1.0, max(0.0, (1 - batch / count) / fraction))

    return LambdaLR(optimizer, factor) if fraction > 0 else None


def one_optimizer(optimization: Optimization, parameters: Parameters, batches: Batches) -> OptimizerLRScheduler:
    """What ``configure_optimizers`` returns for one network that Lightning trains by itself.

    Args:
        optimization: How it learns.
        parameters: As in `Optimization.build`.
        batches: Of the whole training, asked for once it runs.
    """
    optimizer, scheduler = optimization.build(parameters, batches)
    if scheduler is None:
        return optimizer
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
