"""The table of classical baselines, trained on rendered people and tried on another."""

import numpy as np
import pytest
from subspace_people import two_views

from geofer.errors import ConfigError
from geofer.study.baselines.features import landmark_features
from geofer.study.baselines.subspace.baselines import BASELINES
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
