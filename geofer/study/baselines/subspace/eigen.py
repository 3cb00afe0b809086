"""Generalized eigenproblems that stay solvable where scatter matrices are singular, and scatter matrices themselves."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

Matrix = NDArray[np.float64]


def leading_directions(gain: Matrix, cost: Matrix, count: int, ridge: float) -> Matrix:
    """Directions ``w`` of the largest ``wᵀ gain w / wᵀ cost w``.

    Args:
        gain: ``(d, d)`` symmetric.
        cost: ``(d, d)`` symmetric, positive semidefinite.
        count: How many; at most d are found.
        ridge: Added to the diagonal of ``cost``, as a share of its mean.

    Returns:
        ``(d, count)``, best first, with ``Wᵀ cost W = 1``; each direction's largest entry is positive.
    """
    size = len(cost)
    scale = np.trace(cost) / size or 1.0
    regular = cost / scale + ridge * np.eye(size)
    _, vectors = eigh(gain / scale, regular, subset_by_index=(size - min(count, size), size - 1))
    vectors = vectors[:, ::-1] / np.sqrt(scale)
    return np.asarray(vectors * np.sign(vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])]))


def class_means(X: Matrix, labels: NDArray[np.int64], classes: int) -> Matrix:
    """Means ``(classes, d)`` of rows ``(n, d)`` by label; zeros for a class without rows."""
    members = np.eye(classes)[labels]
    return np.asarray(members.T @ X / np.maximum(members.sum(0), 1)[:, None])


def scatters(X: Matrix, labels: NDArray[np.int64], classes: int) -> tuple[Matrix, Matrix]:
    """Scatters ``(d, d)`` of rows ``(n, d)``: of their class means around the mean of all, and of rows around these."""
    means = class_means(X, labels, classes)[labels]
    between, within = means - X.mean(0), X - means
    return between.T @ between, within.T @ within
