"""One computation at a time, none for longer than a while."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from geofer.errors import DataError

P = ParamSpec("P")
T = TypeVar("T")


class TimeLimit:
    """Runs work in a thread of its own, and answers in time even where the work does not.

    Work that is late goes on in its thread, since Python cannot stop it; what comes next waits for it, at most as long.
    """

    def __init__(self, seconds: float) -> None:
        """Allow that many seconds, those of waiting included."""
        self._seconds = seconds
        self._thread = ThreadPoolExecutor(1, "geofer-demo")

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of the work.

        Raises:
            DataError: It took too long.
        """
        future = self._thread.submit(work, *args, **kwargs)
        try:
            return future.result(self._seconds)
        except TimeoutError as error:
            future.cancel()
            raise DataError(
                f"This took longer than {self._seconds:g} seconds. Try again, or with a smaller picture."
            ) from error
