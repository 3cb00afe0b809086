"""Means over pairs of faces, with intervals over people."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from geofer.metrics.subjects import subject_bootstrap


class Estimate(NamedTuple):
    """A mean, and the ends of its 95 % interval over people; NaN where it was not measured."""

    mean: float
    low: float = math.nan
    high: float = math.nan


class PairMeans(Metric):
    """Averages numbers that every pair of faces has, such as an error; NaN says that a pair has none.

    Args:
        columns: Names of the numbers.
    """

    full_state_update = False
    rows: list[Tensor]
    subjects: list[Tensor]

    def __init__(self, columns: Sequence[str]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.add_state("rows", [], dist_reduce_fx="cat")
        self.add_state("subjects", [], dist_reduce_fx="cat")
        self.reset()

    def reset(self) -> None:
        """Forget all pairs; the empty block lets a process that sees none take part in the exchange."""
        super().reset()
        self.rows.append(torch.empty(0, len(self.columns), device=self.device))
        self.subjects.append(torch.empty(0, dtype=torch.int64, device=self.device))

    def update(self, values: Mapping[str, Tensor], subject: Tensor) -> None:
        """Add a batch.

        Args:
            values: ``(B,)`` numbers by their names; those left out are NaN.
            subject: ``(B,)`` int64, one number a person.
        """
        missing = torch.full((len(subject),), torch.nan, device=subject.device)
        self.rows.append(torch.stack([values.get(name, missing).float() for name in self.columns], dim=1))
        self.subjects.append(subject.long())

    def compute(self) -> tuple[dict[str, Estimate], int, int]:
        """The estimates by name, the number of pairs, and that of people."""
        rows, subjects = dim_zero_cat(self.rows).cpu().double().numpy(), dim_zero_cat(self.subjects).cpu().numpy()
        people = np.unique(subjects)
        means = {name: mean_over_subjects(rows[:, i], subjects) for i, name in enumerate(self.columns)}
        return means, len(rows), len(people)


def mean_over_subjects(
    values: NDArray[np.float64], subjects: NDArray[np.int64], *, replicates: int = 2000, seed: int = 0
) -> Estimate:
    """The mean of all values that are not NaN, and its interval by `geofer.metrics.subjects`' bootstrap of subjects.

    Args:
        values: ``(N,)``.
        subjects: ``(N,)`` whose value each is.
        replicates: Number of replicates.
        seed: Of the draws.
    """
    known = ~np.isnan(values)
    if not known.any():
        return Estimate(math.nan)
    mean = float(values[known].mean())
    if not math.isfinite(mean):
        return Estimate(mean, mean, mean)
    _, index, counts = np.unique(subjects[known], return_inverse=True, return_counts=True)
    sums = np.bincount(index, weights=values[known])
    low, high = subject_bootstrap(sums, counts, replicates=replicates, seed=seed)
    return Estimate(mean, low, high)
