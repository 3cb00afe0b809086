"""How far a run is, and how its losses stand: a live bar in a terminal, a line now and then in a log."""

import os
import time
from collections.abc import Mapping
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar
from rich import get_console

from geofer.modules.recognition import RecognitionModule

SECONDS_BETWEEN_LINES = 30.0

RUN_OF_SEVERAL = "GEOFER_RUN_OF_SEVERAL"
"""The environment variable that names a run of which others run at the same time and print to the same place."""


class Progress(RichProgressBar):
    """Lightning's Rich progress bar, with the losses under their short names and the last validation's accuracy.

    Where the output is no terminal, it prints one line every 30 seconds instead of a bar, and one when the fit ends. A
    `RUN_OF_SEVERAL` does so at a terminal, too, and begins its lines with its name.
    """

    def __init__(self) -> None:
        super().__init__(refresh_rate=4)
        self._name = os.environ.get(RUN_OF_SEVERAL)
        self._prints_lines = False
        self._started = self._last_line = 0.0
        self._accuracy: float | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Choose between bar and lines."""
        super().setup(trainer, pl_module, stage)
        one_bar = get_console().is_terminal and self._name is None
        self._prints_lines = trainer.is_global_zero and not one_bar
        if self._prints_lines:
            self.disable()

    def get_metrics(
        self, trainer: Trainer, pl_module: LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """The losses by their short names, and ``val``, the accuracy of the last validation in percent."""
        metrics = super().get_metrics(trainer, pl_module)
        shown = {name.removeprefix("train/"): value for name, value in metrics.items() if name != "v_num"}
        if self._accuracy is not None:
            shown["val"] = f"{100 * self._accuracy:.1f}%"
        return shown

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember the accuracy; that of Lightning's sanity check, on a few faces, means nothing."""
        if isinstance(pl_module, RecognitionModule) and not trainer.sanity_checking:
            self._accuracy = pl_module.reports["val"].accuracy
        super().on_validation_end(trainer, pl_module)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        super().on_train_start(trainer, pl_module)
        self._started = self._last_line = time.monotonic()

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning declares it so
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """Print a line if the last one is long ago."""
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        if self._prints_lines and time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._print_line(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print where the fit ended."""
        super().on_train_end(trainer, pl_module)
        if self._prints_lines:
            self._print_line(trainer, pl_module)

    def _print_line(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._last_line = time.monotonic()
        metrics = self.get_metrics(trainer, pl_module)
        seconds = self._last_line - self._started
        line = progress_line(trainer.current_epoch, trainer.global_step, seconds, metrics)
        print(line if self._name is None else f"{self._name} · {line}", flush=True)


def progress_line(epoch: int, step: int, seconds: float, metrics: Mapping[str, Any]) -> str:
    """One line of a log: ``epoch 3 · step 240 · 1:05 · rec 0.213 · val 61.3%``.

    Args:
        epoch: Finished epochs.
        step: Finished steps.
        seconds: Since training started.
        metrics: Names and values, numbers or text.
    """
    minutes, rest = divmod(round(seconds), 60)
    values = [
        f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}" for name, value in metrics.items()
    ]
    return " · ".join([f"epoch {epoch}", f"step {step}", f"{minutes}:{rest:02d}", *values])
