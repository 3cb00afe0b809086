"""Right answers and faces by head pose and expression: what Tables III and V of the paper are made of."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric

POSE_STEP = 15
"""Degrees between two rows of the table; a pose belongs to the nearest row, a tie to the even multiple."""

MAX_ANGLE = 90
"""Poses beyond a full profile are counted with the profile."""

ANGLES = 2 * MAX_ANGLE // POSE_STEP + 1

UNKNOWN = ANGLES
"""Bin of an angle that is NaN."""

BINS = ANGLES + 1

MAX_ROWS = 35
"""Rows of a table at most before neighbors are joined: those of BU-3DFE's grid, the largest in the paper."""

JOINED = 3
"""How many neighboring bins become one: 15° become 45°, frontal, half profile and profile, each around its angle."""


class PoseExpressionCounts(NamedTuple):
    """The table before division, with a row for each pose that occurs, ordered by yaw, then pitch, unknown ones last.

    Attributes:
        poses: ``(P, 2)`` float64 yaw and pitch in degrees, multiples of ``step``; NaN where the angle is unknown.
        correct: ``(P, K)`` int64 faces recognized.
        total: ``(P, K)`` int64 faces shown; 0 where an expression was not seen from that pose.
        step: Degrees between two rows, 15 or 45.
    """

    poses: NDArray[np.float64]
    correct: NDArray[np.int64]
    total: NDArray[np.int64]
    step: int


def angle_bin(degrees: Tensor) -> Tensor:
    """Index of the nearest multiple of 15° in -90, -75, …, 90, or `UNKNOWN`; int64, of the shape of ``degrees``.

    Examples:
        >>> import torch
        >>> angle_bin(torch.tensor([-90.0, -7.0, 8.0, 90.0]))  # -90, 0, +15 and +90 degrees
        tensor([ 0,  6,  7, 12])
    """
    known = degrees.nan_to_num().clamp(-MAX_ANGLE, MAX_ANGLE)
    return (known / POSE_STEP).round().long().add(ANGLES // 2).masked_fill(degrees.isnan(), UNKNOWN)


class PoseExpressionAccuracy(Metric):
    """Counts faces and right answers by (yaw, pitch) and expression.

    Faces whose yaw or pitch is NaN have rows of their own. Poses that are on no grid, as those that were estimated,
    fill more than `MAX_ROWS` rows of 15°; the table then has rows of 45°, which end at 22.5° and 67.5°.

    Args:
        num_classes: Number of expressions, K.
    """

    full_state_update = False
    correct: Tensor
    total: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        cells = torch.zeros(BINS * BINS * num_classes, dtype=torch.int64)
        self.add_state("correct", cells.clone(), dist_reduce_fx="sum")
        self.add_state("total", cells.clone(), dist_reduce_fx="sum")

    def update(self, prediction: Tensor, expression: Tensor, yaw: Tensor, pitch: Tensor) -> None:
        """Add a batch.

        Args:
            prediction: ``(B,)`` int64 predicted expressions.
            expression: ``(B,)`` int64 true expressions.
            yaw: ``(B,)`` degrees, NaN if unknown.
            pitch: ``(B,)`` degrees, NaN if unknown.
        """
        cell = (angle_bin(yaw) * BINS + angle_bin(pitch)) * self.num_classes + expression
        self.total.index_add_(0, cell, torch.ones_like(cell))
        self.correct.index_add_(0, cell, (prediction == expression).long())

    def compute(self) -> PoseExpressionCounts:
        """The rows that occur."""
        total = self.total.view(-1, self.num_classes).cpu().numpy()
        correct = self.correct.view(-1, self.num_classes).cpu().numpy()
        rows = np.flatnonzero(total.any(1))
        bins = np.stack((rows // BINS, rows % BINS), axis=1)
        known = (bins != UNKNOWN).all(1)
        joined = JOINED if known.sum() > MAX_ROWS else 1
        steps = np.where(bins == UNKNOWN, UNKNOWN, np.round((bins - ANGLES // 2) / joined))
        steps, row = np.unique(steps, axis=0, return_inverse=True)
        counts = []
        for cells in (correct[rows], total[rows]):
            counts.append(np.zeros((len(steps), self.num_classes), np.int64))
            np.add.at(counts[-1], row.ravel(), cells)
        poses = np.where(steps == UNKNOWN, np.nan, steps * POSE_STEP * joined)
        return PoseExpressionCounts(poses, counts[0], counts[1], POSE_STEP * joined)
