"""Accuracy on parts of a test set that share a tag, such as the faces turned by more than 30°."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric

MAX_TAGS = 63


class SubsetCounts(NamedTuple):
    """Faces with one tag.

    Attributes:
        tag: Name of the subset.
        correct: Faces recognized.
        total: Faces shown.
    """

    tag: str
    correct: int
    total: int

    @property
    def accuracy(self) -> float:
        """Share of the faces that were recognized, in [0, 1]."""
        return self.correct / self.total


class SubsetAccuracy(Metric):
    """Counts faces and right answers for each tag; a face may have several, or none."""

    full_state_update = False
    correct: Tensor
    total: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("correct", torch.zeros(MAX_TAGS, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("total", torch.zeros(MAX_TAGS, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, prediction: Tensor, expression: Tensor, tags: Tensor) -> None:
        """Add a batch.

        Args:
            prediction: ``(B,)`` int64 predicted expressions.
            expression: ``(B,)`` int64 true expressions.
            tags: ``(B,)`` int64, bit i set if the face has the i-th tag.
        """
        has = tags[:, None] >> torch.arange(MAX_TAGS, device=tags.device) & 1
        self.total += has.sum(0)
        self.correct += has[prediction == expression].sum(0)

    def compute(self, names: Sequence[str] = ()) -> tuple[SubsetCounts, ...]:
        """The subsets that have a face.

        Args:
            names: Of the tags, in the order of their bits.
        """
        counts = zip(names, self.correct.tolist(), self.total.tolist(), strict=False)
        return tuple(SubsetCounts(name, correct, total) for name, correct, total in counts if total)
