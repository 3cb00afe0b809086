"""How far the accuracy would move with other people: faces of one person are no independent samples."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat


class Interval(NamedTuple):
    """A confidence interval of the accuracy, both ends in [0, 1], and the number of people behind it."""

    low: float
    high: float
    subjects: int


def subject_bootstrap(
    correct: NDArray[np.int64] | NDArray[np.float64],
    total: NDArray[np.int64],
    *,
    confidence: float = 0.95,
    replicates: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap of the accuracy that draws whole subjects with replacement.

    The cluster bootstrap of Field and Welsh (J. R. Stat. Soc. B 69, 2007): S subjects are drawn from the S seen, each
    with all of its faces, and the accuracy over the drawn faces is one replicate.

    Args:
        correct: ``(S,)`` faces recognized of each subject, or the sum of whatever else is averaged.
        total: ``(S,)`` faces of each subject, positive.
        confidence: Share of the replicates inside the interval.
        replicates: Number of replicates.
        seed: Of the draws; the same faces always give the same interval.

    Returns:
        The lower and the upper end, of the accuracy in [0, 1].

    Examples:
        >>> import numpy as np
        >>> subject_bootstrap(np.array([10, 0]), np.array([10, 10]))  # of two people, one is always recognized
        (0.0, 1.0)
    """
    subjects = len(total)
    drawn = np.random.default_rng(seed).multinomial(subjects, np.full(subjects, 1 / subjects), size=replicates)
    accuracy = (drawn @ correct) / (drawn @ total)
    low, high = np.quantile(accuracy, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


class SubjectInterval(Metric):
    """95 % confidence interval of the accuracy over *subjects*, by `subject_bootstrap`."""

    full_state_update = False
    answers: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("answers", [], dist_reduce_fx="cat")
        self.reset()

    def reset(self) -> None:
        """Forget all faces; the empty block lets a process that sees none take part in the exchange."""
        super().reset()
        self.answers.append(torch.empty(0, 2, dtype=torch.int64, device=self.device))

    def update(self, prediction: Tensor, expression: Tensor, subject: Tensor) -> None:
        """Add a batch.

        Args:
            prediction: ``(B,)`` int64 predicted expressions.
            expression: ``(B,)`` int64 true expressions.
            subject: ``(B,)`` int64, one number a person.
        """
        self.answers.append(torch.stack((subject.long(), (prediction == expression).long()), dim=1))

    def compute(self) -> Interval:
        """The interval; the order in which the faces came does not matter."""
        answers = dim_zero_cat(self.answers).cpu().numpy()
        _, index, total = np.unique(answers[:, 0], return_inverse=True, return_counts=True)
        correct = np.bincount(index, weights=answers[:, 1]).round().astype(np.int64)
        return Interval(*subject_bootstrap(correct, total), subjects=len(total))
