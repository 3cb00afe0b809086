"""What estimators of several views have in common: each face comes with the number of its view."""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.decomposition import PCA
from sklearn.metrics import accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted

from geofer.errors import DataError
from geofer.study.baselines.subspace.matrices import Matrix, leading_directions

Numbers = NDArray[np.int64]


class MultiViewClassifier(ClassifierMixin, BaseEstimator, ABC):
    """An estimator that knows each face's view, an integer such as its pose bin.

    ``fit(X, y, view, sample)``, ``predict(X, view)`` and ``score(X, y, view)`` take faces ``(n, d)``, labels ``(n,)``
    and views ``(n,)``. Only views that were trained on can be predicted. ``sample`` ``(n,)`` numbers the moments that
    several views show, such as subject and expression; methods that do not pair views ignore it.
    """

    def fit(self, X: ArrayLike, y: ArrayLike, view: ArrayLike, sample: ArrayLike | None = None) -> Self:
        """Learn from faces ``(n, d)``, labels ``(n,)``, views ``(n,)`` and maybe moments ``(n,)``.

        Raises:
            ValueError: As scikit-learn has it, for what is no array of finite numbers or differs in length.
            DataError: There are less than two classes.
        """
        check_classification_targets(y)
        faces, labels, views = check_array(X, dtype=np.float64), np.asarray(y), np.asarray(view)
        samples = labels if sample is None else np.asarray(sample)
        check_consistent_length(faces, labels, views, samples)
        self.n_features_in_ = faces.shape[1]
        self.classes_ = unique_labels(labels)
        if len(self.classes_) < 2:
            raise DataError("All faces have one label; there is nothing to tell apart.")
        self.views_ = np.unique(views)
        self._fit(faces, np.searchsorted(self.classes_, labels), views, samples)
        return self

    def predict(self, X: ArrayLike, view: ArrayLike) -> NDArray[Any]:
        """Labels ``(n,)`` of faces ``(n, d)``, each seen from its view ``(n,)``.

        Raises:
            ValueError: The faces do not have the features of the training.
            DataError: A view that the training did not have.
        """
        return np.asarray(self.classes_[self._by_view(X, view, self._predict, np.int64)])

    def score(self, X: ArrayLike, y: ArrayLike, view: ArrayLike) -> float:
        """Share of faces ``(n, d)`` whose label ``(n,)`` is found from their view ``(n,)``."""
        return float(accuracy_score(y, self.predict(X, view)))

    @abstractmethod
    def _fit(self, faces: Matrix, labels: Numbers, views: NDArray[Any], samples: NDArray[Any]) -> None:
        """Learn from checked arrays; labels count from 0."""

    @abstractmethod
    def _predict(self, faces: Matrix, view: Any) -> Numbers:  # noqa: ANN401
        """Labels from 0 of faces that are all seen from one view."""

    def _by_view(self, X: ArrayLike, view: ArrayLike, function: Any, dtype: Any) -> NDArray[Any]:  # noqa: ANN401
        """What ``function(faces, view)`` answers for the faces of each view, in the order of the faces."""
        check_is_fitted(self)
        faces, views = check_array(X, dtype=np.float64), np.asarray(view)
        check_consistent_length(faces, views)
        if faces.shape[1] != self.n_features_in_:
            raise ValueError(f"X has {faces.shape[1]} features, but the training had {self.n_features_in_}.")
        if unknown := sorted(set(views.tolist()) - set(self.views_.tolist())):
            raise DataError(f"View {unknown[0]} was not trained on; there were {self.views_.tolist()}.")
        answers = {each: np.asarray(function(faces[views == each], each), dtype) for each in np.unique(views).tolist()}
        result = np.empty((len(faces), *next(iter(answers.values())).shape[1:]), dtype)
        for each, answer in answers.items():
            result[views == each] = answer
        return result


class PerView(MultiViewClassifier):
    """An ordinary classifier for each view, trained on the faces of that view alone.

    Args:
        estimator: A scikit-learn classifier, which is cloned for each view.
    """

    def __init__(self, estimator: BaseEstimator) -> None:
        self.estimator = estimator

    def _fit(self, faces: Matrix, labels: Numbers, views: NDArray[Any], samples: NDArray[Any]) -> None:
        self.estimators_ = {
            view: clone(self.estimator).fit(faces[views == view], labels[views == view])
            for view in self.views_.tolist()
        }

    def _predict(self, faces: Matrix, view: Any) -> Numbers:  # noqa: ANN401
        return np.asarray(self.estimators_[view].predict(faces))


class AllViews(MultiViewClassifier):
    """An ordinary classifier that learns from the faces of all views together.

    Args:
        estimator: A scikit-learn classifier.
    """

    def __init__(self, estimator: BaseEstimator) -> None:
        self.estimator = estimator

    def _fit(self, faces: Matrix, labels: Numbers, views: NDArray[Any], samples: NDArray[Any]) -> None:
        self.estimator_ = clone(self.estimator).fit(faces, labels)

    def _predict(self, faces: Matrix, view: Any) -> Numbers:  # noqa: ANN401
        return np.asarray(self.estimator_.predict(faces))


class SharedSpace(MultiViewClassifier):
    """A space where the faces of all views meet, and nearest neighbors in it.

    ``transform(X, view)`` takes faces ``(n, d)`` and their views ``(n,)`` to the space, ``(n, n_components)``. The
    neighbors are the training faces of all views.

    Subclasses have ``n_neighbors``, the neighbors that vote.
    """

    n_neighbors: int

    def transform(self, X: ArrayLike, view: ArrayLike) -> Matrix:
        """Faces ``(n, d)`` of views ``(n,)`` in the shared space, ``(n, n_components)``.

        Raises:
            ValueError: The faces do not have the features of the training.
            DataError: A view that the training did not have.
        """
        return self._by_view(X, view, self._project, np.float64)

    def _fit(self, faces: Matrix, labels: Numbers, views: NDArray[Any], samples: NDArray[Any]) -> None:
        self._learn(faces, labels, views, samples)
        count = min(self.n_neighbors, len(faces))
        self.neighbors_ = KNeighborsClassifier(count).fit(self.transform(faces, views), labels)

    def _predict(self, faces: Matrix, view: Any) -> Numbers:  # noqa: ANN401
        return np.asarray(self.neighbors_.predict(self._project(faces, view)))

    @abstractmethod
    def _learn(self, faces: Matrix, labels: Numbers, views: NDArray[Any], samples: NDArray[Any]) -> None:
        """Learn the way into the space."""

    @abstractmethod
    def _project(self, faces: Matrix, view: Any) -> Matrix:  # noqa: ANN401
        """Faces of one view in the space."""


class LinearSharedSpace(SharedSpace):
    r"""One linear map a view, all found together from the stacked problem :math:`A w = \lambda B w`.

    w stacks the views' maps. Each view is first freed of its mean and reduced to principal components, since B is
    singular where there are more features than faces.

    Args:
        n_components: Dimensions of the space; None takes one less than there are classes.
        n_neighbors: Neighbors that vote.
        variance: Share of each view's variance that its principal components keep.
        ridge: Added to the diagonal of B, as a share of its mean.
    """

    def __init__(
        self, n_components: int | None = None, n_neighbors: int = 1, variance: float = 0.95, ridge: float = 1e-3
    ) -> None:
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.variance = variance
        self.ridge = ridge

    def _learn(self, faces: Matrix, labels: Numbers, views: NDArray[Any], samples: NDArray[Any]) -> None:
        rows = {view: np.flatnonzero(views == view) for view in self.views_.tolist()}
        self.reductions_ = {view: PCA(self.variance).fit(faces[rows[view]]) for view in rows}
        parts = [self.reductions_[view].transform(faces[rows[view]]) for view in rows]
        gain, cost = self._matrices(parts, [labels[rows[view]] for view in rows])
        count = self.n_components or len(self.classes_) - 1
        directions = leading_directions(gain, cost, count, self.ridge)
        borders = np.cumsum([part.shape[1] for part in parts])[:-1]
        self.maps_ = dict(zip(rows, np.split(directions, borders), strict=True))

    def _project(self, faces: Matrix, view: Any) -> Matrix:  # noqa: ANN401
        return np.asarray(self.reductions_[view].transform(faces) @ self.maps_[view])

    @abstractmethod
    def _matrices(self, parts: list[Matrix], labels: list[Numbers]) -> tuple[Matrix, Matrix]:
        """A and B, ``(Σ d_v, Σ d_v)``, of centered views ``(n_v, d_v)`` with labels ``(n_v,)`` from 0."""
