"""Multi-view discriminant analysis (Kan, Shan, Zhang, Lao & Chen, ECCV 2012; TPAMI 38, 2016)."""

import numpy as np
from scipy.linalg import block_diag

from geofer.study.baselines.subspace.matrices import Matrix
from geofer.study.baselines.subspace.multi_view import LinearSharedSpace, Numbers


class MvDA(LinearSharedSpace):
    r"""One map :math:`w_j` a view, such that the classes of all views together are apart in the common space.

    With :math:`y_{ijk} = w_j^T x_{ijk}` the k-th face of class i from view j, :math:`\mu_i` the mean of class i over
    *all* views and :math:`\mu` the mean of everything,

    .. math:: \max_w \operatorname{tr} \frac{\sum_i n_i (\mu_i - \mu)(\mu_i - \mu)^T}
                                            {\sum_{ijk} (y_{ijk} - \mu_i)(y_{ijk} - \mu_i)^T},

    as the eigenproblem of the ratio, as the authors solve it. A face of view j is a long vector that holds it in the
    j-th block and zeros elsewhere; w then maps all views, and the two scatters are those of LDA on the long vectors.
    Views need not be aligned, nor hold the same number of faces.

    Readings: without the view consistency that the longer paper adds (MvDA-VC), for the published comparison is older
    than that; each view is centered, so that no map spends itself on the views' means.
    """

    def _matrices(self, parts: list[Matrix], labels: list[Numbers]) -> tuple[Matrix, Matrix]:
        members = np.eye(len(self.classes_))
        sums = np.hstack([members[each].T @ part for part, each in zip(parts, labels, strict=True)])
        counts = np.bincount(np.concatenate(labels))
        by_class = (sums / counts[:, None]).T @ sums  # the long vectors themselves would fill the memory
        everything = sums.sum(0)
        between = by_class - np.outer(everything, everything) / counts.sum()
        return between, block_diag(*(part.T @ part for part in parts)) - by_class
