"""NaN in a loss, a gradient or a weight ends the run in that step, and reaches no checkpoint."""

import pytest
import torch
from adversarial_game import AdversarialGame, Data, trainer_in
from lightning import Callback, seed_everything

from geofer.callbacks import NonFiniteGuard
from geofer.checkpoints import all_finite, read_checkpoint
from geofer.errors import NonFiniteError

STEP = (1, 1)  # epoch, batch


class Break(Callback):
    """Spoils one thing in one step."""

    def __init__(self, what: str, value: float) -> None:
        self.what, self.value = what, value

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        if (trainer.current_epoch, trainer.fit_loop.batch_idx) != STEP:
            return
        weight = pl_module.discriminator[1].weight
        if self.what == "gradient" and weight.grad is not None:
            weight.grad[0, 0] = self.value
        elif self.what == "weight":
            weight.data[0, 0] = self.value


class BrokenLoss(AdversarialGame):
    """Returns a loss that is not finite, though nothing was trained with it."""

    def training_step(self, batch, batch_idx):
        losses = super().training_step(batch, batch_idx)
        if (self.trainer.current_epoch, batch_idx) == STEP:
            losses["d_i"] = torch.tensor(float("nan"))
        return losses


def fit(folder, module, *callbacks):
    seed_everything(0, verbose=False)
    trainer = trainer_in(folder, callbacks=callbacks)
    trainer.fit(module, datamodule=Data())
    return trainer


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("what", ["gradient", "weight"])
def test_ends_in_that_step_and_says_where(tmp_path, what, value):
    module = AdversarialGame()
    with pytest.raises(NonFiniteError, match=rf"epoch 1, batch 1: .*{what}s of .*discriminator"):
        fit(tmp_path, module, Break(what, value))
    assert len(module.seen) == 4 + 2, "no further batch was seen"
    for path in (tmp_path / "checkpoints").iterdir():
        assert all_finite(list(read_checkpoint(path)["state_dict"].values()))
        assert read_checkpoint(path)["epoch"] == 0


def test_a_loss_is_named(tmp_path):
    with pytest.raises(NonFiniteError, match="losses d_i"):
        fit(tmp_path, BrokenLoss())


def test_a_checkpoint_before_the_next_look_is_refused(tmp_path):
    trainer = trainer_in(tmp_path, callbacks=[Break("weight", float("nan"))])
    next(guard for guard in trainer.callbacks if isinstance(guard, NonFiniteGuard)).every_n_steps = 1000
    with pytest.raises(NonFiniteError, match="was not written"):
        trainer.fit(AdversarialGame(), datamodule=Data())
    assert read_checkpoint(tmp_path / "checkpoints" / "last.ckpt")["epoch"] == 0


def test_frozen_copies_and_finite_runs_are_left_alone(tmp_path):
    assert fit(tmp_path, AdversarialGame()).state.finished
