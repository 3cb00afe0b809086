"""Everything that a validation or a test measures, in one module."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from geofer.errors import DataError
from geofer.metrics.calibration import CalibrationError
from geofer.metrics.confusion import ConfusionMatrix
from geofer.metrics.pose_expression import PoseExpressionAccuracy
from geofer.metrics.report import RecognitionReport
from geofer.metrics.subjects import SubjectInterval
from geofer.metrics.subsets import SubsetAccuracy


class RecognitionMetrics(nn.Module):
    """Bundles the metrics of this package into one `RecognitionReport`.

    All processes of a distributed run may see different numbers of faces; `compute` is collective and answers the same
    on each.

    Args:
        expressions: Names of the K expressions, in the order of their labels.
    """

    def __init__(self, expressions: Sequence[str]) -> None:
        super().__init__()
        self.expressions = tuple(expressions)
        self.table = PoseExpressionAccuracy(len(self.expressions))
        self.confusion = ConfusionMatrix(len(self.expressions))
        self.calibration = CalibrationError()
        self.interval = SubjectInterval()
        self.subsets = SubsetAccuracy()

    def update(
        self,
        probabilities: Tensor,
        expression: Tensor,
        yaw: Tensor,
        pitch: Tensor,
        subject: Tensor,
        tags: Tensor | None = None,
    ) -> None:
        """Add a batch.

        Args:
            probabilities: ``(B, K)``, each row sums to 1.
            expression: ``(B,)`` int64 true expressions.
            yaw: ``(B,)`` degrees, NaN if unknown.
            pitch: ``(B,)`` degrees, NaN if unknown.
            subject: ``(B,)`` int64, one number a person.
            tags: ``(B,)`` int64, a bit for each evaluation subset that the face is in; None for none.
        """
        prediction = probabilities.argmax(1)
        self.table.update(prediction, expression, yaw, pitch)
        self.confusion.update(prediction, expression)
        self.calibration.update(probabilities, expression)
        self.interval.update(prediction, expression, subject)
        self.subsets.update(prediction, expression, torch.zeros_like(expression) if tags is None else tags)

    def compute(self, tags: Sequence[str] = ()) -> RecognitionReport:
        """The report on all faces since the last `reset`.

        Args:
            tags: Names of the evaluation subsets, in the order of their bits.

        Raises:
            DataError: If there were none.
        """
        confusion = self.confusion.compute()
        if not confusion.any():
            raise DataError("There are no faces to report on: the split that was evaluated is empty.")
        poses, correct, total, step = self.table.compute()
        low, high, subjects = self.interval.compute()
        return RecognitionReport(
            expressions=self.expressions,
            poses=poses,
            correct=correct,
            total=total,
            confusion=confusion,
            calibration_error=self.calibration.compute(),
            accuracy_low=low,
            accuracy_high=high,
            subjects=subjects,
            pose_step=step,
            subsets=self.subsets.compute(tags),
        )

    def reset(self) -> None:
        """Forget all faces."""
        for metric in (self.table, self.confusion, self.calibration, self.interval, self.subsets):
            metric.reset()
