"""Lets runs that are limited by steps resume at the end of an epoch."""

from typing import Any

from lightning import Callback, LightningModule, Trainer


class ResumeBySteps(Callback):
    """Hides ``max_steps`` from Lightning until training starts, when a checkpoint was written at an epoch's end.

    With ``max_steps`` Lightning takes every checkpoint for one from within an epoch. It would end the finished epoch
    once more, and count one too many from then on.
    """

    def __init__(self) -> None:
        self._max_steps: int | None = None

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Sets the limit aside, if the stored epoch is complete."""
        epochs = checkpoint["loops"]["fit_loop"]["epoch_progress"]["current"]
        if trainer.training and epochs["processed"] == epochs["ready"]:
            self._max_steps = trainer.max_steps
            trainer.fit_loop.epoch_loop.max_steps = -1

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Puts the limit back."""
        if self._max_steps is not None:
            trainer.fit_loop.epoch_loop.max_steps = self._max_steps
            self._max_steps = None
