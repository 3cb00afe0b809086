"""Accuracy by some property of the faces, such as the head's yaw or the person's age, with intervals over people."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from geofer.metrics.subjects import subject_bootstrap
from geofer.names import in_cell


class GroupAccuracy(NamedTuple):
    """The faces that have one property in common.

    Attributes:
        factor: What divides the faces, such as ``yaw`` or ``age``.
        level: Which of the groups: a number, such as degrees, or a name.
        accuracy: Share of its faces that were recognized, in [0, 1].
        low: Lower end of the accuracy's 95 % interval over people; NaN if there is but one.
        high: Its upper end.
        faces: Number of faces.
        subjects: Number of people.
    """

    factor: str
    level: float | str
    accuracy: float
    low: float
    high: float
    faces: int
    subjects: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, where an interval that is not known is null."""
        return {name: None if value != value else value for name, value in self._asdict().items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            TypeError: An entry is missing.
        """
        values: dict[str, Any] = {name: math.nan if value is None else value for name, value in data.items()}
        return cls(**values)


def accuracy_by_group(
    factor: str, level: ArrayLike, correct: ArrayLike, subject: ArrayLike
) -> tuple[GroupAccuracy, ...]:
    """Divides faces into groups.

    Args:
        factor: Name of what divides them.
        level: ``(N,)`` numbers or names, the group of each face; faces whose number is NaN are left out.
        correct: ``(N,)`` whether each face was recognized.
        subject: ``(N,)`` whose face it is.

    Returns:
        The groups that have a face, in the order of their levels.

    Examples:
        >>> groups = accuracy_by_group('yaw', [-30, -30, 0, 0], [False, True, True, True], subject=[0, 1, 0, 1])
        >>> [(group.level, group.accuracy, group.faces) for group in groups]
        [(-30, 0.5, 2), (0, 1.0, 2)]
    """
    levels, right, people = np.asarray(level), np.asarray(correct, bool), np.asarray(subject)
    groups = []
    for value in np.unique(levels[levels == levels]).tolist():  # NaN equals nothing
        inside = levels == value
        _, person, faces = np.unique(people[inside], return_inverse=True, return_counts=True)
        recognized = np.bincount(person, weights=right[inside])
        low, high = subject_bootstrap(recognized, faces) if len(faces) > 1 else (math.nan, math.nan)
        accuracy = float(right[inside].mean())
        groups.append(GroupAccuracy(factor, value, accuracy, low, high, int(faces.sum()), len(faces)))
    return tuple(groups)


def groups_csv(groups: Sequence[GroupAccuracy]) -> str:
    """Groups as CSV, one row each, accuracies in percent; an interval that is not known is empty.

    Examples:
        >>> print(groups_csv(accuracy_by_group('age', ['20-29', '30-39'], [True, False], subject=[0, 1])), end='')
        factor,level,accuracy,low,high,faces,subjects
        age,20-29,100.00,,,1,1
        age,30-39,0.00,,,1,1
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(GroupAccuracy._fields)
    for group in groups:
        shares = (
            "" if math.isnan(share) else f"{100 * share:.2f}" for share in (group.accuracy, group.low, group.high)
        )
        level = group.level if isinstance(group.level, str) else f"{group.level:g}"
        writer.writerow([in_cell(group.factor), in_cell(level), *shares, group.faces, group.subjects])
    return text.getvalue()
