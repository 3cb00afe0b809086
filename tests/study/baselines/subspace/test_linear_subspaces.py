"""LPP, GMLDA, GMLPP and MvDA, against known answers."""

import numpy as np
import pytest
from scipy.linalg import eigh, subspace_angles
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.manifold import SpectralEmbedding
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import check_estimator
from subspace_people import toy_people, two_views

from geofer.errors import DataError
from geofer.study.baselines.subspace.gma import GMLDA, GMLPP
from geofer.study.baselines.subspace.lpp import LPP
from geofer.study.baselines.subspace.matrices import heat_graph, laplacian
from geofer.study.baselines.subspace.mvda import MvDA


def slow_graph(X, neighbors):
    distance = [[float(((a - b) ** 2).sum()) for b in X] for a in X]
    edges = set()
    for i, row in enumerate(distance):
        others = sorted((j for j in range(len(X)) if j != i), key=row.__getitem__)
        edges |= {(i, j) for j in others[:neighbors]} | {(j, i) for j in others[:neighbors]}
    width = np.mean([distance[i][j] for i, j in edges])
    weights = np.zeros((len(X), len(X)))
    for i, j in edges:
        weights[i, j] = np.exp(-distance[i][j] / width)
    return weights


def test_graph_joins_what_is_among_the_nearest_of_either():
    X = np.random.default_rng(0).normal(size=(15, 3))
    np.testing.assert_allclose(heat_graph(X, 4), slow_graph(X, 4))
    labels = np.arange(15) % 3
    within = heat_graph(X, None, labels)
    assert ((within > 0) == ((labels[:, None] == labels) & ~np.eye(15, dtype=bool))).all()


def test_laplacian_measures_differences_along_edges():
    draw = np.random.default_rng(1)
    X, weights = draw.normal(size=(6, 2)), np.triu(draw.random((6, 6)), 1)
    weights += weights.T
    energy = sum(weights[i, j] * ((X[i] - X[j]) ** 2).sum() for i in range(6) for j in range(i))
    assert np.trace(X.T @ laplacian(weights) @ X) == pytest.approx(energy)


def test_lpp_with_as_many_features_as_faces_is_the_spectral_embedding():
    X = np.random.default_rng(2).normal(size=(20, 19))
    ours = LPP(3, n_neighbors=6, ridge=0.0).fit_transform(X)
    theirs = SpectralEmbedding(3, affinity="precomputed", random_state=0).fit_transform(heat_graph(X, 6))
    for a, b in zip(ours.T, theirs.T, strict=True):
        assert abs(np.corrcoef(a, b)[0, 1]) == pytest.approx(1, abs=1e-6)


def test_lpp_unrolls_a_strip_whose_curve_varies_most_across():
    """Along the strip neighbors are near; across it, at random, they are not, though that is its longest side."""
    draw = np.random.default_rng(3)
    along = np.linspace(0, 1, 120)
    X = np.column_stack((along, 0.02 * draw.normal(size=120), 0.02 * draw.normal(size=120))) @ draw.normal(size=(3, 3))
    scores = LPP(1, n_neighbors=5).fit_transform(X)[:, 0]
    assert abs(np.corrcoef(scores, along)[0, 1]) > 0.99


def test_lpp_minimizes_its_own_criterion():
    X, y, _ = toy_people()
    projection = LPP(2, n_neighbors=5, ridge=0.0).fit(X, y)
    weights = heat_graph(X, 5, y)
    centered = X - weights.sum(1) @ X / weights.sum()
    values = eigh(centered.T @ laplacian(weights) @ centered, centered.T * weights.sum(1) @ centered, eigvals_only=True)
    for direction, value in zip(projection.components_, values, strict=False):
        scores = centered @ direction
        quotient = scores @ laplacian(weights) @ scores / (weights.sum(1) @ scores**2)
        assert quotient == pytest.approx(value)


@pytest.mark.parametrize("estimator", [LPP()], ids=repr)
def test_lpp_is_a_scikit_learn_estimator(estimator):
    check_estimator(estimator)


@pytest.mark.parametrize("method", [MvDA, GMLDA])
def test_with_one_view_it_is_lda(method):
    X, y, _ = toy_people()
    one = np.zeros(len(X), int)
    ours = method(variance=0.999999, ridge=0.0).fit(X, y, one)
    theirs = LinearDiscriminantAnalysis(solver="eigen", n_components=2).fit(X, y)
    directions = ours.reductions_[0].components_.T @ ours.maps_[0]
    assert np.degrees(subspace_angles(directions, theirs.scalings_[:, :2])).max() < 0.1


def test_mvda_splits_scatter_as_its_paper_does():
    """The blocks of the scatters, view by view, as sums over classes."""
    draw = np.random.default_rng(4)
    parts, labels = [draw.normal(size=(6, 3)), draw.normal(size=(8, 2))], [np.arange(6) % 2, np.arange(8) % 2]
    model = MvDA()
    model.classes_ = np.arange(2)
    between, within = model._matrices(parts, labels)
    block = np.zeros((3, 2))
    for each in range(2):
        first, second = parts[0][labels[0] == each], parts[1][labels[1] == each]
        block -= len(first) * len(second) / (len(first) + len(second)) * np.outer(first.mean(0), second.mean(0))
    np.testing.assert_allclose(within[:3, 3:], block)
    whole = np.zeros((5, 5))
    long = np.vstack((np.hstack((parts[0], np.zeros((6, 2)))), np.hstack((np.zeros((8, 3)), parts[1]))))
    for row in long - long.mean(0):
        whole += np.outer(row, row)
    np.testing.assert_allclose(between + within, whole)


@pytest.mark.parametrize("method", [MvDA, GMLDA, GMLPP])
def test_two_rotated_views_meet_where_one_map_for_both_fails(method):
    X, y, view, _, who = two_views()
    train, test = who < 14, who >= 14
    joint = LinearDiscriminantAnalysis().fit(X[train], y[train]).score(X[test], y[test])
    model = method().fit(X[train], y[train], view[train])
    assert joint < 0.75
    assert model.score(X[test], y[test], view[test]) > 0.95
    space, first = model.transform(X, view), train & (view == 0)
    across = KNeighborsClassifier(1).fit(space[first], y[first])
    second = test & (view == 1)
    assert across.score(space[second], y[second]) > 0.95


def test_views_of_different_classes_and_sizes_can_be_joined():
    X, y, view, _, _ = two_views()
    kept = (view == 0) | (y != 2)
    for method in (MvDA, GMLDA, GMLPP):
        model = method().fit(X[kept], y[kept], view[kept])
        assert model.score(X[kept], y[kept], view[kept]) > 0.95


def test_labels_and_views_come_back_as_they_were_given():
    X, y, view, _, _ = two_views()
    names, yaws = np.array(["joy", "fear", "anger"])[y], np.array([-30, 15])[view]
    shuffled = np.random.default_rng(0).permutation(len(X))
    model = MvDA().fit(X[shuffled], names[shuffled], yaws[shuffled])
    assert (model.predict(X, yaws) == names).mean() > 0.95


def test_wrong_views_and_labels_are_named():
    X, y, view, _, _ = two_views()
    model = MvDA().fit(X, y, view)
    with pytest.raises(DataError, match=r"View 7 was not trained on; there were \[0, 1\]"):
        model.predict(X, np.full(len(X), 7))
    with pytest.raises(ValueError, match="has 5 features, but the training had 12"):
        model.predict(X[:, :5], view)
    with pytest.raises(DataError, match="one label"):
        MvDA().fit(X, np.zeros(len(X)), view)
    with pytest.raises(ValueError, match="inconsistent"):
        MvDA().fit(X, y, view[:-1])
    with pytest.raises(ValueError, match="NaN"):
        MvDA().fit(np.full_like(X, np.nan), y, view)
