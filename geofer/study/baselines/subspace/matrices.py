"""Matrices that the methods share: scatters, graphs of neighbors with their Laplacians, and what is read from both.

Generalized eigenproblems stay solvable where a scatter matrix is singular.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.spatial.distance import cdist

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


def heat_graph(X: Matrix, neighbors: int | None, labels: NDArray[np.int64] | None = None) -> Matrix:
    """Weights ``exp(-|x_i - x_j|² / t)`` between neighbors.

    Points are neighbors if one is among the other's nearest, as in He & Niyogi. The width t is the mean squared
    distance of neighbors, so that weights do not depend on the unit of the features.

    Args:
        X: Points ``(n, d)``.
        neighbors: How many nearest points count as such; None takes all.
        labels: If given, ``(n,)``, only points of one label are neighbors.

    Returns:
        ``(n, n)``, symmetric, in [0, 1], 0 on the diagonal.
    """
    squared = cdist(X, X, "sqeuclidean")
    far = np.eye(len(X), dtype=bool)
    if labels is not None:
        far |= labels[:, None] != labels
    order = np.where(far, np.inf, squared)
    edges = np.isfinite(order)
    if neighbors is not None and neighbors < len(X):
        edges &= order <= np.partition(order, neighbors - 1, axis=1)[:, neighbors - 1, None]
        edges |= edges.T
    width = squared[edges].mean() if edges.any() else 1.0
    return np.where(edges, np.exp(-squared / (width or 1.0)), 0.0)


def laplacian(weights: Matrix) -> Matrix:
    """``D - W`` of a graph's weights ``(n, n)``, with D their sums."""
    return np.asarray(np.diag(weights.sum(1)) - weights)


def locality(faces: Matrix, weights: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """The mean ``(d,)`` that D weights, and around it ``XᵀWX`` and ``XᵀDX`` ``(d, d)`` of faces ``(n, d)``."""
    degrees = weights.sum(1)
    mean = degrees @ faces / degrees.sum() if degrees.any() else faces.mean(0)
    centered = faces - mean
    return mean, centered.T @ weights @ centered, centered.T * degrees @ centered
