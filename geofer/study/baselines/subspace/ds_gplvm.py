"""Discriminative shared Gaussian process latent variable model (Eleftheriadis, Rudovic & Pantic, TIP 24, 2015)."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from geofer.errors import DataError
from geofer.study.baselines.subspace.gplvm import BackMapping, Observed, balanced_rows, first_guess, fit_latent
from geofer.study.baselines.subspace.matrices import Matrix, heat_graph, laplacian
from geofer.study.baselines.subspace.multi_view import Numbers, SharedSpace


class DSGPLVM(SharedSpace):
    r"""One latent point explains what all views show of a moment, and the points of one class are near one another.

    .. math:: \min_{X, \theta} \sum_v L^{(v)}(X) + \frac \beta 2 \operatorname{tr}(X^T \tilde L X)
              + \frac \lambda 2 \sum_v \operatorname{tr}(A_v^T K_v A_v) \quad\text{s.t.}\quad X = K_v A_v

    with :math:`L^{(v)}` the likelihood of view v (see `gplvm`), :math:`K_v` the heat kernel of its faces, so that each
    view has its own way back into the space, and :math:`\tilde L = \sum_v L_v + \xi I` from the Laplacians of each
    view's heat kernel between faces of one class. A face is classified from its view alone, by the latent points
    nearest to where its view's mapping takes it.

    Readings: this is the authors' variant with independent back projections and the LPP prior, one view at a time at
    the test. They meet the constraint step by step with the alternating direction method; here :math:`A_v` is
    eliminated (see `gplvm`), and the width of :math:`K_v` is the median distance. Their Laplacians are normalized so
    that views weigh alike; here each is divided by its trace, for :math:`D^{-1/2} L D^{-1/2}` would also draw together
    points that only their class tells apart, all the way where features tell little.

    Views are aligned by ``sample``: faces of one number, in several views, share a latent point; the k-th of several
    faces of one number in a view goes with the k-th of the others. A view may lack a moment: it then just says nothing
    of that point. Without ``sample`` the k-th face of a class in one view goes with the k-th face of the class in the
    others, which ties classes across views, but not people.

    Args:
        n_components: Dimensions of the latent space; None takes one less than there are classes.
        n_neighbors: Neighbors that vote.
        weight: Of the Laplacian prior (β), beside the likelihood of one feature of one face.
        spread: ξ, which keeps the points around the origin.
        smoothness: Weight λ of the back mappings' ridge penalty.
        noise: On the diagonal of the back mappings' kernels.
        max_iter: Steps of L-BFGS.
        max_samples: Latent points that are trained, drawn with each class's share; time grows with its cube.
        random_state: Seed of the draw.
    """

    def __init__(
        self,
        n_components: int | None = None,
        n_neighbors: int = 1,
        weight: float = 1000.0,
        spread: float = 1e-6,
        smoothness: float = 0.001,
        noise: float = 0.1,
        max_iter: int = 100,
        max_samples: int = 300,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.weight = weight
        self.spread = spread
        self.smoothness = smoothness
        self.noise = noise
        self.max_iter = max_iter
        self.max_samples = max_samples
        self.random_state = random_state

    def _learn(self, faces: Matrix, labels: Numbers, views: NDArray[Any], samples: NDArray[Any]) -> None:
        points, point_labels = _align(labels, views, samples)
        kept = balanced_rows(point_labels, self.max_samples, check_random_state(self.random_state))
        place = np.full(len(point_labels), -1)
        place[kept] = np.arange(len(kept))
        place = place[points]  # of each face, or -1 for one that is left out
        rows = {view: np.flatnonzero((views == view) & (place >= 0)) for view in self.views_.tolist()}
        if empty := [view for view in rows if not len(rows[view])]:
            raise DataError(f"No face of view {empty[0]} is among the {self.max_samples} points that are trained.")
        self.means_ = {view: faces[rows[view]].mean(0) for view in rows}
        centered = {view: faces[rows[view]] - self.means_[view] for view in rows}
        self.mappings_ = {view: BackMapping(centered[view], self.noise) for view in rows}

        stacked = np.zeros((len(kept), len(rows), faces.shape[1]))
        penalty = self.spread * np.eye(len(kept))
        for number, (view, own) in enumerate(rows.items()):
            stacked[place[own], number] = centered[view] / (centered[view].std() or 1.0)
            penalty[np.ix_(place[own], place[own])] += _unit_laplacian(centered[view], labels[own])
        scaled = torch.from_numpy(penalty / np.trace(penalty))
        start = first_guess(
            stacked.reshape(len(kept), -1), point_labels[kept], self.n_components or len(self.classes_) - 1
        )
        observed = [Observed.of(centered[view], place[rows[view]], self.mappings_[view]) for view in rows]
        self.latent_, self.n_iter_ = fit_latent(
            start,
            observed,
            lambda latent: self.weight / 2 * (latent * (scaled @ latent)).sum(),
            self.smoothness,
            self.max_iter,
        )
        for view, own in rows.items():
            self.mappings_[view].fit(self.latent_[place[own]])

    def _project(self, faces: Matrix, view: Any) -> Matrix:  # noqa: ANN401
        return self.mappings_[view](faces - self.means_[view])


def _unit_laplacian(faces: Matrix, labels: Numbers) -> Matrix:
    matrix = laplacian(heat_graph(faces, None, labels))
    return np.asarray(matrix * len(faces) / (np.trace(matrix) or 1.0))


def _align(labels: Numbers, views: NDArray[Any], samples: NDArray[Any]) -> tuple[Numbers, Numbers]:
    """Which latent point each face ``(n,)`` shows, and the points' labels."""
    occurrence = np.zeros(len(samples), int)
    seen: dict[tuple[Any, Any], int] = {}
    for face, key in enumerate(zip(samples.tolist(), views.tolist(), strict=True)):
        occurrence[face] = seen[key] = seen.get(key, -1) + 1
    _, sample_numbers = np.unique(samples, return_inverse=True)
    _, first, points = np.unique(np.stack((sample_numbers, occurrence)), axis=1, return_index=True, return_inverse=True)
    point_labels = labels[first]
    if (differ := np.flatnonzero(point_labels[points] != labels)).size:
        raise DataError(f"Sample {samples[differ[0]]} has faces of several labels; a moment has one expression.")
    return points, point_labels
