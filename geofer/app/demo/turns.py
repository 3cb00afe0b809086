"""Turns: some are served, a few wait, and whoever comes beyond that is told so at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from geofer.errors import DataError


class Turns:
    """Lets so many in at the same time.

    How many may wait is bounded: each visitor who waits keeps one of the page's few threads from all others.
    """

    def __init__(self, at_once: int, waiting: int, seconds: float) -> None:
        """Serve ``at_once`` visitors, and let ``waiting`` more wait that many seconds."""
        self._free, self._room = BoundedSemaphore(at_once), BoundedSemaphore(at_once + waiting)
        self._seconds = seconds

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One visitor's turn.

        Raises:
            DataError: Too many wait already, or the wait was too long.
        """
        if not self._room.acquire(blocking=False):
            raise _busy()
        try:
            if not self._free.acquire(timeout=self._seconds):
                raise _busy()
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._room.release()


def _busy() -> DataError:
    return DataError("Others are being served. Try again in a moment.")
