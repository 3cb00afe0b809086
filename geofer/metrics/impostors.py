"""How far apart the faces of different people are: the scale for distances between faces of one person."""

import math

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

_ROWS = 1000
"""Faces compared at once with all others."""


class ImpostorDistance(Metric):
    """Mean Euclidean distance between each input face and the target faces of all *other* people.

    Args:
        size: Length of an embedding.
    """

    full_state_update = False
    inputs: list[Tensor]
    targets: list[Tensor]
    subjects: list[Tensor]

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        for name in ("inputs", "targets", "subjects"):
            self.add_state(name, [], dist_reduce_fx="cat")
        self.reset()

    def reset(self) -> None:
        """Forget all faces; the empty block lets a process that sees none take part in the exchange."""
        super().reset()
        self.inputs.append(torch.empty(0, self.size, device=self.device))
        self.targets.append(torch.empty(0, self.size, device=self.device))
        self.subjects.append(torch.empty(0, dtype=torch.int64, device=self.device))

    def update(self, inputs: Tensor, targets: Tensor, subject: Tensor) -> None:
        """Add pairs of faces.

        Args:
            inputs: ``(B, size)`` embeddings.
            targets: ``(B, size)`` embeddings of other faces of the same people.
            subject: ``(B,)`` int64, one number a person.
        """
        self.inputs.append(inputs.float())
        self.targets.append(targets.float())
        self.subjects.append(subject.long())

    def compute(self) -> float:
        """The mean distance; NaN if there is but one person."""
        inputs, targets = dim_zero_cat(self.inputs).cpu().double(), dim_zero_cat(self.targets).cpu().double()
        subjects = dim_zero_cat(self.subjects).cpu()
        total, count = 0.0, 0
        for start in range(0, len(inputs), _ROWS):
            some = slice(start, start + _ROWS)
            impostors = subjects[some, None] != subjects
            total += float(torch.cdist(inputs[some], targets)[impostors].sum())
            count += int(impostors.sum())
        return total / count if count else math.nan
