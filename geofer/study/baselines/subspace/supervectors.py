"""Gaussian mixtures of local features, and how a face moves their means (Tang et al. 2010, Tariq et al. 2013, 2014)."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import check_array, check_is_fitted

from geofer.study.baselines.subspace.matrices import Matrix

MOST_DESCRIPTORS = 100_000
"""From which a mixture is learned."""


class Supervectors(TransformerMixin, BaseEstimator):
    r"""Faces as the means that a mixture of local features gets by maximum a posteriori adaptation to them.

    For the component k, with the responsibilities :math:`\gamma` of a face's features :math:`x_t`,

    .. math:: s_k = \sqrt{\pi_k}\, \Sigma_k^{-1/2} (\hat\mu_k - \mu_k), \qquad
              \hat\mu_k - \mu_k = \frac{\sum_t \gamma_{tk} (x_t - \mu_k)}{\sum_t \gamma_{tk} + r}

    Readings: all features of a face share one mixture, where Tang et al. have a hidden Markov model of its rows; the
    mixture is learned from all expressions together and not to tell them apart, as Tariq et al. go on to do.

    Args:
        descriptor: Numbers of a local feature, into which a face's features divide.
        n_components: Gaussians of the mixture.
        kept: Principal components of the local features.
        relevance: r, so many features count as much as what was known before.
        random_state: Of the mixture and of the features that it is learned from.
    """

    def __init__(
        self,
        descriptor: int = 128,
        n_components: int = 64,
        kept: int = 32,
        relevance: float = 4.0,
        random_state: int = 0,
    ) -> None:
        self.descriptor = descriptor
        self.n_components = n_components
        self.kept = kept
        self.relevance = relevance
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: Any = None) -> Self:  # noqa: ANN401 - unused, as scikit-learn passes it
        """Learn the mixture from faces ``(n, T · descriptor)``.

        Raises:
            ValueError: The features do not divide into descriptors.
        """
        every = self._descriptors(check_array(X, dtype=np.float64))
        flat = every.reshape(-1, self.descriptor)
        rng = np.random.default_rng(self.random_state)
        some = flat[rng.permutation(len(flat))[:MOST_DESCRIPTORS]]
        self.pca_ = PCA(min(self.kept, *some.shape), random_state=self.random_state).fit(some)
        count = min(self.n_components, len(some) // 2)
        mixture = GaussianMixture(count, covariance_type="diag", reg_covar=1e-4, random_state=self.random_state)
        self.mixture_ = mixture.fit(self.pca_.transform(some))
        return self

    def transform(self, X: ArrayLike) -> Matrix:
        """Super-vectors ``(n, n_components · kept)`` of length 1 of faces ``(n, T · descriptor)``."""
        check_is_fitted(self)
        faces = self._descriptors(check_array(X, dtype=np.float64))
        return np.stack([self._supervector(self.pca_.transform(face)) for face in faces])

    def _descriptors(self, faces: Matrix) -> Matrix:
        if faces.shape[1] % self.descriptor:
            raise ValueError(f"{faces.shape[1]} features do not divide into descriptors of {self.descriptor}.")
        return faces.reshape(len(faces), -1, self.descriptor)

    def _supervector(self, features: Matrix) -> NDArray[np.float64]:
        mixture = self.mixture_
        belongs = mixture.predict_proba(features)
        counts = belongs.sum(0)[:, None]
        moved = (belongs.T @ features - counts * mixture.means_) / (counts + self.relevance)
        vector = (np.sqrt(mixture.weights_)[:, None] * moved / np.sqrt(mixture.covariances_)).ravel()
        return np.asarray(vector / max(np.linalg.norm(vector), 1e-12))
