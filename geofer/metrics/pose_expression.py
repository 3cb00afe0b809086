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


class PoseExpressionCounts(NamedTuple):
    """The table before division, with a row for each pose that occurs, ordered by pan, then tilt.

    Attributes:
        poses: ``(P, 2)`` int64 pan and tilt in degrees, multiples of 15.
        correct: ``(P, K)`` int64 faces recognised.
        total: ``(P, K)`` int64 faces shown; 0 where an expression was not seen from that pose.
    """

    poses: NDArray[np.int64]
    correct: NDArray[np.int64]
    total: NDArray[np.int64]


def angle_bin(degrees: Tensor) -> Tensor:
    """Index of the nearest multiple of 15° in -90, -75, …, 90; int64, of the shape of ``degrees``."""
    return (degrees / POSE_STEP).round().long().add(ANGLES // 2).clamp(0, ANGLES - 1)


class PoseExpressionAccuracy(Metric):
    """Counts faces and right answers by (pan, tilt) and expression.

    Args:
        num_classes: Number of expressions, K.
    """

    full_state_update = False
    correct: Tensor
    total: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        cells = torch.zeros(ANGLES * ANGLES * num_classes, dtype=torch.int64)
        self.add_state("correct", cells.clone(), dist_reduce_fx="sum")
        self.add_state("total", cells.clone(), dist_reduce_fx="sum")

    def update(self, prediction: Tensor, expression: Tensor, pan: Tensor, tilt: Tensor) -> None:
        """Add a batch.

        Args:
            prediction: ``(B,)`` int64 predicted expressions.
            expression: ``(B,)`` int64 true expressions.
            pan: ``(B,)`` degrees.
            tilt: ``(B,)`` degrees.
        """
        cell = (angle_bin(pan) * ANGLES + angle_bin(tilt)) * self.num_classes + expression
        self.total.index_add_(0, cell, torch.ones_like(cell))
        self.correct.index_add_(0, cell, (prediction == expression).long())

    def compute(self) -> PoseExpressionCounts:
        """The rows that occur."""
        total = self.total.view(-1, self.num_classes)
        correct = self.correct.view(-1, self.num_classes)
        rows = total.sum(1).nonzero().squeeze(1)
        angles = torch.stack((rows // ANGLES, rows % ANGLES), dim=1) * POSE_STEP - MAX_ANGLE
        return PoseExpressionCounts(angles.cpu().numpy(), correct[rows].cpu().numpy(), total[rows].cpu().numpy())
