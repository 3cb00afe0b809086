"""Two models on the same faces, against scipy's bootstrap and permutation test."""

import math

import numpy as np
import pytest
from scipy import stats

from geofer.metrics.paired import paired_difference, sign_flip_test


def answers(people, faces, gain, seed=0):
    """Two models' answers on ``faces`` faces of each person; the second one is better by ``gain``."""
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(people), faces)
    hard = rng.beta(2, 2, people)[subject]
    first = rng.random(len(subject)) < hard
    second = rng.random(len(subject)) < np.clip(hard + gain, 0, 1)
    shuffled = rng.permutation(len(subject))
    return first[shuffled], second[shuffled], 10 * subject[shuffled]


def by_person(answer, subject):
    return np.array([answer[subject == person].sum() for person in np.unique(subject)])


def scipys(first, second, subject, **options):
    return stats.permutation_test(
        (by_person(first, subject), by_person(second, subject)),
        lambda x, y, axis=-1: (y - x).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        **options,
    ).pvalue


@pytest.mark.parametrize(("people", "gain", "seed"), [(5, 0.1, 0), (10, 0.1, 1), (12, 0.25, 2), (12, 0.0, 3)])
def test_few_people_are_tested_exactly(people, gain, seed):
    faces = answers(people, 12, gain, seed)
    assert sign_flip_test(*faces) == pytest.approx(scipys(*faces, n_resamples=np.inf), abs=1e-12)


@pytest.mark.parametrize(("gain", "seed"), [(0.03, 4), (0.08, 5)])
def test_many_people_are_tested_by_draws(gain, seed):
    faces = answers(50, 10, gain, seed)
    expected = scipys(*faces, n_resamples=50_000, rng=np.random.default_rng(1))
    assert sign_flip_test(*faces) == pytest.approx(expected, abs=0.01)
    assert sign_flip_test(*faces) == sign_flip_test(*faces)


def test_it_is_symmetric_and_never_zero():
    first, second, subject = answers(40, 20, 0.5)
    assert sign_flip_test(first, second, subject) == sign_flip_test(second, first, subject)
    assert 0 < sign_flip_test(first, second, subject) < 1e-4
    assert sign_flip_test(first, first, subject) == 1.0


def test_chance_alone_is_found_as_often_as_it_says():
    found = [sign_flip_test(*answers(14, 10, 0.0, seed)) <= 0.05 for seed in range(300)]
    assert 0.01 < np.mean(found) < 0.08


def test_the_interval_is_the_paired_bootstrap_of_people():
    first, second, subject = answers(30, 8, 0.1)
    pair = paired_difference(first, second, subject)
    gain = by_person(second, subject) - by_person(first, subject)
    expected = stats.bootstrap(
        (gain / 8,), np.mean, method="percentile", n_resamples=5000, rng=np.random.default_rng(0)
    ).confidence_interval
    assert (pair.low, pair.high) == pytest.approx((expected.low, expected.high), abs=0.01)
    assert pair.difference == pytest.approx(second.mean() - first.mean())
    assert (pair.faces, pair.subjects) == (240, 30)


def test_pairing_makes_the_interval_of_like_models_narrow():
    first, _, subject = answers(20, 10, 0.0)
    second = first.copy()
    second[:3] = ~second[:3]
    pair = paired_difference(first, second, subject)
    assert pair.high - pair.low < 0.05


def test_one_person_has_no_interval():
    pair = paired_difference([True, False], [True, True], [3, 3])
    assert pair.difference == 0.5
    assert math.isnan(pair.low)
    assert math.isnan(pair.high)
