"""Gaussian process latent random field (Zhong, Li, Yeung, Hou & Liu, AAAI 2010)."""

import numpy as np
import torch
from numpy.typing import NDArray

from geofer.study.baselines.subspace.gplvm import Prior
from geofer.study.baselines.subspace.graph import laplacian
from geofer.study.baselines.subspace.latent_classes import LatentClasses


class GPLRF(LatentClasses):
    r"""The latent points are a Gaussian Markov random field over the graph that joins the faces of one class.

    .. math:: -\ln p(X) = \frac \alpha 2 \operatorname{tr}(X^T L X) + \text{const}, \quad L = D - W,

    with W 1 between two faces of one class and 0 else, and D its sums. Unlike that of `DGPLVM` it lets the latent space
    have any number of dimensions.

    Readings: L is divided by its mean diagonal and the number of faces, so that ``weight`` does not depend on how many
    there are.
    """

    def _prior(self, labels: NDArray[np.int64]) -> Prior:
        matrix = laplacian((labels[:, None] == labels).astype(float) - np.eye(len(labels)))
        scaled = torch.from_numpy(matrix / (np.trace(matrix) or 1.0))
        return lambda latent: self.weight / 2 * (latent * (scaled @ latent)).sum()
