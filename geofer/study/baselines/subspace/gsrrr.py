"""Group sparse reduced-rank regression (Zheng, IEEE Transactions on Affective Computing 2014), for one view."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.utils import check_X_y
from sklearn.utils.validation import check_array, check_is_fitted

from geofer.study.baselines.subspace.matrices import Matrix


class GroupSparseRegression(ClassifierMixin, BaseEstimator):
    r"""Labels as a regression of low rank on the regions of a face, of which few are used.

    .. math:: \min_{A, B} \tfrac{1}{2n} \|Y - X B A^T\|_F^2 + \lambda \sum_g \|B_g\|_F
              \quad\text{s.t.}\quad A^T A = I

    Y holds centered indicators of the classes, and :math:`B_g` the rows of a region's features. A and B are found in
    turns: A from a singular value decomposition, B by proximal gradient steps, whose proximal map shrinks whole
    regions.

    Readings: each region's features are reduced to their principal components first, since some thousand faces tell no
    more; :math:`\lambda` is a share of the smallest one at which no region is left; and views have models of their
    own, where the paper's model sees features of all of them.

    Args:
        groups: Regions, which divide the features evenly.
        rank: Columns of A and B; None takes one less than there are classes.
        penalty: :math:`\lambda`, as a share in (0, 1).
        group_components: Principal components of a region at most.
        turns: How often A and B are found.
        steps: Proximal gradient steps of a turn.
    """

    def __init__(
        self,
        groups: int = 64,
        rank: int | None = None,
        penalty: float = 0.02,
        group_components: int = 16,
        turns: int = 10,
        steps: int = 50,
    ) -> None:
        self.groups = groups
        self.rank = rank
        self.penalty = penalty
        self.group_components = group_components
        self.turns = turns
        self.steps = steps

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from faces ``(n, groups · d)`` and labels ``(n,)``.

        Raises:
            ValueError: The features do not divide into the regions.
        """
        faces, labels = check_X_y(X, y, dtype=np.float64)
        if faces.shape[1] % self.groups:
            raise ValueError(f"{faces.shape[1]} features do not divide into {self.groups} regions.")
        self.classes_, labels = np.unique(labels, return_inverse=True)
        regions = faces.reshape(len(faces), self.groups, -1)
        count = min(self.group_components, len(faces), regions.shape[2])
        self.components_ = [PCA(count, svd_solver="full").fit(regions[:, group]) for group in range(self.groups)]
        reduced = self._reduce(faces)
        self.scale_ = reduced.std() or 1.0
        reduced = reduced / self.scale_
        wanted = np.eye(len(self.classes_))[labels]
        self.mean_ = wanted.mean(0)
        self._regress(reduced, wanted - self.mean_)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Labels ``(n,)`` of faces ``(n, groups · d)``."""
        check_is_fitted(self)
        faces = check_array(X, dtype=np.float64)
        scores = (self._reduce(faces) / self.scale_) @ self.coef_ + self.mean_
        return np.asarray(self.classes_[scores.argmax(1)])

    def _reduce(self, faces: Matrix) -> Matrix:
        regions = faces.reshape(len(faces), self.groups, -1)
        return np.concatenate([pca.transform(regions[:, group]) for group, pca in enumerate(self.components_)], axis=1)

    def _regress(self, faces: Matrix, wanted: Matrix) -> None:
        gram, cross = faces.T @ faces / len(faces), faces.T @ wanted / len(faces)
        step = 1 / np.linalg.eigvalsh(gram)[-1]
        shape = (self.groups, -1, wanted.shape[1])
        penalty = self.penalty * np.linalg.norm(cross.reshape(shape), axis=(1, 2)).max()
        rank = self.rank or wanted.shape[1] - 1
        loadings = np.linalg.svd(cross, full_matrices=False)[2][:rank].T
        weights = np.zeros((faces.shape[1], rank))
        for _ in range(self.turns):
            for _ in range(self.steps):
                moved = weights - step * (gram @ weights - cross @ loadings)
                blocks = moved.reshape(self.groups, -1, rank)
                norms = np.linalg.norm(blocks, axis=(1, 2), keepdims=True)
                weights = (blocks * np.maximum(0, 1 - step * penalty / np.maximum(norms, 1e-12))).reshape(moved.shape)
            left, _, right = np.linalg.svd(cross.T @ weights, full_matrices=False)
            loadings = left @ right
        self.coef_ = weights @ loadings.T
        norms = np.linalg.norm(weights.reshape(self.groups, -1, rank), axis=(1, 2))
        self.groups_used_ = np.flatnonzero(norms > 0)
