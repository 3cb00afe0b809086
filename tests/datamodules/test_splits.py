"""Splits and folds follow from names and a seed, and tear nobody apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofer.datamodules import RenderedFaces
from geofer.datamodules.splits import Identities, check_folds, default_splits, fold_of, fold_splits, split_by_subject
from geofer.errors import ConfigError

names = st.lists(st.integers(0, 30).map("person {}".format), min_size=1, max_size=120)


def objects(values) -> np.ndarray:
    return np.array([*values, None], dtype=object)[:-1]


def splits_by_name(keys, split) -> dict:
    splits: dict = {}
    for key, side in zip(keys, split, strict=True):
        splits.setdefault(key, set()).add(str(side))
    return splits


@given(names, st.integers(0, 1000))
def test_whole_people_are_drawn_in_the_fractions_asked_for(people, seed):
    splits = splits_by_name(people, split_by_subject(objects(people), seed=seed))
    assert all(len(found) == 1 for found in splits.values())
    count = [sum(found == {side} for found in splits.values()) for side in ("train", "val", "test")]
    if len(splits) >= 3:
        assert count[2] == max(round(0.2 * len(splits)), 1)
        assert count[1] == max(round(0.1 * len(splits)), 1)
        assert count[0] >= 1


@given(names, st.integers(0, 1000), st.randoms())
def test_order_and_number_of_the_faces_do_not_move_people(people, seed, random):
    twice = [*people, *people]
    random.shuffle(twice)
    left, right = (splits_by_name(p, split_by_subject(objects(p), seed=seed)) for p in (people, twice))
    assert left == right


@given(st.integers(2, 5), st.lists(st.integers(0, 30), min_size=40, max_size=120), st.integers(0, 9))
def test_each_person_is_tested_in_one_fold(folds, people, seed):
    keys = objects(people)
    if len(set(people)) < folds:
        return
    tested = np.stack([fold_of(keys, folds, fold, seed) for fold in range(folds)])
    assert (tested.sum(0) == 1).all()
    sizes = [len(set(keys[rows])) for rows in tested]
    assert max(sizes) - min(sizes) <= 1
    assert all(len(found) == 1 for found in splits_by_name(people, tested.argmax(0)).values())


def faces(subject, group=None, split=None) -> Identities:
    empty = [""] * len(subject)
    return Identities(objects(subject), objects(group or empty), objects(split or empty))


def test_given_sides_stay_and_validation_is_carved_from_training():
    subject = [person for person in range(20) for _ in range(3)]
    split = ["test" if person < 5 else "train" for person in subject]
    drawn = default_splits(faces(subject, split=split), val_fraction=0.2, seed=1)
    splits = splits_by_name(subject, drawn)
    assert [person for person, found in splits.items() if found == {"test"}] == list(range(5))
    assert sum(found == {"val"} for found in splits.values()) == 3
    assert sum(found == {"train"} for found in splits.values()) == 12


def test_validation_that_is_given_or_not_wanted_is_left_alone():
    split = ["train", "train", "val", "test"]
    assert default_splits(faces([1, 2, 3, 4], split=split), 0.5, 0).tolist() == split
    no_validation = ["train", "train", "test"]
    assert default_splits(faces([1, 2, 3], split=no_validation), 0.0, 0).tolist() == no_validation
    assert default_splits(faces([1, 2, 3], split=["test", "", "val"]), 0.5, 0).tolist() == ["test", "train", "val"]


def test_groups_hold_together_what_has_no_subject():
    films = [f"film {number // 4}" for number in range(80)]
    drawn = default_splits(faces(list(range(80)), group=films), 0.1, 0)
    assert all(len(found) == 1 for found in splits_by_name(films, drawn).values())
    assert set(drawn) == {"train", "val", "test"}


def test_what_cannot_be_is_refused():
    people = objects(["a", "b"])
    with pytest.raises(ConfigError, match="add up to 1"):
        split_by_subject(people, {"train": 0.5, "test": 0.3})
    with pytest.raises(ConfigError, match="choose 0 to 4"):
        fold_of(people, 5, 5)
    with pytest.raises(ConfigError, match="2 people do not make 5 folds"):
        fold_of(people, 5, 0)


@settings(deadline=None)
@given(st.integers(2, 6), st.integers(0, 20), st.integers(0, 5), st.data())
def test_everybody_is_tested_once_and_nobody_is_torn_apart(folds, more, seed, data):
    people = 2 * folds + more
    again = data.draw(st.lists(st.integers(0, people - 1), max_size=30))
    units = np.array([f"p{number}" for number in [*again, *range(people)]])
    splits = np.stack([fold_splits(units.astype(object), folds, fold, 0.2, seed) for fold in range(folds)])
    assert np.all((splits == "test").sum(axis=0) == 1)
    sizes = []
    for side in splits:
        groups = [set(units[side == name]) for name in ("train", "val", "test")]
        assert sum(map(len, groups)) == people, "somebody is in two splits"
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
    splits = np.stack([RenderedFaces(**people, folds=5, fold=fold)._split_of for fold in range(5)])
    assert np.all((splits == "test").sum(axis=0) == 1)
    assert np.all((splits == "val").sum(axis=1) == 2)
