"""The interval over subjects, against draws of one subject at a time."""

import numpy as np
import pytest
import torch

from geofer.metrics.subjects import SubjectInterval, subject_bootstrap


def slow_bootstrap(correct, total, replicates):
    rng = np.random.default_rng(7)
    accuracies = []
    for _ in range(replicates):
        drawn = [rng.integers(len(total)) for _ in total]
        accuracies.append(sum(correct[s] for s in drawn) / sum(total[s] for s in drawn))
    accuracies.sort()
    return accuracies[int(0.025 * replicates)], accuracies[int(0.975 * replicates)]


def test_interval_equals_a_loop_over_subjects_up_to_chance():
    correct, total = np.array([10, 3, 7, 20, 9, 1, 15]), np.array([12, 10, 10, 21, 20, 10, 15])
    low, high = subject_bootstrap(correct, total, replicates=20_000)
    expected = slow_bootstrap(correct.tolist(), total.tolist(), 20_000)
    assert (low, high) == pytest.approx(expected, abs=0.01)
    assert subject_bootstrap(correct, total, replicates=20_000) == (low, high)
    assert subject_bootstrap(correct, total, seed=1) != subject_bootstrap(correct, total, seed=2)


def test_faces_of_one_person_are_not_independent():
    """Twenty people who are all right or all wrong: the interval is that of 20 answers, not of 2,000."""
    subject = torch.arange(20).repeat_interleave(100)
    expression = torch.zeros(2000, dtype=torch.int64)
    metric = SubjectInterval()
    metric.update((subject >= 10).long(), expression, subject)
    by_person = metric.compute()
    metric.reset()
    metric.update(torch.arange(2000) % 2, expression, torch.arange(2000))
    by_face = metric.compute()
    assert (by_person.subjects, by_face.subjects) == (20, 2000)
    binomial = 2 * 1.96 * 0.5
    assert by_person.high - by_person.low == pytest.approx(binomial / 20**0.5, rel=0.1)
    assert by_face.high - by_face.low == pytest.approx(binomial / 2000**0.5, rel=0.1)


def test_subject_numbers_need_not_be_small_or_dense():
    answers = torch.tensor([0, 1, 0, 0]), torch.zeros(4, dtype=torch.int64)
    near, far = SubjectInterval(), SubjectInterval()
    near.update(*answers, torch.tensor([0, 0, 1, 2]))
    far.update(*answers, torch.tensor([2**40, 2**40, -5, 2**60]))
    assert near.compute() == far.compute()
