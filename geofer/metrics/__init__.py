"""What recognition and synthesis are measured by."""

from geofer.metrics.calibration import CalibrationError
from geofer.metrics.confusion import ConfusionMatrix
from geofer.metrics.face_embedding import DlibEmbedding, FaceEmbedding
from geofer.metrics.groups import GroupAccuracy, accuracy_by_group
from geofer.metrics.pose_expression import PoseExpressionAccuracy
from geofer.metrics.recognition import RecognitionMetrics
from geofer.metrics.report import RecognitionReport
from geofer.metrics.subjects import SubjectInterval
from geofer.metrics.subsets import SubsetAccuracy, SubsetCounts
from geofer.metrics.synthesis import SynthesisMetrics
from geofer.metrics.synthesis_report import SynthesisReport

__all__ = [
    "CalibrationError",
    "ConfusionMatrix",
    "DlibEmbedding",
    "FaceEmbedding",
    "GroupAccuracy",
    "PoseExpressionAccuracy",
    "RecognitionMetrics",
    "RecognitionReport",
    "SubjectInterval",
    "SubsetAccuracy",
    "SubsetCounts",
    "SynthesisMetrics",
    "SynthesisReport",
    "accuracy_by_group",
]
