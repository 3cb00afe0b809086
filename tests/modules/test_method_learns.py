"""A few hundred steps on a few cartoon faces: the method learns what matters."""

import numpy as np
import pytest
import torch
from cartoon_faces import CartoonFaces
from cartoon_training import TUNED, Losses, adam, fit, make_module

from geofer.modules import GeneratorConfig, Schedule


@pytest.fixture(scope="module")
def faces():
    data = CartoonFaces()
    data.setup()
    return data


@pytest.mark.slow
@pytest.mark.parametrize(
    ("steps", "warmup", "rate", "left", "settings"),
    [
        (480, 360, 1e-3, 0.35, {"generator": GeneratorConfig(width=32, initial_std=None)}),
        (200, 80, 2e-3, 0.85, TUNED),
    ],
    ids=["paper", "tuned"],
)
def test_it_learns_what_matters(faces, steps, warmup, rate, left, settings):
    schedule = Schedule(warmup, adversarial_ramp=40, synthetic_start=warmup, synthetic_ramp=40)
    optimizers = {"generator_optimization": adam(rate), "classifier_optimization": adam(2e-3)}
    module = make_module(schedule=schedule, ema_decay=0.98, **optimizers, **settings)
    losses, start, end = Losses(), slice(0, 10), slice(-20, None)
    fit(module, faces, steps=steps, callbacks=[losses])

    assert losses.mean("rec", end) < left * losses.mean("rec", start)  # a turned face is a good start
    assert losses.mean("c_real", end) < 0.5 * losses.mean("c_real", start)
    assert losses.mean("c_fake", end) < losses.mean("c_fake", start)

    # four people, each with every combination of expression and pose once: (4, 9, ...)
    everyone = faces.faces("train").batch(np.arange(4 * 36)[::4], None)
    everyone = faces.on_after_batch_transfer(everyone, 0)
    real, geometry = everyone["image"].unflatten(0, (4, 9)), everyone["landmarks"].unflatten(0, (4, 9))
    synthetic = torch.stack(
        [module.synthesize(x[:1].expand_as(x), g, g[:1].expand_as(g)) for x, g in zip(real, geometry, strict=True)]
    )

    to_other_geometries = (synthetic[:, :, None] - real[:, None]).abs().mean(dim=(3, 4, 5))
    right, wrong = to_other_geometries.diagonal(dim1=1, dim2=2), to_other_geometries[:, ~torch.eye(9, dtype=torch.bool)]
    assert right.mean() < 0.8 * wrong.mean()
    assert (to_other_geometries.argmin(dim=2) == torch.arange(9)).float().mean() > 0.4  # by chance 0.11

    to_other_people = (synthetic[:, None] - real[None]).abs().mean(dim=(3, 4, 5))
    assert (to_other_people.argmin(dim=1) == torch.arange(4)[:, None]).float().mean() > 0.95

    predicted = module.eval()(everyone["image"]).argmax(dim=1)
    assert (predicted == everyone["expression"]).float().mean() > 0.8
