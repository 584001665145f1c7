"""The wire's side of one request: how a handler answers."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from control_layer.wire.headers import Header, render_lines
from control_layer.wire.request import Request

if TYPE_CHECKING:
    from control_layer.wire.handler import Handler
    from control_layer.wire.server_connection import ServerConnection

__all__ = ["Responder"]

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_CLOSE = b"connection: close\r\n"
_KEEP_ALIVE = b"connection: keep-alive\r\n"
"""Only HTTP/1.0 clients need to be told (RFC 9112, 9.3)."""
_WITHOUT_BODY = frozenset((204, 304))
"""RFC 9110, 8.6: these have no content, and 204 must not even say its length."""
_DISCARD_WITHOUT_CLOSING = 64 * 1024
"""Of a request that is answered early, this much more is read for the sake of keeping the connection."""
_JOIN_BELOW = 8192
"""Pieces below this are copied into one buffer with their framing; longer ones are handed over as they are."""


def status_line(status: int) -> bytes:
    """The first line of an answer; unregistered codes get no phrase."""
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


class Responder:
    """Answers one request. `respond` sends a whole answer; `start`, `write` … `end` one that comes in pieces."""

    __slots__ = (
        "_bodyless", "_chunked", "_connection", "_expects", "_left", "closes", "ended", "handler", "request",
        "request_done", "started", "upgraded", "waiting",
    )  # fmt: skip

    def __init__(self, connection: ServerConnection, request: Request, *, expects_continue: bool, closes: bool) -> None:
        self._connection = connection
        self.request = request
        self.handler: Handler | None = None
        self.started = False
        self.ended = False
        """Nothing more will be sent, whole or not: calls after this are ignored."""
        self.upgraded = False
        self.closes = closes
        """The connection ends with this answer."""
        self.request_done = False
        """The whole request has come."""
        self.waiting: list[bytes] = []
        """Body that came while an earlier request was still being answered."""
        self._expects = expects_continue
        self._chunked = False
        self._bodyless = request.method == b"HEAD"
        self._left: int | None = None

    def replay(self) -> None:
        """Gives the handler what came while its request waited for its turn."""
        waiting, self.waiting = self.waiting, []
        handler = self.handler
        if handler is None:
            return
        for data in waiting:
            if not self.ended:
                handler.on_body(data)
        if self.request_done and not self.ended:
            handler.on_end()

    def send_continue(self) -> None:
        """Asks for the body, where the client waits to be asked (RFC 9110, 10.1.1)."""
        if self._expects and not self.started and not self.ended:
            self._expects = False
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def pause_body(self) -> None:
        """Takes nothing more from the client for now."""
        if not self.ended:
            self._connection.hold()

    def resume_body(self) -> None:
        if not self.ended:
            self._connection.release()

    def respond(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """Sends a whole answer in one write."""
        if self.ended:
            return
        assert not self.started, "an answer has one head"
        self.started = True
        if status in _WITHOUT_BODY:
            self._bodyless = True
            head = self._head(status, headers, b"\r\n")
        else:
            head = self._head(status, headers, b"content-length: %d\r\n\r\n" % len(body))
        if self._bodyless or not body:
            self._connection.write(head)
        elif len(body) < _JOIN_BELOW:
            self._connection.write(head + body)
        else:
            self._connection.write(head)
            self._connection.write(body)
        self._finished()

    def start(self, status: int, headers: Sequence[Header], length: int | None) -> None:
        """Sends the head. `length` `None`: chunked, or until the connection closes for an HTTP/1.0 client."""
        if self.ended:
            return
        assert not self.started, "an answer has one head"
        self.started = True
        self._left = length
        if status in _WITHOUT_BODY:
            self._bodyless = True
            length = None
        if self._bodyless and length is None:
            framing = b"\r\n"
        elif length is not None:
            framing = b"content-length: %d\r\n\r\n" % length
        elif self.request.http_minor:
            self._chunked = True
            framing = b"transfer-encoding: chunked\r\n\r\n"
        else:
            self.closes = True
            framing = b"\r\n"
        self._connection.write(self._head(status, headers, framing))

    def write(self, data: bytes) -> None:
        """Sends a piece of the body. What goes beyond the announced length breaks the answer off."""
        if self.ended or self._bodyless or not data:
            return
        if self.upgraded or not self._chunked:
            if self._left is not None:
                self._left -= len(data)
                if self._left < 0:
                    self.abort()  # it would be read as the next answer
                    return
            self._connection.write(data)
        elif len(data) < _JOIN_BELOW:
            self._connection.write(b"%x\r\n%b\r\n" % (len(data), data))
        else:
            self._connection.write(b"%x\r\n" % len(data))
            self._connection.write(data)
            self._connection.write(b"\r\n")

    def end(self, data: bytes = b"") -> None:
        """Sends the last piece and the end of the message; then the next request has its turn."""
        if self.ended:
            return
        if self.upgraded:
            if data:
                self._connection.write(data)
            self.ended = True
            self._connection.close()
            return
        if self._chunked and not self._bodyless:
            self._connection.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n")
        else:
            self.write(data)
            if self._left and not self._bodyless:
                self.abort()  # less than was promised: the client must not take it for whole
                return
        self._finished()

    def abort(self) -> None:
        """Breaks the answer off in a way the client sees: without the end of the message."""
        if self.ended:
            return
        self.ended = True
        self._connection.abort()

    def upgrade(self, status: int, headers: Sequence[Header]) -> None:
        """Switches protocols (RFC 9110, 7.8): from here on `write` and `on_body` carry raw bytes; `end` closes."""
        if self.ended:
            return
        self.started = self.upgraded = True
        self._connection.write(status_line(status) + render_lines(headers) + b"\r\n")
        self._connection.upgraded(self)

    def _head(self, status: int, headers: Sequence[Header], framing: bytes) -> bytes:
        connection, request = self._connection, self.request
        if not self.request_done and request.has_body:
            # A long rest costs the connection, not our time; and who waits for 100 may or may not send the body now.
            length = request.content_length
            self.closes = self.closes or self._expects or length is None or length > _DISCARD_WITHOUT_CLOSING
        lines = [status_line(status), connection.server.date_line()]
        lines.append(render_lines(headers))
        if self.closes or connection.is_last():
            self.closes = True
            lines.append(_CLOSE)
        elif not request.http_minor:
            lines.append(_KEEP_ALIVE)
        lines.append(framing)
        return b"".join(lines)

    def _finished(self) -> None:
        self.ended = True
        self._connection.answered(self)
