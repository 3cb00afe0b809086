"""Building the compared generators, narrow, for cartoon faces: what their tests share."""

from cartoon_faces import EXPRESSIONS
from cartoon_training import AT_ONCE, CLASSIFIER, adam
from lightning import seed_everything

from geofer.modules import GeneratorConfig
from geofer.study.baselines.generators import AAE, CAAE, DRGAN, GCGAN, ConditionalGAN

KINDS = [AAE, CAAE, GCGAN, DRGAN, ConditionalGAN]
WITH_NOISE = {DRGAN, ConditionalGAN}
NARROW = GeneratorConfig(width=8, initial_std=None)


def make(kind, rate=1e-3, **settings):
    seed_everything(0, verbose=False)
    defaults = {
        "classifier": CLASSIFIER,
        "generator": NARROW,
        "discriminator_width": 4,
        "schedule": AT_ONCE,
        "average": 0.9,
        "generator_optimizer": adam(rate),
        "discriminator_optimizer": adam(rate),
        "classifier_optimizer": adam(rate),
    }
    return kind(EXPRESSIONS, 32, **{**defaults, **settings})


def pairs(data):
    """A training batch as the module sees it."""
    return data.on_after_batch_transfer(next(iter(data.train_dataloader())), 0)
