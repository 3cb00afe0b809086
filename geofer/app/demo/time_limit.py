"""One computation at a time, none for longer than a while."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

from geofer.errors import DataError

P = ParamSpec("P")
T = TypeVar("T")


class TimeLimit:
    """Runs work in a thread of its own, and answers in time even where the work does not.

    Work that is late goes on in its thread, since Python cannot stop it; what comes next waits for it, at most as long.
    The end of the process does not wait for it.
    """

    def __init__(self, seconds: float) -> None:
        """Allow that many seconds, those of waiting included."""
        self._seconds = seconds
        self._waiting: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        threading.Thread(target=self._work, name="geofer-demo", daemon=True).start()

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of the work.

        Raises:
            DataError: It took too long.
        """
        future: Future[T] = Future()
        self._waiting.put((future, lambda: work(*args, **kwargs)))
        try:
            return future.result(self._seconds)
        except TimeoutError as error:
            future.cancel()
            raise late(self._seconds) from error

    def _work(self) -> None:
        while True:
            future, work = self._waiting.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:  # whoever waits gets it
                future.set_exception(error)
            del future, work  # and the picture in it


def late(seconds: float) -> DataError:
    """What is said of work that took too long."""
    return DataError(f"This took longer than {seconds:g} seconds. Try again, or with a smaller picture.")
