"""One request on its way through a pool, and who gets its response."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from control_layer.wire.errors import BadRequestBody, ExchangeError
from control_layer.wire.headers import Header

if TYPE_CHECKING:
    from control_layer.wire.client_connection import ClientConnection
    from control_layer.wire.pool import Pool

__all__ = ["Call", "Receiver", "Timeouts"]


@dataclass(slots=True, frozen=True, kw_only=True)
class Timeouts:
    """Deadlines of one call in seconds."""

    connect: float = 10.0
    first_byte: float = 600.0
    idle: float = 300.0
    total: float = 3600.0


class Receiver(Protocol):
    """Gets one response. After `Call.cancel` nothing is called any more."""

    def on_response(self, status: int, headers: list[Header], length: int | None) -> None:
        """The head has come. `length` is `None` where only the end will tell."""

    def on_data(self, data: bytes) -> None:
        """A piece of the body, without transfer framing, in the loop turn in which it came."""

    def on_complete(self) -> None:
        """The response is whole."""

    def on_error(self, error: ExchangeError) -> None:
        """It will not become whole. Called instead of `on_complete`, at most once."""

    def pause_writing(self) -> None:
        """The server takes the request body slower than it is written."""

    def resume_writing(self) -> None:
        """It has caught up."""


class Call:
    """A request in flight. `write` and `end` are for bodies that stream."""

    __slots__ = (
        "_pool", "body", "chunked", "connection", "done", "head", "held", "left", "method", "pausing",
        "receiver", "request_ended", "retried", "started", "timeouts", "upgrading",
    )  # fmt: skip

    def __init__(
        self,
        pool: Pool,
        receiver: Receiver,
        method: bytes,
        head: bytes,
        body: bytes | bytearray | None,
        *,
        chunked: bool,
        length: int | None = None,
        timeouts: Timeouts,
        upgrading: bool = False,
    ) -> None:
        self._pool = pool
        self.receiver = receiver
        self.method = method
        self.head = head
        self.body = body
        self.chunked = chunked
        self.left = length
        """Bytes of a streamed body that were announced and have not come."""
        self.timeouts = timeouts
        self.upgrading = upgrading
        self.connection: ClientConnection | None = None
        self.held: list[bytes] = []
        """Framed body pieces that came before there was a connection."""
        self.request_ended = body is not None
        self.started = pool.loop.time()
        self.done = False
        self.retried = False
        self.pausing = False

    def write(self, data: bytes) -> None:
        """Sends a piece of the request body (after an upgrade: raw bytes)."""
        if self.done or not data:
            return
        if self.left is not None:
            self.left -= len(data)
            if self.left < 0:
                # What goes beyond the announced length would be read as the next request.
                self._break("the request body is longer than it was announced")
                return
        framed = b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data
        if self.connection is not None:
            self.connection.write(framed)
            return
        self.held.append(framed)
        if not self.pausing:
            self.pausing = True
            self.receiver.pause_writing()

    def end(self) -> None:
        """The request body is complete."""
        if self.request_ended or self.done:
            return
        self.request_ended = True
        if self.left:
            self._break("the request body is shorter than it was announced")
        elif self.chunked:
            if self.connection is not None:
                self.connection.write(b"0\r\n\r\n")
            else:
                self.held.append(b"0\r\n\r\n")

    def pause(self) -> None:
        """Stops reading the response, so that the server feels the slow client."""
        if self.connection is not None:
            self.connection.pause_reading()

    def resume(self) -> None:
        if self.connection is not None:
            self.connection.resume_reading()

    def cancel(self) -> None:
        """Gives the call up: its connection closes unless the response was whole. Nothing is called any more."""
        if self.done:
            return
        self.done = True
        if self.connection is not None:
            self.connection.abort()
        else:
            self._pool.forget(self)

    def _break(self, reason: str) -> None:
        self.cancel()
        self.receiver.on_error(BadRequestBody(reason))

    def fail(self, error: ExchangeError) -> None:
        """Reports an error, once."""
        if not self.done:
            self.done = True
            self.receiver.on_error(error)


def render_head(
    method: bytes, target: bytes, lines: bytes, authority: bytes, framing: bytes, extra: Sequence[bytes] = ()
) -> bytes:
    """A request's head. Lines that begin with a Host field keep it, any others get `authority` as theirs."""
    if lines[:5].lower() == b"host:":
        return b"%b %b HTTP/1.1\r\n%b%b%b\r\n" % (method, target, lines, b"".join(extra), framing)
    return b"%b %b HTTP/1.1\r\nhost: %b\r\n%b%b%b\r\n" % (method, target, authority, lines, b"".join(extra), framing)
