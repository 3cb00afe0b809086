"""Large pictures are looked at aside: in a process of its own that gives way to all others, and that can be ended.

A picture of five million pixels takes forty times as long as a small one. In the server's own process those who come
with small ones would wait for it.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from geofer.app.demo.decoding import process_context
from geofer.app.demo.time_limit import late
from geofer.app.demo.turns import Turns
from geofer.errors import DataError

QUICK = 1_000_000
"""Pixels of what is looked at in half a second, and so in the server's own process."""

WAITING = 3

Seen = TypeVar("Seen")


def is_large(pixels: NDArray[np.uint8]) -> bool:
    """Whether a picture of ``(H, W, 3)`` is looked at aside."""
    return bool(pixels.shape[0] * pixels.shape[1] > QUICK)


class Aside(Generic[Seen]):
    """Does one kind of work with pictures, one at a time. Its process starts with the first, which takes seconds."""

    def __init__(self, work: Callable[[NDArray[np.uint8]], Seen], seconds: float) -> None:
        """Allow that many seconds for each picture, and as many of waiting.

        Args:
            work: What is done with ``(H, W, 3)`` pixels; it can be pickled, and so can what it returns.
            seconds: Of each picture, in which the process starts if it must.
        """
        self._work, self._seconds = work, seconds
        self._turns = Turns(1, WAITING, seconds)
        self._process: BaseProcess | None = None
        self._pipe: Connection[Any, Any] | None = None

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End what is being done."""
        if self._process is not None:
            self._process.kill()

    def run(self, pixels: NDArray[np.uint8]) -> Seen:
        """What the work makes of a picture.

        Raises:
            DataError: It took too long, too many wait, or the work says what is wrong with the picture.
        """
        with self._turns.turn():
            pipe = self._running()
            try:
                pipe.send(pixels)
                if not pipe.poll(self._seconds):
                    raise late(self._seconds)
                seen, error = pipe.recv()
            except (EOFError, OSError) as gone:
                self._end()
                raise DataError("This picture takes too much memory to look at. Try a smaller one.") from gone
            except DataError:
                self._end()
                raise
        if error is not None:
            raise error
        result: Seen = seen
        return result

    def _running(self) -> "Connection[Any, Any]":
        if self._pipe is None:
            context = process_context()
            self._pipe, theirs = context.Pipe()
            work = {"target": _serve, "args": (self._work, theirs), "daemon": True}
            self._process = context.Process(**work)  # type: ignore[attr-defined]
            self._process.start()
            theirs.close()
        return self._pipe

    def _end(self) -> None:
        if self._process is not None and self._pipe is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
        self._process = self._pipe = None


def _serve(work: Callable[[NDArray[np.uint8]], object], pipe: "Connection[Any, Any]") -> None:
    """Returns what the work makes of each picture, until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform != "win32":
        os.nice(10)
    with suppress(EOFError, OSError):
        while True:
            pixels = pipe.recv()
            try:
                answer: tuple[object, Exception | None] = work(pixels), None
            except Exception as error:  # whoever waits gets it
                answer = None, error
            pipe.send(answer)
