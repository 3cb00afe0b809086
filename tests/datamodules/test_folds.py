import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofer.datamodules import RenderedFaces
from geofer.datamodules.folds import check_folds, fold_splits
from geofer.errors import ConfigError


@settings(deadline=None)
@given(st.integers(2, 6), st.integers(0, 20), st.integers(0, 5), st.data())
def test_everybody_is_tested_once_and_nobody_is_torn_apart(folds, more, seed, data):
    people = 2 * folds + more
    again = data.draw(st.lists(st.integers(0, people - 1), max_size=30))
    units = np.array([f"p{number}" for number in [*again, *range(people)]])
    sides = np.stack([fold_splits(units.astype(object), folds, fold, 0.2, seed) for fold in range(folds)])
    assert np.all((sides == "test").sum(axis=0) == 1)
    sizes = []
    for side in sides:
        groups = [set(units[side == name]) for name in ("train", "val", "test")]
        assert sum(map(len, groups)) == people, "somebody is on two sides"
        assert all(groups)
        sizes.append(len(groups[2]))
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    ("folds", "fold", "message"),
    [(None, 1, "folds is not set"), (1, 0, "at least 2"), (5, 5, "choose 0 to 4"), (5, -1, "choose 0 to 4")],
)
def test_a_fold_that_there_is_not(folds, fold, message):
    with pytest.raises(ConfigError, match=message):
        check_folds(folds, fold)


def test_rendered_people_in_folds():
    people = {"train_subjects": 6, "val_subjects": 2, "test_subjects": 2}
    sides = np.stack([RenderedFaces(**people, folds=5, fold=fold)._split_of for fold in range(5)])
    assert np.all((sides == "test").sum(axis=0) == 1)
    assert np.all((sides == "val").sum(axis=1) == 2)
