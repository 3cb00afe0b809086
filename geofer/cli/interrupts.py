"""Ctrl-C ends a command as an interrupt, whatever a library makes of it."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Raises KeyboardInterrupt in the place of an error that came after Ctrl-C.

    Libraries whose import is cut short take the interrupt for another error (NumPy for an attribute that is missing),
    or try again until the stack is full. From Ctrl-C to the end of the process nothing is told of finalizers that fail,
    as that of a MediaPipe image left half built. Who has other plans for the signal keeps them, as `nohup` does.
    """
    if not (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):
        yield
        return
    interrupted = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        sys.unraisablehook = _say_nothing
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    except Exception as error:
        if interrupted:
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _say_nothing(unraisable: object) -> None:
    """An ``unraisablehook`` for what is thrown away."""
