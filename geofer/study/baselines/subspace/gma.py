"""Generalized multiview analysis (Sharma, Kumar, Daumé III & Jacobs, CVPR 2012): GMLDA and GMLPP."""

from abc import abstractmethod

import numpy as np
from scipy.linalg import block_diag

from geofer.study.baselines.subspace.matrices import Matrix, class_means, heat_graph, locality, scatters
from geofer.study.baselines.subspace.multi_view import LinearSharedSpace, Numbers


class GeneralizedMultiviewAnalysis(LinearSharedSpace):
    r"""Each view's own criterion, and between each two views the covariance of paired columns.

    .. math:: \max \sum_i \mu_i v_i^T A_i v_i + 2 \alpha \sum_{i<j} v_i^T Z_i Z_j^T v_j
              \quad\text{s.t.}\quad \sum_i \gamma_i v_i^T B_i v_i = 1

    A and B are those of a criterion of one view, and Z holds what shall fall together, column by column.

    Readings, after the notes that go with the authors' code: Z holds class means (their "align class centers"), so that
    views need not be aligned face by face, and a class that a view lacks pulls at nothing; :math:`\mu_i`,
    :math:`\gamma_i` and a scale of each :math:`Z_i` bring the Frobenius norms of all A, B and Z to 1, so that
    :math:`\alpha` does not depend on units. Their example's :math:`\alpha` is 10.

    Args:
        alpha: How much views pull at one another.
        n_components: Dimensions of the space; None takes one less than there are classes.
        n_neighbors: Neighbors that vote.
        variance: Share of each view's variance that its principal components keep.
        ridge: Added to the diagonal of B, as a share of its mean.
    """

    def __init__(
        self,
        alpha: float = 10.0,
        n_components: int | None = None,
        n_neighbors: int = 1,
        variance: float = 0.95,
        ridge: float = 1e-3,
    ) -> None:
        super().__init__(n_components, n_neighbors, variance, ridge)
        self.alpha = alpha

    def _matrices(self, parts: list[Matrix], labels: list[Numbers]) -> tuple[Matrix, Matrix]:
        criteria = [self._criterion(part, each) for part, each in zip(parts, labels, strict=True)]
        gains, costs = ([_unit(matrix) for matrix in pile] for pile in zip(*criteria, strict=True))
        means = [class_means(part, each, len(self.classes_)) for part, each in zip(parts, labels, strict=True)]
        paired = np.hstack([_unit(mean) for mean in means])
        within_views = block_diag(*(np.ones_like(gain) for gain in gains))
        pull = self.alpha * np.where(within_views, 0.0, paired.T @ paired)
        return block_diag(*gains) + pull, block_diag(*costs)

    @abstractmethod
    def _criterion(self, X: Matrix, labels: Numbers) -> tuple[Matrix, Matrix]:
        """A and B ``(d, d)`` of a view's centered faces ``(n, d)``."""


def _unit(matrix: Matrix) -> Matrix:
    return np.asarray(matrix / (np.linalg.norm(matrix) or 1.0))


class GMLDA(GeneralizedMultiviewAnalysis):
    """With LDA's criterion: A is the scatter between classes, B the scatter within them."""

    def _criterion(self, X: Matrix, labels: Numbers) -> tuple[Matrix, Matrix]:
        return scatters(X, labels, len(self.classes_))


class GMLPP(GeneralizedMultiviewAnalysis):
    """With LPP's criterion: A is ``XᵀWX`` and B ``XᵀDX``, of the heat kernel between all faces of one class."""

    def _criterion(self, X: Matrix, labels: Numbers) -> tuple[Matrix, Matrix]:
        _, weighted, degrees = locality(X, heat_graph(X, None, labels))
        return weighted, degrees
