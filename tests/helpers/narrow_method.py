"""Settings of the whole method, narrow, with everything that draws random numbers switched on."""

from geofer.modules import ClassifierConfig, GeneratorConfig, Schedule, SynthesisConfig
from geofer.modules.augmentation import AugmentationConfig

CLASSIFIER = ClassifierConfig("small_resnet", pretrained=False, hidden=16, backbone_arguments={"widths": [4, 8]})
EVERYTHING = {
    "classifier": CLASSIFIER,
    "augmentation": AugmentationConfig(flip=True, rotation=5.0),
    "generator": GeneratorConfig(width=4, initial_std=None),
    "discriminator_width": 4,
    "schedule": Schedule(warmup=1, adversarial_ramp=4, synthetic_start=2, synthetic_ramp=4),
    "synthesis": SynthesisConfig(at_once=5, candidates=2, mix=0.5, jitter=0.5, noise=1.0),
    "gradient_clip": 1.0,
    "decay": 0.5,
}
