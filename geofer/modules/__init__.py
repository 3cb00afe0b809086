"""What learns: networks, losses, and the LightningModules that train them."""

from geofer.modules.augmentation import AugmentationConfig
from geofer.modules.classifier import ClassifierConfig
from geofer.modules.expression_classifier import ExpressionClassifier
from geofer.modules.generative import GenerativeModule
from geofer.modules.geometry_guided_fer import GeometryGuidedFER
from geofer.modules.losses import LossWeights
from geofer.modules.recognition import RecognitionModule
from geofer.modules.schedule import Schedule
from geofer.modules.synthesizer import GeneratorConfig
from geofer.modules.targets import SynthesisConfig

__all__ = [
    "AugmentationConfig",
    "ClassifierConfig",
    "ExpressionClassifier",
    "GenerativeModule",
    "GeneratorConfig",
    "GeometryGuidedFER",
    "LossWeights",
    "RecognitionModule",
    "Schedule",
    "SynthesisConfig",
]
