"""Building the compared generators, narrow, for cartoon faces: what their tests share."""

from cartoon_faces import EXPRESSIONS
from cartoon_training import AT_ONCE, CLASSIFIER, adam
from lightning import seed_everything

from geofer.modules import DiscriminatorConfig, GeneratorConfig
from geofer.study.baselines.generators import AAE, CAAE, DRGAN, GCGAN, ConditionalGAN

KINDS = [AAE, CAAE, GCGAN, DRGAN, ConditionalGAN]
WITH_NOISE = {DRGAN, ConditionalGAN}
NARROW = GeneratorConfig(width=8, initial_std=None)


def make(kind, rate=1e-3, **settings):
    seed_everything(0, verbose=False)
    defaults = {
        "classifier": CLASSIFIER,
        "generator": NARROW,
        "discriminator": DiscriminatorConfig(width=4),
        "schedule": AT_ONCE,
        "ema_decay": 0.9,
        "generator_optimization": adam(rate),
        "discriminator_optimization": adam(rate),
        "classifier_optimization": adam(rate),
    }
    return kind(EXPRESSIONS, 32, **{**defaults, **settings})


def pairs(data):
    """A training batch as the module sees it."""
    return data.on_after_batch_transfer(next(iter(data.train_dataloader())), 0)
