"""One client's connection: bytes to requests (over llhttp), one request at a time to its handler, answers back.

A connection is idle, reading a head, or has a current request. Requests that a client pipelines wait in order; while
one is current and others wait, nothing more is read. An end of file counts as the client leaving, as in other proxies:
a client that half-closes cannot be told from one that is gone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

import httptools

from control_layer.wire.framing import Ambiguous, framing_of
from control_layer.wire.headers import Header, render_lines
from control_layer.wire.request import Request
from control_layer.wire.responder import Responder, status_line

if TYPE_CHECKING:
    from control_layer.wire.handler import Handler
    from control_layer.wire.server import Server

__all__ = ["ServerConnection"]

_NEVER = float("inf")
_DISCARD_WITHOUT_CLOSING = 64 * 1024
"""Of a request answered early, this much more is read for the sake of keeping the connection."""


class ServerConnection(asyncio.Protocol):
    """See the module's docstring. `deadline` is in the loop's time; the server's sweep calls `timed_out`."""

    __slots__ = (
        "_current", "_discarded", "_expects", "_head_bytes", "_headers", "_lingering", "_parser", "_paused", "_peer",
        "_pending", "_reading_head", "_refusal", "_target", "_transport", "_upgraded", "_write_paused",
        "close_after", "deadline", "server",
    )  # fmt: skip

    def __init__(self, server: Server) -> None:
        self.server = server
        self.deadline = _NEVER
        self.close_after = False
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._peer = ""
        self._headers: list[Header] = []
        self._target = b""
        self._head_bytes = 0
        self._reading_head = False
        self._expects = False
        self._refusal: Ambiguous | None = None
        self._current: Responder | None = None
        self._pending: deque[Responder] = deque()
        self._paused = False
        self._write_paused = False
        self._lingering = False
        self._discarded = 0
        self._upgraded: Handler | None = None

    # -- asyncio.Protocol --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        limits = self.server.limits
        self._transport.set_write_buffer_limits(high=limits.write_high_water, low=limits.write_low_water)
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if isinstance(peer, tuple) else ""
        self.deadline = self.server.loop.time() + limits.head_timeout
        self.server.opened(self)

    def connection_lost(self, error: Exception | None) -> None:
        del error
        self.server.closed(self)
        self._transport = None
        self._client_left()

    def eof_received(self) -> bool:
        if not self._lingering:
            self._client_left()
        return False  # the transport closes itself

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            self._discard(len(data))
            return
        if self._upgraded is not None:
            self._upgraded.on_body(data)
            return
        current = self._current
        if current is None:
            if not self._reading_head and data.lstrip(b"\r\n"):
                self.deadline = self.server.loop.time() + self.server.limits.head_timeout
        elif not current.request_done:
            self.deadline = self.server.loop.time() + self.server.limits.body_timeout
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._rest_after_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError:
            if self._refusal is None:
                raise
            self._refuse(self._refusal.status, self._refusal.reason)
        except httptools.HttpParserError as error:
            self._refuse(400, f"malformed request: {str(error) or type(error).__name__}")
        else:
            if self._reading_head:
                self._head_bytes += len(data)
                if self._head_bytes > self.server.limits.max_head_bytes:
                    self._refuse(431, "the request's head is too large")

    def pause_writing(self) -> None:
        self._write_paused = True
        self.deadline = self.server.loop.time() + self.server.limits.write_timeout
        if self._current is not None and self._current.handler is not None:
            self._current.handler.pause_writing()

    def resume_writing(self) -> None:
        self._write_paused = False
        self.deadline = _NEVER
        if self._current is not None and self._current.handler is not None:
            self._current.handler.resume_writing()

    # -- httptools callbacks -----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._headers = []
        self._target = b""
        self._head_bytes = 0
        self._expects = False
        self._reading_head = True

    def on_url(self, url: bytes) -> None:
        self._target += url
        self._head_bytes += len(url)
        if len(self._target) > self.server.limits.max_target_bytes:
            self._condemn("the request target is too long", 414)

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self._headers.append((name, value.strip(b" \t")))
        self._head_bytes += len(name) + len(value) + 4
        limits = self.server.limits
        if self._head_bytes > limits.max_head_bytes or len(self._headers) > limits.max_headers:
            self._condemn("the request's head is too large", 431)
        if name == b"expect":
            if value.lower() != b"100-continue":
                self._condemn("only the expectation 100-continue is understood", 417)
            self._expects = True

    def on_headers_complete(self) -> None:
        self._reading_head = False
        self._head_bytes = 0
        try:
            request = self._request()
        except Ambiguous as error:
            self._refusal = error
            raise
        responder = Responder(self, request, expects_continue=self._expects and request.http_minor > 0)
        self.server.active_requests += 1
        if self._current is None:
            self._begin(responder)
            return
        self._pending.append(responder)
        if len(self._pending) > self.server.limits.max_pipelined:
            self._condemn("too many pipelined requests", 400)
        self.pause_reading()

    def on_body(self, body: bytes) -> None:
        responder = self._receiving()
        if responder is None:
            return
        if responder is not self._current:
            responder.waiting.append(body)
        elif responder.ended:
            self._discard(len(body))
        elif responder.handler is not None:
            responder.handler.on_body(body)

    def on_message_complete(self) -> None:
        responder = self._receiving()
        if responder is None:
            return
        responder.request_done = True
        if responder is not self._current:
            return
        self.deadline = _NEVER
        if responder.ended:
            self._next()
        elif responder.handler is not None:
            responder.handler.on_end()

    # -- requests in order -------------------------------------------------------------------------------------------

    def _request(self) -> Request:
        minor = self._parser.get_http_version()
        if minor not in ("1.1", "1.0"):
            raise Ambiguous("only HTTP/1.1 and HTTP/1.0 are spoken here", 505)
        http_minor = 1 if minor == "1.1" else 0
        headers = self._headers
        framing = framing_of(headers, http_minor)
        hosts = sum(1 for name, _ in headers if name == b"host")
        if hosts > 1 or (not hosts and http_minor):
            raise Ambiguous("exactly one host field is needed")  # RFC 9112, 3.2
        self.close_after = not self._parser.should_keep_alive()
        return Request(
            self._parser.get_method(),
            self._origin_form(),
            headers,
            http_minor=http_minor,
            content_length=framing.length,
            has_body=framing.chunked or bool(framing.length),
            upgrade=b"upgrade" in framing.connection,
            peer=self._peer,
        )

    def _origin_form(self) -> bytes:
        """RFC 9112, 3.2.2: absolute form is understood, and its authority not trusted for anything."""
        target = self._target
        if target.startswith(b"/"):
            return target
        if self._parser.get_method() == b"CONNECT":
            raise Ambiguous("this is not a forward proxy", 501)
        if target == b"*":
            return target
        scheme, found, rest = target.partition(b"://")
        if not found or scheme.lower() not in (b"http", b"https"):
            raise Ambiguous("the request target is not understood")
        _, slash, path = rest.partition(b"/")
        return b"/" + path if slash else b"/"

    def _receiving(self) -> Responder | None:
        if self._pending:
            return self._pending[-1]
        return self._current

    def _begin(self, responder: Responder) -> None:
        self._current = responder
        limits = self.server.limits
        self.deadline = self.server.loop.time() + limits.body_timeout if responder.request.has_body else _NEVER
        responder.handler = self.server.accept(responder.request, responder)

    def answered(self, responder: Responder) -> None:
        """The answer is complete; when the request is too, the next one has its turn."""
        del responder
        if self.close_after or self.server.draining:
            self._close_kindly()
        elif self._current is not None and self._current.request_done:
            self._next()
        else:
            self.resume_reading()  # what is left of the request is read and dropped

    def _next(self) -> None:
        self.server.active_requests -= 1
        self._current = None
        if not self._pending:
            self.deadline = self.server.loop.time() + self.server.limits.keep_alive_timeout
            self.resume_reading()
            return
        responder = self._pending.popleft()
        self._begin(responder)
        responder.replay()

    def answered_early(self, responder: Responder) -> None:
        """An answer begins before its request is complete: a long rest costs the connection, not our time."""
        length = responder.request.content_length
        if length is None or length > _DISCARD_WITHOUT_CLOSING:
            self.close_after = responder.request.has_body or self.close_after

    def closes_after(self, request: Request) -> bool:
        """Whether the answer says that the connection ends with it."""
        del request
        return self.close_after or self.server.draining

    # -- the transport -----------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def pause_reading(self) -> None:
        if not self._paused and self._transport is not None:
            self._paused = True
            self.deadline = _NEVER  # it is we who make the client wait
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._paused and not self._pending and self._transport is not None:
            self._paused = False
            if self._current is not None and not self._current.request_done:
                self.deadline = self.server.loop.time() + self.server.limits.body_timeout
            self._transport.resume_reading()

    def upgraded(self, responder: Responder) -> None:
        """From here on bytes go to the handler as they come."""
        handler = self._upgraded = responder.handler
        self.deadline = _NEVER
        waiting, responder.waiting = responder.waiting, []
        for data in waiting:
            if handler is not None:
                handler.on_body(data)

    def _rest_after_upgrade(self, rest: bytes) -> None:
        # llhttp stops at every asked-for upgrade; what we do not switch goes on as HTTP/1.1 on a fresh parser.
        current = self._receiving()
        if current is not None and current.request.header(b"upgrade") == b"websocket":
            if rest:
                current.waiting.append(rest)
            return
        self._parser = httptools.HttpRequestParser(self)
        if rest:
            self.data_received(rest)

    def close(self) -> None:
        """Closes when what is written has left."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Closes at once; what is unsent is lost, and the client sees a broken message."""
        if self._transport is not None:
            self._transport.abort()

    def drain(self) -> None:
        """The server stops: an idle connection ends now, a busy one with its request."""
        if self._current is None and not self._reading_head:
            self.close()

    def _close_kindly(self) -> None:
        """RFC 9112, 9.6: a close with unread data resets the connection and may eat the answer, so read on a little."""
        transport = self._transport
        current = self._current
        if transport is None:
            return
        if (current is not None and current.request_done and not self._pending) or not transport.can_write_eof():
            transport.close()
            return
        self._lingering = True
        self.deadline = self.server.loop.time() + self.server.limits.linger_timeout
        transport.write_eof()
        if self._paused:
            self._paused = False
            transport.resume_reading()

    def _discard(self, count: int) -> None:
        self._discarded += count
        if self._discarded > self.server.limits.max_discarded_bytes:
            self.close()

    # -- endings -----------------------------------------------------------------------------------------------------

    def _condemn(self, reason: str, status: int) -> None:
        self._refusal = Ambiguous(reason, status)
        raise self._refusal

    def _refuse(self, status: int, reason: str) -> None:
        """Answers what is no request, after the requests before it, and closes."""
        self._reading_head = False
        if self._current is not None and not self._current.ended:
            # An answer is under way: a second message would be taken for a part of it.
            self._client_left()
            self.abort()
            return
        headers, body = self.server.refuse(status, reason)
        head = status_line(status) + self.server.date_line() + render_lines(headers)
        self.write(b"%bcontent-length: %d\r\nconnection: close\r\n\r\n%b" % (head, len(body), body))
        self.close_after = True
        self._close_kindly()

    def timed_out(self) -> None:
        """The deadline has passed: which one is told by the state."""
        self.deadline = _NEVER
        if self._lingering or self._write_paused:
            self.abort()
        elif self._reading_head:
            self._refuse(408, "the request's head did not come in time")
        elif self._current is None:
            self.close()
        elif not self._current.started:
            current = self._current
            self._client_left()
            current.ended = True
            self._refuse(408, "the request's body did not come in time")
        else:
            self._client_left()
            self.abort()

    def _client_left(self) -> None:
        current, self._current = self._current, None
        self.server.active_requests -= (current is not None) + len(self._pending)
        self._pending.clear()
        if current is not None and not current.ended and current.handler is not None:
            current.ended = True
            current.handler.on_disconnect()
