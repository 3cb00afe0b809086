"""Settings of the whole method, narrow, with everything that draws random numbers switched on."""

from geofer.modules import (
    ClassifierConfig,
    DiscriminatorConfig,
    GeneratorConfig,
    Optimization,
    Schedule,
    SynthesisConfig,
)
from geofer.modules.augmentation import AugmentationConfig

CLASSIFIER = ClassifierConfig("small_resnet", pretrained=False, hidden=16, backbone_arguments={"widths": [4, 8]})
DECAY = Optimization(lr_decay_fraction=0.5, gradient_clip=1.0)
EVERYTHING = {
    "classifier": CLASSIFIER,
    "augmentation": AugmentationConfig(flip=True, rotation=5.0),
    "generator": GeneratorConfig(width=4, initial_std=None),
    "discriminator": DiscriminatorConfig(width=4),
    "schedule": Schedule(warmup=1, adversarial_ramp=4, synthetic_start=2, synthetic_ramp=4),
    "synthesis": SynthesisConfig(at_once=5, candidates=2, mix=0.5, jitter=0.5, noise=1.0),
    "ema_decay": 0.999,
    "generator_optimization": DECAY,
    "discriminator_optimization": DECAY,
    "classifier_optimization": DECAY,
}
