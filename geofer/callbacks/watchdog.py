"""Ends a process of several that waits in vain for the others, which Python's own signal handling cannot."""

import faulthandler
import os
import select
import signal
import sys
import threading
import time
from typing import Any

from lightning import Callback, LightningModule, Trainer

from geofer.callbacks.stop_signal import SIGNALS


class Watchdog(Callback):
    """Kills this process when training with several processes stands still.

    A process that waits for another one is stuck outside Python: no exception reaches it, and no signal handler runs.
    A thread therefore watches for the end of each step. When none ends for ``timeout`` seconds, or for ``grace``
    seconds after a signal to stop (twice the longest step, if that is more), it says so, prints where the process
    stands, and ends it and the processes that it started. It starts to watch after the first step, in which networks
    may be compiled.

    Args:
        timeout: Seconds in which a step, a validation batch or a checkpoint must be done.
        grace: Seconds to obey a signal.
    """

    def __init__(self, timeout: float = 100.0, grace: float = 8.0) -> None:
        self.timeout = timeout
        self.grace = grace
        self._pipe: tuple[int, int] | None = None
        self._previous_wakeup: int | None = None
        self._last_beat = 0.0
        self._longest = 0.0
        self._thread: threading.Thread | None = None

    def on_train_batch_end(self, trainer: Trainer, *_: object) -> None:
        """Starts to watch after the first step; later ones show that the process is alive."""
        if trainer.world_size > 1 and self._thread is None:
            self._start(trainer)
        self._beat()

    def on_validation_batch_end(self, *_: object) -> None:
        """Shows that the process is alive."""
        self._beat()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Shows that the process is alive."""
        self._beat()

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Shows that the process is alive."""
        self._beat()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stops watching."""
        self._stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Stops watching; the process ends by itself."""
        self._stop()

    def _beat(self) -> None:
        now = time.monotonic()
        if self._last_beat:
            self._longest = max(self._longest, now - self._last_beat)
        self._last_beat = now

    def _start(self, trainer: Trainer) -> None:
        self._last_beat = self._longest = 0.0
        self._pipe = os.pipe()
        os.set_blocking(self._pipe[1], False)
        if threading.current_thread() is threading.main_thread():  # others get no signals
            # The system tells of a signal even while Python is stuck.
            self._previous_wakeup = signal.set_wakeup_fd(self._pipe[1])
        self._thread = threading.Thread(target=self._watch, args=(trainer, self._pipe[0]), daemon=True)
        self._thread.start()

    def _stop(self) -> None:
        if self._thread is None or self._pipe is None:
            return
        if self._previous_wakeup is not None:
            signal.set_wakeup_fd(self._previous_wakeup)
            self._previous_wakeup = None
        os.close(self._pipe[1])  # the thread reads the end of the pipe, and returns
        self._thread.join()
        os.close(self._pipe[0])
        self._thread = self._pipe = None

    def _watch(self, trainer: Trainer, readable: int) -> None:
        signalled: float | None = None
        while True:
            if select.select([readable], [], [], 0.2)[0]:
                received = os.read(readable, 64)
                if not received:
                    return
                if signalled is None and any(number in SIGNALS for number in received):
                    signalled = time.monotonic()
            now = time.monotonic()
            if signalled is not None and now - signalled > max(self.grace, 2 * self._longest):
                self._end(trainer, f"was told to stop {now - signalled:.0f} s ago")
            if now - self._last_beat > self.timeout:
                self._end(trainer, f"has finished no step for {self.timeout:.0f} s")

    def _end(self, trainer: Trainer, reason: str) -> None:
        print(
            f"Process {trainer.global_rank} of {trainer.world_size} {reason}, and hangs: another process is stuck or "
            "lost, or the step takes longer than the watchdog's timeout. Ending it; resume from the last checkpoint.",
            file=sys.stderr,
            flush=True,
        )
        faulthandler.dump_traceback()
        if trainer.strategy.launcher is not None:
            trainer.strategy.launcher.kill(signal.SIGKILL)
        os._exit(1)
