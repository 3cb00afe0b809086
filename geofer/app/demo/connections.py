"""Connections of visitors: those that never get to the point are closed.

A visitor who sends the first line of a request letter by letter holds a connection for as long as he likes. Hundreds of
them would leave none for others.
"""

import asyncio
from collections import Counter
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10
"""How long the head of a request may take."""

MOST_EACH = 256
"""Connections from one address. A browser holds about six."""


class Connection(H11Protocol):  # type: ignore[misc]  # mypy sees no uvicorn
    """Uvicorn's connection, with an end."""

    _open: ClassVar[Counter[str]] = Counter()

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for a request, unless the address has too many connections."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self._open[self._address] += 1
        self._seen: Any = None
        self._watch: asyncio.TimerHandle | None = None
        if self._open[self._address] > MOST_EACH:
            transport.abort()
        else:
            self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._open[self._address] -= 1
        if not self._open[self._address]:
            del self._open[self._address]
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def _look_again(self) -> None:
        self._seen = self.cycle
        self._watch = self.loop.call_later(HEAD_SECONDS, self._check)

    def _check(self) -> None:
        """Close the connection if no request has begun since the last look, and none is being answered."""
        if self.cycle is self._seen and self.conn.their_state is h11.IDLE:
            self.transport.abort()
        else:
            self._look_again()
