"""A number out of its range is refused where it is given, by its name in a configuration."""

import re

import pytest
from narrow_method import EVERYTHING

from geofer.errors import ConfigError
from geofer.faces import EXPRESSIONS
from geofer.modules import (
    AugmentationConfig,
    ClassifierConfig,
    DiscriminatorConfig,
    GeneratorConfig,
    GeometryGuidedFER,
    LossConfig,
    Optimization,
    Schedule,
    SynthesisConfig,
)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (LossConfig, {"attribute": float("nan")}, "losses.attribute is nan; choose a number 0 or more."),
        (LossConfig, {"variation": -1e-4}, "losses.variation is -0.0001; choose a number 0 or more."),
        (LossConfig, {"prior": float("inf")}, "losses.prior is inf"),
        (GeneratorConfig, {"width": 3}, "generator.width is 3; choose a number 4 or more."),
        (GeneratorConfig, {"identity_size": 0}, "generator.identity_size is 0; choose a number 1 or more."),
        (Schedule, {"warmup": -1}, "schedule.warmup is -1; choose a number 0 or more."),
        (Schedule, {"generator_stop": -3}, "schedule.generator_stop is -3"),
        (SynthesisConfig, {"per_real": -1}, "synthesis.per_real is -1"),
        (SynthesisConfig, {"at_once": 0}, "synthesis.at_once is 0; choose a number 1 or more."),
        (SynthesisConfig, {"candidates": 0}, "synthesis.candidates is 0; choose a number 1 or more."),
        (SynthesisConfig, {"mix": 1.5}, "synthesis.mix is 1.5; choose a number from 0 to 1."),
        (AugmentationConfig, {"rotation": -5}, "augmentation.rotation is -5"),
        (LossConfig, {"label_smoothing": 3.0}, "losses.label_smoothing is 3.0; choose a number from 0 to 1."),
        (LossConfig, {"region_weight": -1.0}, "losses.region_weight is -1.0; choose a number 0 or more."),
        (SynthesisConfig, {"targets": "pairs"}, "choose bank, pair or own. Did you mean pair?"),
        (LossConfig, {"reconstruction_target": "inputs"}, "choose target or input. Did you mean input?"),
        (Schedule, {"generator_steps": 0}, "schedule.generator_steps is 0; choose a number 1 or more."),
        (DiscriminatorConfig, {"width": 0}, "discriminator.width is 0; choose a number 1 or more."),
        (DiscriminatorConfig, {"condition": "contour"}, "Did you mean contours?"),
        (Optimization, {"gradient_clip": -1.0}, "optimization.gradient_clip is -1.0; choose a number 0 or more."),
        (
            Optimization,
            {"lr_decay_fraction": 2.0},
            "optimization.lr_decay_fraction is 2.0; choose a number from 0 to 1.",
        ),
        (ClassifierConfig, {"hidden": 0}, "classifier.hidden is 0; choose a number 1 or more."),
    ],
)
def test_groups_of_settings(kind, settings, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        kind(**settings)


@pytest.mark.parametrize("value", [2.0, -1.0])
def test_settings_of_the_method(value):
    with pytest.raises(ConfigError, match=re.escape(f"ema_decay is {value}; choose a number from 0 to 1.")):
        GeometryGuidedFER(EXPRESSIONS, 32, **{**EVERYTHING, "ema_decay": value})


def test_what_is_off_or_at_its_limit_is_allowed():
    LossConfig(0, 0, 0, 0, 0, 0)
    GeneratorConfig(width=4, initial_std=None)
    Schedule(0, 0, 0, 0, generator_stop=None)
    SynthesisConfig(per_real=20, mix=1)
