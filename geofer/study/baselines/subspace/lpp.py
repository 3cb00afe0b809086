"""Locality preserving projections (He & Niyogi, NIPS 2003)."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from geofer.study.baselines.subspace.matrices import Matrix, heat_graph, leading_directions, locality


class LPP(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""The linear map that keeps neighbors together: the smallest :math:`X^T L X a = \lambda X^T D X a`.

    X holds a face a row, W the heat kernel's weights of neighboring faces, D the sums of W and L = D - W. It is the
    linear form of Laplacian eigenmaps, and equal to them where there are as many features as faces.

    Readings: the smallest :math:`\lambda` are found as the largest of :math:`X^T W X a = (1 - \lambda) X^T D X a`. The
    constant map, which would win, is removed exactly by subtracting the mean that D weights. With labels, only faces of
    one class are neighbors, as in the published comparison: there LPP comes within half a point of LDA, nine to
    thirteen points above the neighbors in the features themselves.

    Args:
        n_components: Directions.
        n_neighbors: Nearest faces that count as neighbors; None takes all.
        ridge: Added to the diagonal of :math:`X^T D X`, as a share of its mean.
    """

    def __init__(self, n_components: int = 5, n_neighbors: int | None = 10, ridge: float = 1e-6) -> None:
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.ridge = ridge

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn the map from faces ``(n, d)`` and, if given, their labels ``(n,)``."""
        faces = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        labels = None if y is None else np.unique(np.asarray(y), return_inverse=True)[1]
        weights = heat_graph(faces, self.n_neighbors, labels)
        self.mean_, weighted, degrees = locality(faces, weights)
        self.components_ = leading_directions(weighted, degrees, self.n_components, self.ridge).T
        return self

    def transform(self, X: ArrayLike) -> Matrix:
        """Faces ``(n, d)`` in the subspace, ``(n, n_components)``."""
        check_is_fitted(self)
        return np.asarray((validate_data(self, X, dtype=np.float64, reset=False) - self.mean_) @ self.components_.T)

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)
