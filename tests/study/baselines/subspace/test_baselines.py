"""The table of classical baselines, trained on rendered people and tried on another."""

import numpy as np
import pytest
from subspace_people import two_views

from geofer.errors import ConfigError
from geofer.study.baselines.features import gray, landmark_features, lbp_features, lgbp_features, sift_features
from geofer.study.baselines.subspace.baselines import BASELINES, HAND_CRAFTED
from geofer.study.baselines.subspace.gsrrr import GroupSparseRegression
from geofer.study.baselines.subspace.supervectors import Supervectors
from geofer.study.extra import need


def test_the_rows_are_those_of_the_papers_tables():
    assert list(BASELINES) == ["kNN", "LDA", "LPP", "D-GPLVM", "GPLRF", "GMLDA", "GMLPP", "MvDA", "DS-GPLVM"]
    assert [name for name, row in BASELINES.items() if "VII" in row.tables] == ["GMLDA", "GMLPP", "MvDA", "DS-GPLVM"]


@pytest.mark.parametrize("name", BASELINES)
def test_each_row_recognizes_new_people_in_both_views(name):
    X, y, view, moment, who = two_views(people=24)
    train, test = who < 16, who >= 16
    model = BASELINES[name].build(0).fit(X[train], y[train], view[train], moment[train])
    score = model.score(X[test], y[test], view[test])
    assert score > (0.6 if name == "kNN" else 0.9)
    twin = BASELINES[name].build(0).fit(X[train], y[train], view[train], moment[train])
    np.testing.assert_array_equal(twin.predict(X[test], view[test]), model.predict(X[test], view[test]))


@pytest.mark.parametrize("name", BASELINES)
def test_each_row_takes_more_features_than_faces(name, rendered_pictures):
    """136 landmark numbers of few faces: no row may fail, and each knows what it was trained on."""
    X = landmark_features(np.stack([picture.landmarks for picture in rendered_pictures]))
    y = np.array([picture.expression for picture in rendered_pictures])
    view = np.array([picture.yaw > 0 for picture in rendered_pictures]).astype(int)
    assert BASELINES[name].build(0).fit(X, y, view).score(X, y, view) > 0.7


def test_a_missing_package_is_named_with_its_extra():
    with pytest.raises(ConfigError, match=r"need no_such_package.*pip install 'geofer\[study\]'"):
        need("no_such_package.part")


@pytest.mark.parametrize("name", HAND_CRAFTED)
def test_each_hand_crafted_row_knows_what_it_was_trained_on(name, rendered_pictures):
    faces = gray(np.stack([picture.pixels[::2, ::2] for picture in rendered_pictures]))
    points = np.stack([picture.landmarks / 2 for picture in rendered_pictures])
    y = np.array([picture.expression for picture in rendered_pictures])
    view = np.array([picture.yaw > 0 for picture in rendered_pictures]).astype(int)
    moment = np.array([f"{picture.subject} {picture.expression}" for picture in rendered_pictures])
    X = {
        "lbp": lambda: lbp_features(faces),
        "lgbp": lambda: lgbp_features(faces),
        "sift": lambda: sift_features(faces),
        "landmark-sift": lambda: sift_features(faces, points),
        "hog": lambda: landmark_features(points),
    }[HAND_CRAFTED[name].features]()
    model = HAND_CRAFTED[name].build(0).fit(X, y, view, moment)
    assert model.score(X, y, view) > 0.6
    twin = HAND_CRAFTED[name].build(0).fit(X, y, view, moment)
    np.testing.assert_array_equal(twin.predict(X, view), model.predict(X, view))


def test_group_sparse_regression_uses_the_regions_that_tell_and_no_others():
    draw = np.random.default_rng(0)
    y = np.repeat((0, 1, 2), 60)
    X = draw.normal(size=(len(y), 8, 5))
    X[:, 3] += 3 * np.eye(5)[y]
    model = GroupSparseRegression(groups=8, penalty=0.3).fit(X.reshape(len(y), -1), y)
    assert model.groups_used_.tolist() == [3]
    assert np.linalg.matrix_rank(model.coef_) == 2
    assert (model.predict(X.reshape(len(y), -1)) == y).mean() > 0.9
    with pytest.raises(ValueError, match="39 features do not divide into 8 regions"):
        model.fit(X.reshape(len(y), -1)[:, :39], y)


def test_a_supervector_is_how_a_face_moves_the_means():
    draw = np.random.default_rng(0)
    faces = draw.normal(size=(20, 30, 4))
    model = Supervectors(descriptor=4, n_components=1, kept=4, relevance=2.0).fit(faces.reshape(20, -1))
    found = model.transform(faces.reshape(20, -1))
    inside = model.pca_.transform(faces[0])
    mean, variance = model.mixture_.means_[0], model.mixture_.covariances_[0]
    slow = (inside - mean).sum(0) / (30 + 2.0) / np.sqrt(variance)
    np.testing.assert_allclose(found[0], slow / np.linalg.norm(slow), atol=1e-6)
