"""What a validation or a test found, as plain data that fits into files and checkpoints."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from geofer.metrics.confusion import balanced_accuracy, macro_f1
from geofer.metrics.subsets import SubsetCounts
from geofer.schema import LARGEST, read_expressions

MOST_POSES = 10_000
"""Of a report's table; every five degrees in both directions are 2,600."""


@dataclass(frozen=True, eq=False)
class RecognitionReport:
    """Recognition accuracy by pose and expression, and what belongs to it. P poses, K expressions.

    The means follow Tables III and V of the paper, where every cell weighs the same however many faces it holds: a
    row's mean is over its expressions, a column's over its poses, and the corner is the mean of the rows' means
    (92.58, 93.74, 89.65, 89.97 and 94.51 give Table III's 92.09). Cells without a face are left out. `accuracy`
    weighs every face the same; the two agree where all cells hold equally many.

    Attributes:
        expressions: Names of the K expressions, in the order of their labels.
        poses: ``(P, 2)`` float64 yaw and pitch in degrees of each row, multiples of ``pose_step``; NaN where unknown.
        correct: ``(P, K)`` int64 faces recognized.
        total: ``(P, K)`` int64 faces shown.
        confusion: ``(K, K)`` int64; rows are true expressions, columns predicted ones.
        calibration_error: Expected calibration error in [0, 1].
        accuracy_low: Lower end of the 95 % interval of `accuracy` over subjects.
        accuracy_high: Its upper end.
        subjects: Number of people.
        pose_step: Degrees between two rows: 15, or 45 where the poses are on no grid.
        subsets: Right answers on the faces of each tag that the data set gives.
    """

    expressions: tuple[str, ...]
    poses: NDArray[np.float64]
    correct: NDArray[np.int64]
    total: NDArray[np.int64]
    confusion: NDArray[np.int64]
    calibration_error: float
    accuracy_low: float
    accuracy_high: float
    subjects: int
    pose_step: int = 15
    subsets: tuple[SubsetCounts, ...] = ()

    @property
    def faces(self) -> int:
        """Number of faces."""
        return int(self.total.sum())

    @property
    def accuracy(self) -> float:
        """Share of all faces that were recognized, in [0, 1]."""
        return float(self.correct.sum() / self.total.sum())

    @cached_property
    def table(self) -> NDArray[np.float64]:
        """``(P, K)`` accuracy in [0, 1] by pose and expression; NaN where no face was shown."""
        return np.where(self.total > 0, self.correct / np.maximum(self.total, 1), np.nan)

    @cached_property
    def pose_means(self) -> NDArray[np.float64]:
        """``(P,)`` the table's last column: each row's mean over expressions."""
        means: NDArray[np.float64] = np.nanmean(self.table, axis=1)
        return means

    @cached_property
    def expression_means(self) -> NDArray[np.float64]:
        """``(K,)`` the table's last row: each column's mean over poses; NaN for an expression without a face."""
        seen = self.total.any(axis=0)
        means = np.full(len(self.expressions), np.nan)
        means[seen] = np.nanmean(self.table[:, seen], axis=0)
        return means

    @property
    def corner(self) -> float:
        """The table's bottom right cell: the mean of `pose_means`."""
        return float(self.pose_means.mean())

    @property
    def only_answer(self) -> str | None:
        """The expression that all faces of several expressions were taken for; None if the answers differ."""
        answers = np.flatnonzero(self.confusion.any(axis=0))
        shown = np.count_nonzero(self.confusion.any(axis=1))
        return self.expressions[answers[0]] if len(answers) == 1 < shown else None

    def scalars(self) -> dict[str, float]:
        """The numbers to log and to choose checkpoints by, all in [0, 1]."""
        return {
            "accuracy": self.accuracy,
            "balanced_accuracy": balanced_accuracy(self.confusion),
            "macro_f1": macro_f1(self.confusion),
            "calibration_error": self.calibration_error,
            "accuracy_low": self.accuracy_low,
            "accuracy_high": self.accuracy_high,
            **{f"accuracy/{subset.tag}": subset.accuracy for subset in self.subsets},
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings, ready for JSON, with the `scalars` on top for human readers."""
        return {
            **self.scalars(),
            "faces": self.faces,
            "subjects": self.subjects,
            "expressions": list(self.expressions),
            "poses": [[None if math.isnan(angle) else int(angle) for angle in pose] for pose in self.poses],
            "pose_step": self.pose_step,
            "correct": self.correct.tolist(),
            "total": self.total.tolist(),
            "confusion": self.confusion.tolist(),
            "subsets": [subset._asdict() for subset in self.subsets],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            KeyError: If an entry is missing.
            ValueError: If a table has the wrong shape, a pose is none, or the counts are none of a test.
        """
        expressions = read_expressions(data["expressions"])
        classes, poses = len(expressions), len(data["poses"])
        step, angles = int(data.get("pose_step", 15)), np.array(data["poses"], dtype=np.float64)
        if not 1 <= step <= 90 or (np.abs(angles) > 180).any():
            raise ValueError("its poses are no angles")
        if not 1 <= poses <= MOST_POSES:
            raise ValueError(f"it has {poses} poses, not 1 to {MOST_POSES}")
        correct, total = (np.array(data[name], np.int64).reshape(poses, classes) for name in ("correct", "total"))
        subsets = [SubsetCounts(str(s["tag"]), int(s["correct"]), int(s["total"])) for s in data.get("subsets", ())]
        counts = [(correct, total), *((np.array(subset.correct), np.array(subset.total)) for subset in subsets)]
        if any(((right < 0) | (right > shown)).any() or not 0 < shown.sum() <= LARGEST for right, shown in counts):
            raise ValueError("its counts are none of a test")
        return cls(
            expressions=expressions,
            poses=angles.reshape(poses, 2),
            correct=correct,
            total=total,
            confusion=np.array(data["confusion"], dtype=np.int64).reshape(classes, classes),
            calibration_error=float(data["calibration_error"]),
            accuracy_low=float(data["accuracy_low"]),
            accuracy_high=float(data["accuracy_high"]),
            subjects=int(data["subjects"]),
            pose_step=step,
            subsets=tuple(subsets),
        )
