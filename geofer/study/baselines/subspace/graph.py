"""Neighborhood graphs and their Laplacians."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from geofer.study.baselines.subspace.eigen import Matrix


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
