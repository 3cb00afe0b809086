r"""Gaussian process latent variable models with priors that know the classes: what they have in common.

Faces Y ``(N, D)`` are explained by points X ``(N, d)`` of a latent space, each feature a Gaussian process over it
(Lawrence, NIPS 2004):

.. math:: L = \tfrac D2 \ln |K| + \tfrac 12 \operatorname{tr}(K^{-1} Y Y^T), \quad
          k(x, x') = \theta_1 e^{-\frac 12 |x - x'|^2} + \theta_2 + \theta_3^{-1} \delta_{xx'}

Readings that all models here share:

* The kernel's length is 1, for X has no other unit of length: were both free, a prior that draws faces together would
  just shrink everything. :math:`\theta` has bounds in place of the improper prior :math:`\prod \theta^{-1}`.
* L is divided by N·D, and priors have weights beside that: a paper's weight is ours times N·D. Of several views, L is
  divided by all their data, and what follows is averaged.
* New faces are mapped by back-constraints (Lawrence & Quiñonero-Candela, ICML 2006): :math:`X = K_b A` with
  :math:`K_b` the heat kernel of the faces, of the median distance's width, and the ridge's penalty
  :math:`\tfrac \lambda 2 \operatorname{tr}(A^T K_b A)`. With :math:`\varepsilon` on its diagonal :math:`K_b` has an
  inverse, and A is eliminated: the penalty becomes :math:`\tfrac \lambda 2 \operatorname{tr}(X^T K_b^{-1} X)`, and X is
  optimized alone, by L-BFGS.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from torch import Tensor

from geofer.study.baselines.subspace.matrices import Matrix, class_means

Prior = Callable[[Tensor], Tensor]
"""From latent points ``(N, d)`` to their penalty, a scalar."""

FIRST_LOG_THETA = (0.0, -2.0, 2.0)
"""Logarithms of the kernel's variance, offset and precision of its noise, where the optimization starts; the features'
mean variance is 1."""

LARGEST_LOG_THETA = 7.0

DRAWN_APART = 0.1
"""What remains of a face's distance from the mean of its class where the optimization starts."""


class BackMapping:
    """From faces to latent points, by ridge regression on the heat kernel of the training's faces.

    Args:
        faces: ``(n, D)``.
        noise: On the diagonal of the kernel, which itself has 1 there.
    """

    def __init__(self, faces: Matrix, noise: float) -> None:
        squared = cdist(faces, faces, "sqeuclidean")
        self._faces = faces
        self._width = float(np.median(squared[squared > 0])) if (squared > 0).any() else 1.0
        self._factor = cho_factor(np.exp(-squared / self._width) + noise * np.eye(len(faces)))

    @property
    def precision(self) -> Matrix:
        """Inverse ``(n, n)`` of the kernel with its noise."""
        return np.asarray(cho_solve(self._factor, np.eye(len(self._faces))))

    def fit(self, latent: Matrix) -> None:
        """Learn the mapping to the latent points ``(n, d)`` of the training's faces."""
        self._weights = cho_solve(self._factor, latent)

    def __call__(self, faces: Matrix) -> Matrix:
        """Latent points ``(m, d)`` of faces ``(m, D)``."""
        return np.asarray(np.exp(-cdist(faces, self._faces, "sqeuclidean") / self._width) @ self._weights)


@dataclass(frozen=True)
class Observed:
    """Faces of one view.

    Attributes:
        rows: ``(n,)`` which latent points they show.
        gram: ``(n, n)`` inner products of the centered faces, whose features have a mean variance of 1.
        features: D.
        precision: ``(n, n)`` of the back mapping.
    """

    rows: Tensor
    gram: Tensor
    features: int
    precision: Tensor

    @classmethod
    def of(cls, faces: Matrix, rows: NDArray[np.int64], mapping: BackMapping) -> "Observed":
        """From centered faces ``(n, D)``, the latent points ``(n,)`` they show and their back mapping."""
        variance = np.mean(faces**2) or 1.0
        return cls(
            torch.from_numpy(rows),
            torch.from_numpy(faces @ faces.T / variance),
            faces.shape[1],
            torch.from_numpy(mapping.precision),
        )


def negative_log_likelihood(latent: Tensor, log_theta: Tensor, gram: Tensor, features: int) -> Tensor:
    """L of latent points ``(n, d)`` without its constant; ``log_theta`` ``(3,)`` as in `FIRST_LOG_THETA`."""
    lengths = latent.square().sum(1)
    squared = lengths[:, None] + lengths - 2 * latent @ latent.T
    variance, offset, precision = log_theta.exp()
    noise = (1 / precision) * torch.eye(len(latent), dtype=latent.dtype)
    factor = torch.linalg.cholesky(variance * (-squared / 2).exp() + offset + noise)
    fit = torch.cholesky_solve(gram, factor).diagonal().sum() / 2
    value: Tensor = features * factor.diagonal().log().sum() + fit
    return value


def objective(latent: Tensor, log_thetas: Tensor, views: Sequence[Observed], prior: Prior, smoothness: float) -> Tensor:
    """What the latent points ``(N, d)`` and the views' ``log_thetas`` ``(V, 3)`` minimize."""
    data = sum(len(view.rows) * view.features for view in views)
    total = prior(latent)
    for view, log_theta in zip(views, log_thetas, strict=True):
        points = latent[view.rows]
        total = total + negative_log_likelihood(points, log_theta, view.gram, view.features) / data
        total = total + smoothness / 2 * (points * (view.precision @ points)).sum() / (len(view.rows) * len(views))
    return total


def fit_latent(
    start: Matrix, views: Sequence[Observed], prior: Prior, smoothness: float, max_iter: int
) -> tuple[Matrix, int]:
    """Latent points ``(N, d)`` of the least objective that L-BFGS reaches from ``start`` ``(N, d)``, and its steps."""

    def value_and_slope(parameters: Matrix) -> tuple[float, Matrix]:
        point = torch.from_numpy(parameters).requires_grad_()
        latent, log_thetas = point[: start.size].view(start.shape), point[start.size :].view(len(views), 3)
        value = objective(latent, log_thetas, views, prior, smoothness)
        (slope,) = torch.autograd.grad(value, point)
        return value.item(), slope.numpy()

    thetas = len(views) * FIRST_LOG_THETA
    bounds = [(None, None)] * start.size + [(-LARGEST_LOG_THETA, LARGEST_LOG_THETA)] * len(thetas)
    result = minimize(
        value_and_slope,
        np.concatenate((start.ravel(), thetas)),
        jac=True,
        bounds=bounds,
        method="L-BFGS-B",
        options={"maxiter": max_iter},
    )
    return np.asarray(result.x[: start.size].reshape(start.shape)), int(result.nit)


def first_guess(faces: Matrix, labels: NDArray[np.int64], count: int) -> Matrix:
    """Where the optimization starts: principal components of faces that are drawn to the mean of their class.

    From the faces' own components, which tell people apart, a strong prior would first shrink everything to nothing.

    Args:
        faces: ``(n, D)``, centered.
        labels: ``(n,)`` from 0.
        count: Dimensions.

    Returns:
        ``(n, count)``, the first with variance 1; zeros beyond the rank.
    """
    means = class_means(faces, labels, labels.max() + 1)[labels]
    left, strength, _ = np.linalg.svd(means + DRAWN_APART * (faces - means), full_matrices=False)
    left *= np.sign(left[np.abs(left).argmax(0), np.arange(len(strength))])
    scores = np.zeros((len(faces), count))
    kept = min(count, len(strength))
    scores[:, :kept] = (left * strength)[:, :kept]
    return np.asarray(scores / (scores[:, 0].std() or 1.0))


def balanced_rows(labels: NDArray[np.int64], count: int, random_state: np.random.RandomState) -> NDArray[np.int64]:
    """At most ``count`` rows, in order: drawn such that each class keeps its share."""
    if len(labels) <= count:
        return np.arange(len(labels))
    shuffled = random_state.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return np.sort(by_class[np.linspace(0, len(labels) - 1, count).round().astype(int)])
