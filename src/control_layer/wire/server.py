"""HTTP/1.1 as a server: the registry of connections, their deadlines, the way to stop. See `server_connection`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate

from control_layer.wire.handler import Handler
from control_layer.wire.headers import Header
from control_layer.wire.limits import ServerLimits
from control_layer.wire.request import Request
from control_layer.wire.responder import Responder
from control_layer.wire.server_connection import ServerConnection

__all__ = ["Server"]

_SWEEP_SECONDS = 0.5
_ABORT_SECONDS = 1.0
"""An aborted connection is gone, and its handler told, in one turn of the loop."""

Accept = Callable[[Request, Responder], Handler]
Refuse = Callable[[int, str, bytes], tuple[list[Header], bytes]]


def _plain_refusal(status: int, reason: str, target: bytes) -> tuple[list[Header], bytes]:
    del status, target
    return [(b"content-type", b"text/plain; charset=utf-8")], reason.encode()


class Server:
    """Makes connections for `loop.create_server(server.protocol, …)` and knows them all.

    `accept` is called with each request's head and returns its handler. `on_refused` renders the headers and body of
    an answer to something that is no request, of whose target as much is given as has come.
    """

    def __init__(
        self,
        accept: Accept,
        *,
        loop: asyncio.AbstractEventLoop,
        limits: ServerLimits | None = None,
        on_refused: Refuse = _plain_refusal,
    ) -> None:
        self.accept = accept
        self.refuse = on_refused
        self.loop = loop
        self.limits = limits or ServerLimits()
        self.draining = False
        self.active_requests = 0
        self._connections: set[ServerConnection] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._all_closed: asyncio.Event | None = None
        self._date_second = 0
        self._date = b""

    @property
    def connections(self) -> int:
        return len(self._connections)

    def protocol(self) -> ServerConnection:
        """A connection's protocol."""
        return ServerConnection(self)

    def opened(self, connection: ServerConnection) -> None:
        self._connections.add(connection)
        if self._sweep is None:
            self._sweep = self.loop.call_later(_SWEEP_SECONDS, self._check_deadlines)

    def closed(self, connection: ServerConnection) -> None:
        self._connections.discard(connection)
        if self._all_closed is not None and not self._connections:
            self._all_closed.set()

    def failed(self, error: Exception) -> None:
        """Reports what a handler raised."""
        self.loop.call_exception_handler({"message": "the handler of a request failed", "exception": error})

    def date_line(self) -> bytes:
        """The `Date` field (RFC 9110, 6.6.1), rendered once a second."""
        now = int(time.time())
        if now != self._date_second:
            self._date_second = now
            self._date = b"date: %b\r\n" % formatdate(now, usegmt=True).encode()
        return self._date

    def _check_deadlines(self) -> None:
        # One sweep for all: a timer per request would cost more than the request's own bookkeeping.
        # The next one is set first, so that nothing can keep it from coming.
        self._sweep = self.loop.call_later(_SWEEP_SECONDS, self._check_deadlines) if self._connections else None
        now = self.loop.time()
        for connection in [known for known in self._connections if known.deadline < now]:
            connection.timed_out()

    async def drain(self, grace_seconds: float, *, farewell_seconds: float = 0.0) -> None:
        """Closes connections as their requests end, and what is left after the grace.

        Idle ones are closed after the farewell. Whoever sends a request until then is answered, and told that this was
        the last one: a client cannot tell a request that met a closing connection from one that was carried out.
        """
        self.draining = True
        deadline = self.loop.time() + grace_seconds
        await self._until_closed(min(farewell_seconds, grace_seconds))
        for connection in list(self._connections):
            connection.drain()
        await self._until_closed(deadline - self.loop.time())
        for connection in list(self._connections):
            connection.abort()
        await self._until_closed(_ABORT_SECONDS)
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    async def _until_closed(self, seconds: float) -> None:
        if self._connections and seconds > 0:
            self._all_closed = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_closed.wait(), seconds)
