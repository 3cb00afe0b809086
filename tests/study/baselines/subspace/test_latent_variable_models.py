"""The GPLVMs: their likelihood and slopes, what their priors do, and how they handle views."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator
from subspace_people import toy_people, two_views

from geofer.errors import DataError
from geofer.study.baselines.subspace.ds_gplvm import DSGPLVM, _align
from geofer.study.baselines.subspace.gplvm import (
    BackMapping,
    Observed,
    balanced_rows,
    negative_log_likelihood,
    objective,
)
from geofer.study.baselines.subspace.latent_classes import DGPLVM, GPLRF


def test_likelihood_is_that_of_gaussian_processes():
    draw = np.random.default_rng(0)
    latent, faces = draw.normal(size=(12, 2)), draw.normal(size=(12, 4))
    log_theta = torch.tensor([0.3, -1.0, 1.5], dtype=torch.float64)
    ours = negative_log_likelihood(torch.from_numpy(latent), log_theta, torch.from_numpy(faces @ faces.T), 4)
    variance, offset, precision = log_theta.exp().tolist()
    kernel = ConstantKernel(variance) * RBF(1.0) + ConstantKernel(offset) + WhiteKernel(1 / precision)
    process = GaussianProcessRegressor(kernel, alpha=0, optimizer=None)
    theirs = -sum(process.fit(latent, feature).log_marginal_likelihood_value_ for feature in faces.T)
    assert ours.item() + 12 * 4 / 2 * np.log(2 * np.pi) == pytest.approx(theirs)


@pytest.mark.parametrize("prior", [DGPLVM(weight=2.0)._prior, GPLRF(weight=2.0)._prior], ids=["D-GPLVM", "GPLRF"])
def test_slopes_agree_with_finite_differences(prior):
    faces, y, _ = toy_people(people=4)
    faces -= faces.mean(0)
    views = [
        Observed.of(faces[rows], rows, BackMapping(faces[rows], 0.1)) for rows in (np.arange(12), np.arange(0, 12, 2))
    ]
    draw = torch.Generator().manual_seed(0)
    latent = torch.randn(12, 2, generator=draw, dtype=torch.float64, requires_grad=True)
    log_thetas = torch.randn(2, 3, generator=draw, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, t: objective(x, t, views, prior(y), 0.3), (latent, log_thetas))


def test_priors_are_those_of_their_papers():
    draw = np.random.default_rng(1)
    points, y = draw.normal(size=(9, 2)), np.arange(9) % 3
    pairs = [(i, j) for i in range(9) for j in range(9) if i != j and y[i] == y[j]]
    field = sum(((points[i] - points[j]) ** 2).sum() for i, j in pairs) / 2 / len(pairs)
    assert GPLRF(weight=4.0)._prior(y)(torch.from_numpy(points)).item() == pytest.approx(2 * field)
    within, between = np.zeros((2, 2)), np.zeros((2, 2))
    for each in range(3):
        own = points[y == each]
        within += sum(np.outer(p - own.mean(0), p - own.mean(0)) for p in own)
        between += 3 * np.outer(own.mean(0) - points.mean(0), own.mean(0) - points.mean(0))
    between += 0.01 * np.trace(within + between) / 2 * np.eye(2)
    expected = 4 * np.trace(np.linalg.inv(between) @ within)
    assert DGPLVM(weight=4.0)._prior(y)(torch.from_numpy(points)).item() == pytest.approx(expected)


def test_back_mapping_is_kernel_ridge_regression():
    draw = np.random.default_rng(2)
    faces, latent, new = draw.normal(size=(20, 5)), draw.normal(size=(20, 2)), draw.normal(size=(4, 5))
    mapping = BackMapping(faces, 0.1)
    mapping.fit(latent)
    squared = ((faces[:, None] - faces) ** 2).sum(2)
    width = np.median(squared[~np.eye(20, dtype=bool)])
    ridge = KernelRidge(kernel="rbf", gamma=1 / width, alpha=0.1).fit(faces, latent)
    np.testing.assert_allclose(mapping(new), ridge.predict(new))
    kernel = np.exp(-squared / width) + 0.1 * np.eye(20)
    np.testing.assert_allclose(mapping.precision @ kernel, np.eye(20), atol=1e-9)


@pytest.mark.parametrize("model", [DGPLVM(), GPLRF(), GPLRF(n_components=4)], ids=repr)
def test_classes_of_new_people_are_apart_in_the_latent_space(model):
    X, y, who = toy_people()
    train, test = who < 14, who >= 14
    space = clone(model).fit(X[train], y[train])
    ordinary = PCA(space.latent_.shape[1]).fit(X[train])
    ours = silhouette_score(space.transform(X[test]), y[test])
    assert ours > silhouette_score(ordinary.transform(X[test]), y[test]) + 0.3
    classifier = make_pipeline(clone(model), KNeighborsClassifier(1)).fit(X[train], y[train])
    assert classifier.score(X[test], y[test]) > 0.9
    again = clone(model).fit(X[train], y[train])
    np.testing.assert_array_equal(again.transform(X[test]), space.transform(X[test]))


@pytest.mark.parametrize("model", [DGPLVM(max_iter=5), GPLRF(max_iter=5)], ids=repr)
def test_they_are_scikit_learn_estimators(model):
    check_estimator(model)


def test_a_capped_training_keeps_each_classs_share():
    labels = np.repeat((0, 1, 2), (60, 30, 10))
    kept = balanced_rows(labels, 20, np.random.RandomState(0))
    assert np.bincount(labels[kept]).tolist() == [12, 6, 2]
    assert len(set(kept.tolist())) == 20
    assert balanced_rows(labels, 20, np.random.RandomState(1)).tolist() != kept.tolist()
    X, y, _ = toy_people()
    assert len(DGPLVM(max_samples=30, max_iter=5).fit(X, y).latent_) == 30


def test_views_meet_in_the_shared_space():
    X, y, view, moment, who = two_views()
    train, test = who < 14, who >= 14
    model = DSGPLVM().fit(X[train], y[train], view[train], moment[train])
    assert len(model.latent_) == 14 * 3
    assert model.score(X[test], y[test], view[test]) > 0.9
    space, first, second = model.transform(X, view), train & (view == 0), test & (view == 1)
    across = KNeighborsClassifier(1).fit(space[first], y[first])
    assert across.score(space[second], y[second]) > 0.9
    ordinary = PCA(2).fit_transform(X[test])
    assert silhouette_score(space[test], y[test]) > silhouette_score(ordinary, y[test]) + 0.3


def test_views_need_not_be_complete_or_aligned():
    X, y, view, moment, who = two_views()
    train, test = who < 14, who >= 14
    shuffled = np.random.default_rng(0).permutation(np.flatnonzero(train))
    partial = shuffled[: len(shuffled) * 3 // 4]
    for samples in (moment[partial], None):
        model = DSGPLVM().fit(X[partial], y[partial], view[partial], samples)
        assert model.score(X[test], y[test], view[test]) > 0.85


def test_faces_of_one_moment_share_a_point():
    labels, views = np.array([0, 0, 0, 1, 1, 0]), np.array([0, 1, 0, 0, 1, 1])
    points, point_labels = _align(labels, views, np.array([5, 5, 5, 9, 9, 7]))
    assert points[0] == points[1]  # first of moment 5 in either view
    assert points[3] == points[4]
    assert len(set(points.tolist())) == len(point_labels) == 4
    np.testing.assert_array_equal(point_labels[points], labels)
    with pytest.raises(DataError, match="Sample 5 has faces of several labels"):
        _align(np.array([0, 1]), np.array([0, 1]), np.array([5, 5]))


def test_a_view_that_the_cap_leaves_empty_is_named():
    X, y, view, moment, _ = two_views()
    kept = np.r_[np.flatnonzero(view == 0), np.flatnonzero(view == 1)[:1]]
    with pytest.raises(DataError, match="No face of view 1 is among the 6 points"):
        DSGPLVM(max_samples=6, random_state=0).fit(X[kept], y[kept], view[kept], moment[kept])
