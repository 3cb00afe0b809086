"""Everything that a validation or a test measures, in one module."""

from collections.abc import Sequence

from torch import Tensor, nn

from geofer.errors import DataError
from geofer.metrics.calibration import CalibrationError
from geofer.metrics.confusion import ConfusionMatrix
from geofer.metrics.pose_expression import PoseExpressionAccuracy
from geofer.metrics.report import RecognitionReport
from geofer.metrics.subjects import SubjectInterval


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

    def update(self, probabilities: Tensor, expression: Tensor, pan: Tensor, tilt: Tensor, subject: Tensor) -> None:
        """Add a batch.

        Args:
            probabilities: ``(B, K)``, each row sums to 1.
            expression: ``(B,)`` int64 true expressions.
            pan: ``(B,)`` degrees.
            tilt: ``(B,)`` degrees.
            subject: ``(B,)`` int64, one number a person.
        """
        prediction = probabilities.argmax(1)
        self.table.update(prediction, expression, pan, tilt)
        self.confusion.update(prediction, expression)
        self.calibration.update(probabilities, expression)
        self.interval.update(prediction, expression, subject)

    def compute(self) -> RecognitionReport:
        """The report on all faces since the last `reset`.

        Raises:
            DataError: If there were none.
        """
        confusion = self.confusion.compute()
        if not confusion.any():
            raise DataError("There are no faces to report on: the split that was evaluated is empty.")
        poses, correct, total = self.table.compute()
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
        )

    def reset(self) -> None:
        """Forget all faces."""
        for metric in (self.table, self.confusion, self.calibration, self.interval):
            metric.reset()
