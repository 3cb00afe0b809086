"""Recognition accuracy by pose and expression, and what belongs to it."""

from geofer.metrics.calibration import CalibrationError
from geofer.metrics.confusion import ConfusionMatrix
from geofer.metrics.pose_expression import PoseExpressionAccuracy
from geofer.metrics.recognition import RecognitionMetrics
from geofer.metrics.report import RecognitionReport
from geofer.metrics.subjects import SubjectInterval
from geofer.metrics.subsets import SubsetAccuracy, SubsetCounts

__all__ = [
    "CalibrationError",
    "ConfusionMatrix",
    "PoseExpressionAccuracy",
    "RecognitionMetrics",
    "RecognitionReport",
    "SubjectInterval",
    "SubsetAccuracy",
    "SubsetCounts",
]
