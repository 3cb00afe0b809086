import numpy as np
from faces_in_memory import pictures, table
from hypothesis import given
from hypothesis import strategies as st

from geofer.datamodules.pairs import PairDataset


def pairs_of(subject, self_pairs, rows=None):
    subject = np.asarray(subject)
    rows = np.arange(len(subject)) if rows is None else rows
    return PairDataset(table(subject), pictures(len(subject)), rows, self_pairs)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(0, 2**32), st.floats(0, 1))
def test_a_target_is_always_the_same_person(subject, seed, self_pairs):
    pairs = pairs_of(subject, self_pairs)
    inputs = np.arange(len(subject))
    targets = pairs.partners(inputs, np.random.default_rng(seed))
    np.testing.assert_array_equal(pairs.table.subject[targets], pairs.table.subject)


def test_every_face_of_the_person_is_a_target_equally_often():
    pairs = pairs_of([3, 1, 3, 3, 1, 0], self_pairs=0.0)
    targets = pairs.partners(np.zeros(3000, np.int64), np.random.default_rng(0))
    rows, counts = np.unique(targets, return_counts=True)
    assert rows.tolist() == [0, 2, 3]
    assert np.all(np.abs(counts - 1000) < 120)


def test_share_of_self_pairs():
    pairs = pairs_of([0] * 50, self_pairs=0.3)
    inputs = np.tile(np.arange(50), 100)
    share = np.mean(pairs.partners(inputs, np.random.default_rng(0)) == inputs)
    assert abs(share - (0.3 + 0.7 / 50)) < 0.02
    assert np.all(pairs_of([0] * 50, 1.0).partners(inputs, np.random.default_rng(0)) == inputs)


def test_batch_holds_picture_and_landmarks_of_the_target():
    pairs = pairs_of([0, 1, 0, 1, 0], self_pairs=0.0, rows=np.array([0, 2, 4]))
    batch = pairs.batch(np.array([0, 1, 2]), np.random.default_rng(4))
    assert batch["image"][:, 0, 0, 0].tolist() == [0, 2, 4]
    for picture, landmarks in zip(batch["target_image"], batch["target_landmarks"], strict=True):
        row = {0: 0, 2: 1, 4: 2}[int(picture[0, 0, 0])]
        np.testing.assert_array_equal(landmarks.numpy(), pairs.table.landmarks[row])
