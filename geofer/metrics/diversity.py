"""Whether people stay as different from each other as they are."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F
from torchmetrics import Metric


class RelativeDiversity(Metric):
    """Mean distance between the synthetic faces of different people, over that between their real faces.

    1 is right; near 0, everybody gets the same face.

    Args:
        p: Which norm: 1 for pixels, 2 for embeddings.
    """

    full_state_update = False
    real: Tensor
    synthetic: Tensor

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.add_state("real", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("synthetic", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, real: Tensor, synthetic: Tensor) -> None:
        """Add the faces of P people with one geometry.

        Args:
            real: ``(P, …)`` real faces with about that geometry, one a person.
            synthetic: ``(P, …)`` synthetic faces of the same people, all with the very same geometry.
        """
        self.real += F.pdist(real.flatten(1).float(), p=self.p).sum().double()
        self.synthetic += F.pdist(synthetic.flatten(1).float(), p=self.p).sum().double()

    def compute(self) -> float:
        """The ratio of the sums over all geometries; NaN without two real faces that differ."""
        return float(self.synthetic / self.real) if self.real > 0 else math.nan
