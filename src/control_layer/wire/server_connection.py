"""One client's connection: bytes to requests (over `request_parser`), one at a time to its handler, answers back.

A connection is idle, reading a head, or has a current request. Requests that a client pipelines wait in order; while
some wait, nothing more is read. When it is `_deaf`, it has taken its last request. An end of file counts as the client
leaving, as in other proxies: a client that half-closes cannot be told from one that is gone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

from control_layer.wire.framing import Ambiguous
from control_layer.wire.headers import render_lines
from control_layer.wire.request import Request
from control_layer.wire.request_parser import Deaf, RequestParser
from control_layer.wire.responder import Responder, status_line

if TYPE_CHECKING:
    from control_layer.wire.server import Server

__all__ = ["ServerConnection"]

_NEVER = float("inf")
_LONG_READ = 128 * 1024
"""A read of this size is seldom the last there is. The loop would go on reading for up to 32 of them, some 10 ms in
which no other connection is served, so that each is followed by a turn of the others."""


class ServerConnection(asyncio.Protocol):
    """See the module's docstring. `deadline` is in the loop's time; the server's sweep calls `timed_out`."""

    __slots__ = (
        "_advancing", "_current", "_deaf", "_discarded", "_ending", "_held", "_parser", "_paused", "_pending", "_raw",
        "_refusal", "_transport", "_unsent", "_write_paused", "_yielding", "deadline", "server",
    )  # fmt: skip

    def __init__(self, server: Server) -> None:
        self.server = server
        self.deadline = _NEVER
        self._transport: asyncio.Transport | None = None
        self._parser: RequestParser
        self._current: Responder | None = None
        self._pending: deque[Responder] = deque()
        self._advancing = False
        self._held = False
        """The current handler takes nothing for now."""
        self._paused = False
        """Nothing is read until a handler or the end of an answer says so."""
        self._yielding = False
        """Nothing is read until the other connections had their turn."""
        self._write_paused = False
        self._unsent = 0
        """Bytes that had not left when the deadline was set: fewer at the deadline mean progress."""
        self._deaf = False
        self._raw = False
        """The last request asked for a WebSocket: what follows is not HTTP."""
        self._refusal: Ambiguous | None = None
        """What is owed to the client after the answers that are under way."""
        self._ending = False
        """Everything is written: the client has only to take it."""
        self._discarded = 0

    # -- asyncio.Protocol --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        limits = self.server.limits
        self._transport.set_write_buffer_limits(high=limits.write_high_water, low=limits.write_low_water)
        peer = transport.get_extra_info("peername")
        self._parser = RequestParser(self, limits, str(peer[0]) if isinstance(peer, tuple) else "")
        self.deadline = self.server.loop.time() + limits.head_timeout
        self.server.opened(self)

    def connection_lost(self, error: Exception | None) -> None:
        del error
        self.server.closed(self)
        self._transport = None
        self._deaf = True
        self._give_up()
        self._parser.close()

    def eof_received(self) -> bool:
        if not self._ending:
            self._give_up()
            self._see_off()
        return False  # the transport closes itself

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._take_no_request(data)
            return
        current = self._current
        if current is None:
            if not self._parser.in_head and data.lstrip(b"\r\n"):
                self.deadline = self.server.loop.time() + self.server.limits.head_timeout
        elif not current.request_done:
            self.deadline = self.server.loop.time() + self.server.limits.body_timeout
        try:
            self._parser.feed(data)
        except Ambiguous as refusal:
            self._refuse(refusal)
        except Deaf:
            pass
        except Exception as error:  # noqa: BLE001 - the application's, whatever it is
            self._handler_failed(error)
        if len(data) >= _LONG_READ:
            self._yield()

    def pause_writing(self) -> None:
        self._write_paused = True
        self._expect_progress()
        if self._current is not None and self._current.handler is not None:
            self._current.handler.pause_writing()

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._ending:
            return
        self._set_deadline()
        if self._current is None:
            self._advance()
        elif self._current.handler is not None:
            self._current.handler.resume_writing()

    # -- request_parser.Sink -----------------------------------------------------------------------------------------

    def on_request(self, request: Request, *, keeps_alive: bool, expects_continue: bool) -> None:
        if self._deaf:
            raise Deaf
        responder = Responder(self, request, expects_continue=expects_continue, closes=not keeps_alive)
        self.server.active_requests += 1
        if request.upgrade:
            responder.closes = self._raw = True
        if self._current is None and not self._write_paused:
            self._begin(responder)
            return
        # A client that takes no answers gets no further request begun: what is unsent stays bounded by one answer.
        self._pending.append(responder)
        if len(self._pending) >= self.server.limits.max_pipelined:
            responder.closes = True
        self._stop_reading()

    def on_body(self, data: bytes) -> None:
        self._parser.silent = 0
        responder = self._receiving()
        if responder is None:
            return
        if responder is not self._current:
            responder.waiting.append(data)
        elif responder.ended:
            self._discard(len(data))
        elif responder.handler is not None:
            responder.handler.on_body(data)

    def on_end(self) -> None:
        responder = self._receiving()
        if responder is None:
            return
        responder.request_done = True
        if responder.closes:
            self._deaf = True  # RFC 9112, 9.6: nothing is taken behind the last request
        if responder is not self._current:
            return
        if not self._write_paused:
            self.deadline = _NEVER
        if responder.ended:
            self._next()
        elif responder.handler is not None:
            responder.handler.on_end()

    def on_raw(self, data: bytes) -> None:
        responder = self._receiving()
        if responder is None or responder.ended:
            self._discard(len(data))
        elif responder.upgraded and responder.handler is not None:
            responder.handler.on_body(data)
        elif data:
            responder.waiting.append(data)
            if sum(map(len, responder.waiting)) > self.server.limits.max_head_bytes:
                self._give_up()  # it should have waited for the switch
                self.abort()

    # -- requests in order -------------------------------------------------------------------------------------------

    def _receiving(self) -> Responder | None:
        if self._pending:
            return self._pending[-1]
        return self._current

    def _begin(self, responder: Responder) -> None:
        self._current = responder
        if responder.request.has_body and not responder.request_done:
            self.deadline = self.server.loop.time() + self.server.limits.body_timeout
        else:
            self.deadline = _NEVER
        responder.handler = self.server.accept(responder.request, responder)

    def answered(self, responder: Responder) -> None:
        """The answer is complete; when the request is too, the next one has its turn."""
        if responder.closes or self.is_last():
            self._close_kindly()
        elif responder.request_done:
            self._next()
        else:
            self.release()  # what is left of the request is read and dropped

    def is_last(self) -> bool:
        """Whether the connection ends with the current answer for reasons of the server's."""
        return self.server.draining and not self._pending

    def _next(self) -> None:
        self.server.active_requests -= 1
        if self._current is not None:
            self._current.handler = None
        self._current = None
        self._held = False
        self._discarded = 0
        if not self._advancing:
            self._advance()

    def _advance(self) -> None:
        """Begins waiting requests. A loop, since those answered at once would otherwise stack up."""
        self._advancing = True
        while self._current is None and self._pending and not self._write_paused:
            responder = self._pending.popleft()
            try:
                self._begin(responder)
                responder.replay()
            except Exception as error:  # noqa: BLE001 - one request's failure is not that of the one that ended
                self._handler_failed(error)
        self._advancing = False
        if self._current is None and not self._pending and not self._ending:
            if self._refusal is not None:
                self._answer_refusal(self._refusal)
                return
            self._set_deadline()
        self._read_on()

    # -- the transport -----------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def hold(self) -> None:
        """The handler takes no more of the body for now."""
        self._held = True
        self._stop_reading()

    def release(self) -> None:
        """It does again."""
        self._held = False
        self._read_on()

    def _stop_reading(self) -> None:
        if not self._paused and self._transport is not None:
            self._paused = True
            if not self._write_paused:
                self.deadline = _NEVER  # it is we who make the client wait
            if not self._yielding:
                self._transport.pause_reading()

    def _read_on(self) -> None:
        if self._paused and not self._held and not self._pending and self._transport is not None:
            self._paused = False
            if not self._ending and not self._write_paused:
                self._set_deadline()
            if not self._yielding:
                self._transport.resume_reading()

    def _yield(self) -> None:
        """Lets the other connections have their turn before more is read."""
        transport = self._transport
        if not self._paused and not self._yielding and transport is not None and not transport.is_closing():
            self._yielding = True
            transport.pause_reading()
            self.server.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._yielding = False
        transport = self._transport
        if not self._paused and transport is not None and not transport.is_closing():
            transport.resume_reading()

    def _take_no_request(self, data: bytes) -> None:
        if not self._raw:
            self._discard(len(data))
            return
        try:
            self.on_raw(data)
        except Exception as error:  # noqa: BLE001 - the application's, whatever it is
            self._handler_failed(error)

    def _discard(self, count: int) -> None:
        self._discarded += count
        if self._discarded > self.server.limits.max_discarded_bytes:
            if self._current is None or self._current.ended:
                self.close()
            else:
                self._stop_reading()

    def upgraded(self, responder: Responder) -> None:
        """From here on bytes go to the handler as they come."""
        self.deadline = _NEVER
        waiting, responder.waiting = responder.waiting, []
        for data in waiting:
            if responder.handler is not None:
                responder.handler.on_body(data)

    # -- deadlines ---------------------------------------------------------------------------------------------------

    def _set_deadline(self) -> None:
        """What the client has to do next, and by when."""
        now, limits, current = self.server.loop.time(), self.server.limits, self._current
        if current is None:
            self.deadline = now + (limits.head_timeout if self._parser.in_head else limits.keep_alive_timeout)
        elif current.request_done or self._paused:
            self.deadline = _NEVER
        else:
            self.deadline = now + limits.body_timeout

    def _expect_progress(self) -> None:
        """The client has to take what is written."""
        if self._transport is not None:
            self._unsent = self._transport.get_write_buffer_size()
            self.deadline = self.server.loop.time() + self.server.limits.write_timeout

    def timed_out(self) -> None:
        """The deadline has passed: which one is told by the state."""
        self.deadline = _NEVER
        current = self._current
        if self._ending or self._write_paused:
            if self._transport is not None and 0 < self._transport.get_write_buffer_size() < self._unsent:
                self._expect_progress()
                return
            self._give_up()
            self.abort()
        elif current is None:
            if self._parser.in_head:
                self._refuse(Ambiguous("the request's head did not come in time", 408))
            else:
                self.close()
        elif current.ended:
            self.close()
        elif current.started:
            self._give_up()
            self.abort()
        else:
            self._refuse(Ambiguous("the request's body did not come in time", 408))

    # -- endings -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Closes when what is written has left."""
        self._see_off()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Closes at once; what is unsent is lost, and the client sees a broken message."""
        self._deaf = True
        if self._transport is not None:
            self._transport.abort()

    def drain(self) -> None:
        """The server stops: an idle connection ends now, a busy one with its request."""
        if self._current is None and not self._pending and not self._parser.in_head and not self._ending:
            self.close()

    def _see_off(self) -> None:
        self._deaf = self._ending = True
        self._expect_progress()

    def _close_kindly(self) -> None:
        """RFC 9112, 9.6: a close with unread data resets the connection and may eat the answer, so read on a little."""
        transport, current = self._transport, self._current
        if transport is None:
            return
        if current is not None and not self._pending and not self._discarded:
            unread = current.request.has_body and not current.request_done
            if not unread:
                self.close()
                return
        self._see_off()
        if not self._unsent:
            self.deadline = self.server.loop.time() + self.server.limits.linger_timeout
        if transport.can_write_eof():
            transport.write_eof()
        if self._paused:
            self._paused = False
            if not self._yielding:
                transport.resume_reading()

    def _refuse(self, refusal: Ambiguous) -> None:
        """What came is no request, or broke one off: says so after the answers to the requests before it."""
        if self._deaf:
            return
        broken = self._receiving()
        if broken is not None and not broken.request_done:
            if broken is not self._current:
                self._pending.pop()
                self.server.active_requests -= 1
            elif broken.ended:
                self._close_kindly()
                return
            else:
                self._give_up()
                if broken.started:
                    self.abort()  # a second message would be taken for a part of the answer
                    return
        self._deaf = True
        self._refusal = refusal
        if self._current is None and not self._pending:
            self._answer_refusal(refusal)

    def _answer_refusal(self, refusal: Ambiguous) -> None:
        status = refusal.status
        headers, body = self.server.refuse(status, refusal.reason, self._parser.target)
        head = status_line(status) + self.server.date_line() + render_lines(headers)
        self.write(b"%bcontent-length: %d\r\nconnection: close\r\n\r\n%b" % (head, len(body), body))
        self._close_kindly()

    def _handler_failed(self, error: Exception) -> None:
        """An exception of the application's: logged, told to the client where an answer can still be given."""
        self.server.failed(error)
        failed = self._current
        whole = failed is None or failed.ended
        self._give_up()
        if failed is None or whole:
            self.close()
        elif failed.started:
            self.abort()
        else:
            self._deaf = True
            self._answer_refusal(Ambiguous("the server failed to handle the request", 500))

    def _give_up(self) -> None:
        """No request will be answered any more; the current one's handler is told."""
        current, self._current = self._current, None
        self.server.active_requests -= (current is not None) + len(self._pending)
        self._pending.clear()
        if current is None:
            return
        handler, current.handler = current.handler, None
        ended, current.ended = current.ended, True
        if ended or handler is None:
            return
        try:
            handler.on_disconnect()
        except Exception as error:  # noqa: BLE001 - it must not keep the connection from its end
            self.server.failed(error)
