"""Whether synthetic faces as a whole are distributed as real ones: the kernel distance (KID) on features of choice."""

import math

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.image.kid import poly_kernel
from torchmetrics.utilities import dim_zero_cat


class KernelDistance(Metric):
    """Unbiased squared maximum mean discrepancy with the kernel ``(a·b / D + 1)³`` (Bińkowski et al., ICLR 2018).

    As the KID, but for the features, which are whatever is given, and for the subsets: all faces are compared at once,
    so that nothing is drawn. Features are first divided by their root mean square over the real faces, since the kernel
    expects numbers around 1. A synthetic face is not compared with the real one that it should look like: this is what
    keeps the estimate unbiased for pairs (Gretton et al., JMLR 2012, Eq. 4). 0 says that the features cannot tell both
    kinds apart; being unbiased, it may be a little below 0. Values are comparable under the same features only.

    Args:
        features: Length of a feature vector, D.
    """

    full_state_update = False
    real: list[Tensor]
    synthetic: list[Tensor]

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features
        self.add_state("real", [], dist_reduce_fx="cat")
        self.add_state("synthetic", [], dist_reduce_fx="cat")
        self.reset()

    def reset(self) -> None:
        """Forget all faces; the empty block lets a process that sees none take part in the exchange."""
        super().reset()
        for faces in (self.real, self.synthetic):
            faces.append(torch.empty(0, self.features, device=self.device))

    def update(self, real: Tensor, synthetic: Tensor) -> None:
        """Add a batch.

        Args:
            real: ``(B, D)`` features of real faces.
            synthetic: ``(B, D)`` features of the synthetic ones that should look like them.
        """
        self.real.append(real.float())
        self.synthetic.append(synthetic.float())

    def compute(self) -> float:
        """The distance; NaN for fewer than two faces."""
        real, synthetic = dim_zero_cat(self.real).cpu().double(), dim_zero_cat(self.synthetic).cpu().double()
        if len(real) < 2:
            return math.nan
        scale = real.square().mean().sqrt()
        real, synthetic = real / scale, synthetic / scale
        kernel = poly_kernel(real, real) + poly_kernel(synthetic, synthetic) - 2 * poly_kernel(real, synthetic)
        return float(kernel.fill_diagonal_(0).sum() / (len(real) * (len(real) - 1)))
