"""Local linear regression of sparse codes (Jampour, Mauthner & Bischof, Computer Vision Winter Workshop 2015)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, MiniBatchDictionaryLearning
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from geofer.study.baselines.subspace.matrices import Matrix
from geofer.study.baselines.subspace.multi_view import MultiViewClassifier, Numbers


class SparseCodeRegression(MultiViewClassifier):
    """Sparse codes of faces from the side are mapped to codes of the front, where one classifier waits.

    Each view has a dictionary, and clusters of its codes a linear map each to the codes of the same moments in the
    view that is nearest to the front; a moment that several pitches show there has the mean of their codes.

    Readings: features are reduced to principal components first; and one support vector machine learns from the codes
    of the front and from the mapped ones of all views.

    Args:
        front: The view that is mapped to; None takes the middle one.
        atoms: Of a dictionary.
        nonzero: Atoms that a code uses.
        clusters: Linear maps of a view.
        kept: Principal components of the features at most.
        random_state: Of dictionaries and clusters.
    """

    def __init__(
        self,
        front: int | None = None,
        atoms: int = 128,
        nonzero: int = 10,
        clusters: int = 5,
        kept: int = 100,
        random_state: int = 0,
    ) -> None:
        self.front = front
        self.atoms = atoms
        self.nonzero = nonzero
        self.clusters = clusters
        self.kept = kept
        self.random_state = random_state

    def _fit(self, faces: Matrix, labels: Numbers, views: NDArray[Any], samples: NDArray[Any]) -> None:
        known = self.views_.tolist()
        self.front_ = known[len(known) // 2] if self.front is None else self.front
        self.scaler_ = StandardScaler().fit(faces)
        self.pca_ = PCA(min(self.kept, *faces.shape), random_state=self.random_state).fit(self.scaler_.transform(faces))
        reduced = self.pca_.transform(self.scaler_.transform(faces))
        self.dictionaries_, codes = {}, {}
        for view in known:
            rows = views == view
            learner = MiniBatchDictionaryLearning(
                min(self.atoms, max(2, int(rows.sum()) // 2)),
                transform_algorithm="omp",
                transform_n_nonzero_coefs=self.nonzero,
                max_iter=20,
                random_state=self.random_state,
            )
            self.dictionaries_[view] = learner.fit(reduced[rows])
            codes[view] = learner.transform(reduced[rows])
        wanted = _means(codes[self.front_], samples[views == self.front_])
        self.maps_ = {}
        for view in known:
            if view != self.front_:
                self.maps_[view] = self._maps(codes[view], samples[views == view], wanted)
        mapped = {view: self._to_front(codes[view], view) for view in known}
        self.svm_ = LinearSVC(random_state=self.random_state).fit(
            np.concatenate([mapped[view] for view in known]), np.concatenate([labels[views == view] for view in known])
        )

    def _maps(self, codes: Matrix, samples: NDArray[Any], wanted: dict[Any, Matrix]) -> tuple[KMeans, list[Ridge]]:
        paired = np.array([sample in wanted for sample in samples])
        if not paired.any():  # no moment of this view is seen from the front: all are mapped to the mean
            paired = np.ones(len(codes), bool)
        middle: Matrix = np.mean(list(wanted.values()), axis=0)
        targets = np.stack([wanted.get(sample, middle) for sample in samples[paired]])
        own = codes[paired]
        clusters = KMeans(min(self.clusters, len(own)), n_init=3, random_state=self.random_state).fit(own)
        maps = [
            Ridge(1.0).fit(own[clusters.labels_ == number], targets[clusters.labels_ == number])
            for number in range(clusters.n_clusters)
        ]
        return clusters, maps

    def _to_front(self, codes: Matrix, view: Any) -> Matrix:  # noqa: ANN401
        if view == self.front_:
            return codes
        clusters, maps = self.maps_[view]
        which = clusters.predict(codes)
        mapped = np.empty((len(codes), maps[0].coef_.shape[0]))
        for number in np.unique(which):
            mapped[which == number] = maps[number].predict(codes[which == number])
        return mapped

    def _predict(self, faces: Matrix, view: Any) -> Numbers:  # noqa: ANN401
        reduced = self.pca_.transform(self.scaler_.transform(faces))
        codes = self.dictionaries_[view].transform(reduced)
        return np.asarray(self.svm_.predict(self._to_front(codes, view)))


def _means(codes: Matrix, samples: NDArray[Any]) -> dict[Any, Matrix]:
    return {sample: codes[samples == sample].mean(0) for sample in np.unique(samples).tolist()}
