from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofer.datamodules.leaks import LISTED, check_apart, torn_apart
from geofer.errors import DataError, LeakError

split_or_none = st.sampled_from(["train", "val", "test", ""])
rows = st.lists(st.tuples(st.sampled_from("ABCDEFGHIJKLMNOP"), split_or_none), max_size=40)


def in_several_splits(assignment):
    """The slow and obvious way: key → split → first row."""
    places = defaultdict(dict)
    for row, (key, split_name) in enumerate(assignment):
        if split_name:
            places[key].setdefault(split_name, row)
    return {key: splits for key, splits in places.items() if len(splits) > 1}


def columns(assignment):
    return np.array([key for key, _ in assignment], "U9"), np.array([split_name for _, split_name in assignment], "U9")


@given(rows)
def test_whatever_the_assignment_exactly_what_is_torn_is_found(assignment):
    expected = in_several_splits(assignment)
    assert torn_apart(*columns(assignment)) == [expected[key] for key in sorted(expected)]


@given(rows, st.sampled_from(["subject", "group"]))
def test_it_raises_exactly_when_a_name_is_in_two_splits_and_names_exactly_those(assignment, kind):
    keys, split = columns(assignment)
    expected = in_several_splits(assignment)
    numbers = np.array([ord(key) for key in keys])
    try:
        check_apart(kind, numbers, split, lambda torn: keys[torn])
    except LeakError as error:
        message = str(error)
    else:
        message = ""
    if not expected:
        assert message == ""
        return
    listed = message.partition(": ")[2].partition(". ")[0].split("; ")
    names = [f"{key} ({', '.join(sorted(expected[key]))})" for key in sorted(expected)]
    more = [f"and {len(names) - LISTED} more"] if len(names) > LISTED else []
    assert listed == names[:LISTED] + more
    assert message.startswith(f"{len(names)} {kind}(s) are")


@given(rows)
def test_duplicates_are_named_by_their_files(assignment):
    digests, split = columns(assignment)
    files = [f"{split_name}/{row}.png" for row, split_name in enumerate(split)]
    expected = in_several_splits(assignment)
    if not expected:
        return
    with pytest.raises(LeakError) as caught:
        check_apart("picture", digests, split, lambda torn: [files[row] for row in torn])
    for key in sorted(expected)[:LISTED]:
        pair = " = ".join(f"{files[row]} ({split_name})" for split_name, row in sorted(expected[key].items()))
        assert pair in str(caught.value)


@given(rows, st.permutations(["train", "val", "test"]))
def test_keeping_keys_together_always_passes(assignment, splits):
    keys, _ = columns(assignment)
    split = np.array([splits[ord(key) % 3] for key in keys], "U9")
    check_apart("subject", keys, split, lambda torn: pytest.fail("nothing is to be named"))


def test_copies_in_one_split_are_no_leak():
    check_apart("picture", np.array(["a", "a", "b"]), np.array(["train", "train", "test"]), lambda torn: [])


def test_message_in_full():
    names = np.array(["Anna", "Ben", "Anna"])
    with pytest.raises(LeakError) as caught:
        check_apart("subject", np.array([0, 1, 0]), np.array(["train", "train", "val"]), lambda torn: names[torn])
    assert str(caught.value) == (
        "1 subject(s) are in more than one split: Anna (train, val). Results on what was seen in training "
        "say nothing; keep each subject in one split."
    )
    assert isinstance(caught.value, DataError)


def test_odd_names_are_escaped():
    with pytest.raises(LeakError, match=r"'a\\n.png' \(test\) = '\\udcff.png' \(train\)"):
        check_apart("picture", np.zeros(2), np.array(["train", "test"]), lambda torn: ["a\n.png", "\udcff.png"])


def test_a_million_faces():
    """One leaked person among a hundred thousand, one copied picture among a million."""
    people, chance = 100_000, np.random.default_rng(0)
    subject = np.arange(1_000_000) % people
    split = np.array(["train", "val", "test"])[subject % 3]
    split[777_777] = "val"
    assert torn_apart(subject, split) == [{"test": 77_777, "val": 777_777}]
    digest = chance.integers(0, 2**64, 1_000_000, np.uint64)
    digest[3] = digest[1_000]
    assert torn_apart(digest, split) == [{"train": 3, "val": 1_000}]
