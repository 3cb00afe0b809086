"""Training the method, narrow, on cartoon faces: what the tests of the module share."""

import torch
from cartoon_faces import EXPRESSIONS
from lightning import Callback, Trainer, seed_everything

from geofer.modules import (
    ClassifierConfig,
    DiscriminatorConfig,
    GeneratorConfig,
    GeometryGuidedFER,
    LossConfig,
    Optimization,
    Schedule,
)

CLASSIFIER = ClassifierConfig("small_resnet", pretrained=False, hidden=32, backbone_arguments={"widths": [8, 16]})
AT_ONCE = Schedule(warmup=0, adversarial_ramp=0, synthetic_start=0, synthetic_ramp=0)
TUNED = {
    "generator": GeneratorConfig(width=8, initial_std=None, contours=True, skips=True, warp=True),
    "discriminator": DiscriminatorConfig(width=4, patches=True, condition="contours"),
    "losses": LossConfig(region_weight=3.0),
}


def adam(rate, **settings):
    return Optimization(lambda parameters: torch.optim.Adam(parameters, lr=rate, betas=(0.5, 0.999)), **settings)


def sgd(rate):
    return Optimization(lambda parameters: torch.optim.SGD(parameters, lr=rate))


def make_module(**settings):
    seed_everything(0, verbose=False)
    defaults = {
        "classifier": CLASSIFIER,
        "generator": GeneratorConfig(width=8, initial_std=None),
        "discriminator": DiscriminatorConfig(width=4),
        "schedule": AT_ONCE,
    }
    return GeometryGuidedFER(EXPRESSIONS, 32, **{**defaults, **settings})


def make_trainer(steps, **settings):
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    return Trainer(
        accelerator="cpu",
        max_steps=steps,
        num_sanity_val_steps=0,
        enable_model_summary=False,
        **{**quiet, "log_every_n_steps": 1, **settings},
    )


class Losses(Callback):
    """Keeps what training_step returned."""

    def __init__(self):
        self.steps = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.steps.append({name: loss.item() for name, loss in outputs.items()})

    def mean(self, name, part):
        values = [losses[name] for losses in self.steps if name in losses][part]
        return sum(values) / len(values)


def fit(module, data, steps=3, **settings):
    trainer = make_trainer(steps, limit_val_batches=0, **settings)
    trainer.fit(module, data)
    return trainer
