"""Which faces a generator is measured on."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofer.datamodules.face_dataset import FaceLabels
from geofer.errors import DataError

Rows = NDArray[np.int64]


class SharedGeometry(NamedTuple):
    """People who are to get one and the same geometry; P people.

    Attributes:
        geometry: ``(1,)`` row of the face whose landmarks all of them get.
        inputs: ``(P,)`` rows: a face of each.
        nearest: ``(P,)`` rows: the face of each that shows the same expression with the nearest landmarks.
    """

    geometry: Rows
    inputs: Rows
    nearest: Rows


def draw_pairs(subject: NDArray[np.int64], count: int | None, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Pairs of different faces of one person: each face is an input at most once, its target any other face of theirs.

    Args:
        subject: ``(N,)``, one number a person.
        count: How many pairs at most; None takes as many as there are.
        rng: Source of randomness.

    Returns:
        Rows of the inputs, in order, and of their targets.

    Raises:
        DataError: Nobody has two faces.
    """
    order = np.argsort(subject, kind="stable")
    _, person, counts = np.unique(subject[order], return_inverse=True, return_counts=True)
    first = (np.cumsum(counts) - counts)[person]
    steps = 1 + (rng.random(len(order)) * (counts[person] - 1)).astype(np.int64)
    targets = order[first + (np.arange(len(order)) - first + steps) % counts[person]]
    pairs = np.stack((order, targets))[:, counts[person] > 1]
    if not pairs.size:
        raise DataError("No test subject has two faces, so there is no true picture to compare a synthetic one with.")
    pairs = rng.permutation(pairs, axis=1)[:, :count]
    inputs, targets = pairs[:, np.argsort(pairs[0])]
    return inputs, targets


def draw_shared_geometries(table: FaceLabels, people: int, rng: np.random.Generator) -> list[SharedGeometry]:
    """For each expression that two people show: a face of it, and up to ``people`` people who get its geometry."""
    shared = []
    for expression in np.unique(table.expression):
        shown = np.flatnonzero(table.expression == expression)
        who = rng.permutation(np.unique(table.subject[shown]))[:people]
        geometry = rng.choice(shown, 1)
        if len(who) > 1:
            inputs = [rng.choice(np.flatnonzero(table.subject == subject)) for subject in who]
            nearest = [_nearest(table, geometry, shown[table.subject[shown] == subject]) for subject in who]
            shared.append(SharedGeometry(geometry, np.array(inputs), np.array(nearest)))
    return shared


def _nearest(table: FaceLabels, geometry: Rows, rows: Rows) -> int:
    away = np.square(table.landmarks[rows] - table.landmarks[geometry]).sum((1, 2))
    return int(rows[away.argmin()])
