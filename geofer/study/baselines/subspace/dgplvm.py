"""Discriminative Gaussian process latent variable model (Urtasun & Darrell, ICML 2007)."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geofer.study.baselines.subspace.gplvm import Prior
from geofer.study.baselines.subspace.latent_classes import LatentClasses


class DGPLVM(LatentClasses):
    r"""The prior is the inverse of Fisher's criterion: latent classes are tight, and their means apart.

    .. math:: -\ln p(X) = \frac 1{\sigma_d^2} \operatorname{tr}(S_b^{-1} S_w) + \text{const}

    with :math:`S_w` and :math:`S_b` the scatters of latent points within and between classes. :math:`S_b` has a rank of
    at most one less than there are classes, which limits ``n_components`` as in the paper.

    Readings: a hundredth of the latent points' mean scatter is added to the diagonal of :math:`S_b`; the classes'
    scatter is weighted by their sizes. New points come from the back mapping (see `gplvm`); what classifies them, in
    the paper a Gaussian process, is not part of this.
    """

    def _prior(self, labels: NDArray[np.int64]) -> Prior:
        members = torch.from_numpy(np.eye(labels.max() + 1)[labels])
        averaging = members / members.sum(0)

        def penalty(latent: Tensor) -> Tensor:
            centered = latent - latent.mean(0)
            means = members @ (averaging.T @ centered)
            within, between = (centered - means).T @ (centered - means), means.T @ means
            slack = 0.01 * centered.square().mean(0).sum() * len(latent) / latent.shape[1] + 1e-12
            regular = between + slack * torch.eye(latent.shape[1], dtype=latent.dtype)
            ratio: Tensor = torch.linalg.solve(regular, within).diagonal().sum()
            return self.weight * ratio

        return penalty
