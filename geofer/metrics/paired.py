"""Whether one model is better than another on the same faces, person by person: faces of one person hang together."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geofer.metrics.subjects import subject_bootstrap

EXACT = 16
"""People who differ, up to whom every pattern of signs is counted; beyond, `DRAWS` patterns are drawn."""

DRAWS = 100_000


class PairedDifference(NamedTuple):
    """Two models on the same faces.

    Attributes:
        first: Accuracy of the first model in [0, 1].
        second: Accuracy of the second.
        low: Lower end of the 95 % interval of ``second - first`` over people; NaN if there is but one.
        high: Its upper end.
        faces: Number of faces.
        subjects: Number of people.
    """

    first: float
    second: float
    low: float
    high: float
    faces: int
    subjects: int

    @property
    def difference(self) -> float:
        """How much better the second model is, in [-1, 1]."""
        return self.second - self.first


def paired_difference(first: ArrayLike, second: ArrayLike, subject: ArrayLike) -> PairedDifference:
    """Compares two models on the same faces.

    The interval is the percentile bootstrap of `geofer.metrics.subjects.subject_bootstrap`: each replicate draws
    people, and takes all faces of each with the answers of both models.

    Args:
        first: ``(N,)`` whether the first model recognized each face; N is positive.
        second: ``(N,)`` whether the second one did.
        subject: ``(N,)`` whose face it is.

    Examples:
        >>> both = paired_difference([True, False, False, True], [True, True, True, True], subject=[0, 0, 1, 1])
        >>> both.first, both.second, both.difference, both.subjects
        (0.5, 1.0, 0.5, 2)
    """
    before, after, people = np.asarray(first, bool), np.asarray(second, bool), np.asarray(subject)
    gain, faces = _by_person(before, after, people)
    low, high = subject_bootstrap(gain, faces) if len(faces) > 1 else (math.nan, math.nan)
    return PairedDifference(float(before.mean()), float(after.mean()), low, high, len(people), len(faces))


def sign_flip_test(first: ArrayLike, second: ArrayLike, subject: ArrayLike) -> float:
    """How often chance alone would part two models this far: the paired permutation test over people.

    If neither model were better, each person's gain could as well have the other sign. Counted are the patterns of
    signs whose sum is as far from 0 as the one seen: among all of them for up to `EXACT` people with a gain, else among
    `DRAWS` drawn ones and the one seen (Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010), always the same.

    Args:
        first: ``(N,)`` whether the first model recognized each face.
        second: ``(N,)`` whether the second one did.
        subject: ``(N,)`` whose face it is.

    Returns:
        The two-sided p in (0, 1].

    Examples:
        >>> sign_flip_test([False] * 6, [True] * 6, subject=range(6))  # 2 of 64 patterns of signs are as far from 0
        0.03125
    """
    gain, _ = _by_person(np.asarray(first, bool), np.asarray(second, bool), np.asarray(subject))
    gain = gain[gain != 0]
    seen = abs(gain.sum())
    if len(gain) <= EXACT:
        sums = np.zeros(1, np.int64)
        for step in gain:
            sums = np.concatenate((sums - step, sums + step))
        return float((np.abs(sums) >= seen).mean())
    signs = np.random.default_rng(0).integers(0, 2, (DRAWS, len(gain)), np.int8) * 2 - 1
    as_far = np.count_nonzero(np.abs(signs @ gain) >= seen)
    return (as_far + 1) / (DRAWS + 1)


def _by_person(
    first: NDArray[np.bool_], second: NDArray[np.bool_], subject: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many more faces of each person the second model recognized, and how many there are."""
    _, person, faces = np.unique(subject, return_inverse=True, return_counts=True)
    gain = np.bincount(person, weights=second.astype(np.float64) - first).round().astype(np.int64)
    return gain, faces.astype(np.int64)
