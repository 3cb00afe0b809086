"""SIGTERM and Ctrl-C end a run between two steps, with a checkpoint from which it goes on exactly."""

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.exceptions import SIGTERMException
from lightning_utilities.core.rank_zero import rank_zero_info

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignal(Callback):
    """Finishes the running step, writes ``checkpoints/last.ckpt`` in the run folder, and ends with status 128 + signal.

    Any process of several may get the signal; they agree after each step. A validation is cut short; the checkpoint
    then stands just before it, so that it is repeated as a whole. A second Ctrl-C ends without a checkpoint.

    In another thread than the main one, as of a web application, no signal can be handled; the callback does nothing.

    Replaces Lightning's handler, which talks to the other processes from within the handler, in the middle of whatever
    they are exchanging. Lightning has no public way to end between two steps, so its own flag is set.
    """

    def __init__(self) -> None:
        self._received: int | None = None
        self._before_validation: dict[str, Any] = {}
        self._previous: dict[signal.Signals, Any] = {}

    def on_sanity_check_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Installs the handlers; Lightning's are there already."""
        self._install()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Installs the handlers, unless the sanity check did."""
        self._install()

    def on_train_batch_end(self, trainer: Trainer, *_: object) -> None:
        """Lets Lightning end before the next step, if any process was asked to."""
        self._stop_if_asked(trainer)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keeps the state that a repeated validation starts from; weights are referred to, not copied."""
        if self._previous and not trainer.sanity_checking:
            self._before_validation = trainer._checkpoint_connector.dump_checkpoint(weights_only=False)

    def on_validation_batch_end(self, trainer: Trainer, *_: object) -> None:
        """Lets Lightning end before the next batch, if any process was asked to."""
        if self._previous and not trainer.sanity_checking:
            self._stop_if_asked(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forgets what `on_validation_start` kept."""
        self._before_validation = {}

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Writes the checkpoint, when training ends because of a signal, and sets the process's status."""
        if isinstance(exception, SIGTERMException):
            if self._previous:
                self._save(trainer)
            if trainer.is_global_zero:  # a failing child would have the first process killed while it tidies up
                exception.code = 128 + (self._received or signal.SIGTERM)
        self._put_back()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Puts the previous handlers back."""
        self._put_back()

    def _stop_if_asked(self, trainer: Trainer) -> None:
        if trainer.strategy.reduce_boolean_decision(self._received is not None, all=False):
            trainer._signal_connector.received_sigterm = True

    def _save(self, trainer: Trainer) -> None:
        path = Path(trainer.default_root_dir, "checkpoints", "last.ckpt")
        if self._before_validation:
            trainer.strategy.save_checkpoint(_to_repeat_validation(self._before_validation), path)
            trainer.strategy.barrier()
        else:
            trainer.save_checkpoint(path, weights_only=False)
        rank_zero_info(f"Stopped by a signal; go on with --ckpt_path {path}")

    def _install(self) -> None:
        if not self._previous and threading.current_thread() is threading.main_thread():
            self._received = None
            self._previous = {number: signal.signal(number, self._handle) for number in SIGNALS}

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self._received is not None:
            raise KeyboardInterrupt
        self._received = number

    def _put_back(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}
        self._before_validation = {}


def _to_repeat_validation(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """Makes a checkpoint from before a validation one from within its first batch: Lightning then runs it whole."""
    progress = checkpoint["loops"]["fit_loop"]["epoch_loop.val_loop.batch_progress"]
    for counts in (progress["total"], progress["current"]):
        counts["ready"] += 1
        counts["started"] += 1
    return checkpoint
