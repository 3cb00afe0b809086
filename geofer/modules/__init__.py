"""What learns: networks, losses, and the LightningModules that train them.

Names are fetched when they are first used: whoever only predicts with a network does not wait for Lightning.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geofer.modules.augmentation import AugmentationConfig
    from geofer.modules.expression_classifier import ExpressionClassifier
    from geofer.modules.generative import GenerativeModule
    from geofer.modules.geometry_guided_fer import GeometryGuidedFER
    from geofer.modules.losses import LossConfig
    from geofer.modules.optimization import Optimization
    from geofer.modules.recognition import RecognitionModule
    from geofer.modules.schedule import Schedule
    from geofer.modules.targets import SynthesisConfig
    from geofer.networks.classifier import ClassifierConfig
    from geofer.networks.discriminators import DiscriminatorConfig
    from geofer.networks.synthesizer import GeneratorConfig

__all__ = [
    "AugmentationConfig",
    "ClassifierConfig",
    "DiscriminatorConfig",
    "ExpressionClassifier",
    "GenerativeModule",
    "GeneratorConfig",
    "GeometryGuidedFER",
    "LossConfig",
    "Optimization",
    "RecognitionModule",
    "Schedule",
    "SynthesisConfig",
]

_HOMES = {
    "AugmentationConfig": "geofer.modules.augmentation",
    "ClassifierConfig": "geofer.networks.classifier",
    "DiscriminatorConfig": "geofer.networks.discriminators",
    "ExpressionClassifier": "geofer.modules.expression_classifier",
    "GenerativeModule": "geofer.modules.generative",
    "GeneratorConfig": "geofer.networks.synthesizer",
    "GeometryGuidedFER": "geofer.modules.geometry_guided_fer",
    "LossConfig": "geofer.modules.losses",
    "Optimization": "geofer.modules.optimization",
    "RecognitionModule": "geofer.modules.recognition",
    "Schedule": "geofer.modules.schedule",
    "SynthesisConfig": "geofer.modules.targets",
}


def __getattr__(name: str) -> object:
    """A name of this package, from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
