"""GPLVMs of one view whose prior knows the classes, as scikit-learn transformers: D-GPLVM and GPLRF."""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from geofer.study.baselines.subspace.gplvm import BackMapping, Observed, Prior, balanced_rows, first_guess, fit_latent
from geofer.study.baselines.subspace.matrices import Matrix, laplacian


class LatentClasses(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator, ABC):
    """Faces of one view in a latent space that the prior of a subclass shapes.

    Args:
        n_components: Dimensions of the latent space; None takes one less than there are classes.
        weight: Of the prior, beside the likelihood of one feature of one face.
        smoothness: Weight of the back mapping's ridge penalty.
        noise: On the diagonal of the back mapping's kernel.
        max_iter: Steps of L-BFGS.
        max_samples: Faces that are trained on, drawn with each class's share; time grows with its cube.
        random_state: Seed of the draw.
    """

    def __init__(
        self,
        n_components: int | None = None,
        weight: float = 100.0,
        smoothness: float = 0.001,
        noise: float = 0.1,
        max_iter: int = 100,
        max_samples: int = 400,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_components = n_components
        self.weight = weight
        self.smoothness = smoothness
        self.noise = noise
        self.max_iter = max_iter
        self.max_samples = max_samples
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn the space from faces ``(n, D)`` and their labels ``(n,)``."""
        faces, labels = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        check_classification_targets(labels)
        classes, numbers = np.unique(labels, return_inverse=True)
        kept = balanced_rows(numbers, self.max_samples, check_random_state(self.random_state))
        faces, numbers = faces[kept], numbers[kept]
        self.mean_ = faces.mean(0)
        centered = faces - self.mean_
        start = first_guess(centered, numbers, self.n_components or max(1, len(classes) - 1))
        mapping = BackMapping(centered, self.noise)
        observed = Observed.of(centered, np.arange(len(centered)), mapping)
        prior = self._prior(numbers)
        self.latent_, self.n_iter_ = fit_latent(start, [observed], prior, self.smoothness, self.max_iter)
        mapping.fit(self.latent_)
        self.mapping_ = mapping
        return self

    def transform(self, X: ArrayLike) -> Matrix:
        """Faces ``(n, D)`` in the latent space, ``(n, n_components)``."""
        check_is_fitted(self)
        return self.mapping_(validate_data(self, X, dtype=np.float64, reset=False) - self.mean_)

    @abstractmethod
    def _prior(self, labels: NDArray[np.int64]) -> Prior:
        """The penalty of latent points whose labels ``(n,)`` count from 0."""

    @property
    def _n_features_out(self) -> int:
        return int(self.latent_.shape[1])

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401, D105
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


class DGPLVM(LatentClasses):
    r"""D-GPLVM (Urtasun & Darrell, ICML 2007): the prior is the inverse of Fisher's criterion.

    Latent classes are tight, and their means apart.

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


class GPLRF(LatentClasses):
    r"""GPLRF (Zhong, Li, Yeung, Hou & Liu, AAAI 2010): a Gaussian Markov random field over the graph of each class.

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
