"""One connection to a server: a call at a time out, its response back (over llhttp)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import httptools

from control_layer.wire.call import Call
from control_layer.wire.errors import (
    BadResponse,
    ExchangeError,
    FirstByteTimeout,
    ReadTimeout,
    ResetBeforeResponse,
    ResetDuringResponse,
    TotalTimeout,
)
from control_layer.wire.framing import Ambiguous, framing_of
from control_layer.wire.headers import NAMES, Header

if TYPE_CHECKING:
    from control_layer.wire.pool import Pool

__all__ = ["ClientConnection"]

_NEVER = float("inf")
_SWITCHING_PROTOCOLS = 101
_FIRST_FINAL_STATUS = 200
_MAX_INTERIM = 16
_WRITE_HIGH_WATER = 256 * 1024
_JOIN_BELOW = 8192
"""A body below this is copied behind its head, which costs less than handing over two buffers."""


class ClientConnection(asyncio.Protocol):
    """See the module's docstring. Made by a pool, which it goes back to when its response is whole."""

    __slots__ = (
        "_bodyless", "_call", "_headers", "_interim", "_keep_alive", "_parser", "_paused", "_pool", "_silent",
        "_status", "_total_deadline", "_transport", "_until_close", "_upgraded", "_whole", "_write_paused", "deadline",
        "idle_since", "reused",
    )  # fmt: skip

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._call: Call | None = None
        self._headers: list[Header] = []
        self._silent = 0
        """Bytes since the last progress, all of which the parser may hold: half a head, an endless trailer."""
        self._status = 0
        self._interim = 0
        self._keep_alive = True
        self._until_close = False
        self._bodyless = False
        self._upgraded = False
        self._whole = False
        """The response ended in the bytes that are being parsed; what follows it in them belongs to nobody."""
        self._paused = False
        self._write_paused = False
        self._total_deadline = _NEVER
        self.deadline = _NEVER
        self.idle_since = 0.0
        self.reused = False

    @property
    def alive(self) -> bool:
        """Whether a request may still be put on it."""
        return self._transport is not None and not self._transport.is_closing()

    # -- the pool's side ---------------------------------------------------------------------------------------------

    def send(self, call: Call) -> None:
        """Puts a call on this connection, in one write where its body is whole."""
        self._call = call
        call.connection = self
        self._status = 0
        self._silent = 0
        self._interim = 0
        self._until_close = False
        now = self._pool.loop.time()
        self._total_deadline = call.started + call.timeouts.total
        self.deadline = min(now + call.timeouts.first_byte, self._total_deadline)
        transport = cast("asyncio.Transport", self._transport)
        body = call.body
        if body and len(body) < _JOIN_BELOW:
            transport.write(call.head + body)
        elif body:
            transport.writelines([call.head, body])
        else:
            transport.write(call.head)
            held, call.held = call.held, []
            for data in held:
                transport.write(data)
            if call.pausing:
                call.pausing = False
                if not self._write_paused:
                    call.receiver.resume_writing()

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
            if self._call is not None and not self._upgraded and not self._status:
                # While the body is on its way the server need not answer.
                self.deadline = min(self._pool.loop.time() + self._call.timeouts.first_byte, self._total_deadline)

    def pause_reading(self) -> None:
        if not self._paused and self._transport is not None:
            self._paused = True
            self.deadline = self._total_deadline
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._paused and self._transport is not None:
            self._paused = False
            self._progress()
            self._transport.resume_reading()

    def abort(self) -> None:
        """Closes at once and reports nothing."""
        self._call = None
        if self._transport is not None:
            self._transport.abort()

    def timed_out(self, now: float) -> None:
        """The deadline has passed."""
        call = self._call
        self.deadline = _NEVER
        if call is None:
            self.abort()
            return
        timeouts = call.timeouts
        if now >= self._total_deadline:
            self._fail(TotalTimeout(f"not whole after {timeouts.total:g} s"))
        elif self._status:
            self._fail(ReadTimeout(f"nothing more for {timeouts.idle:g} s"))
        else:
            self._fail(FirstByteTimeout(f"no response for {timeouts.first_byte:g} s"))

    # -- asyncio.Protocol --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_WRITE_HIGH_WATER)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        del self._parser  # it and the connection would keep each other alive
        self._pool.closed(self)
        call = self._call
        if call is None:
            return
        self._call = None
        if self._status and (self._until_close or self._upgraded) and error is None:
            self._complete(call)
        elif self._status:
            call.fail(ResetDuringResponse(_reason(error)))
        elif self.reused and not call.retried and call.body is not None and not self._silent:
            # The server had closed an idle connection before our bytes came: no failure of the call's.
            call.retried = True
            call.connection = None
            self._pool.dispatch(call, fresh=True)
        else:
            call.fail(ResetBeforeResponse(_reason(error)))

    def eof_received(self) -> bool:
        return False

    def data_received(self, data: bytes) -> None:
        call = self._call
        if call is None:
            self.abort()  # nobody asked: whatever this is, it must not become somebody's response
            return
        if self._upgraded:
            self._progress()
            call.receiver.on_data(data)
            return
        self._silent += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
            if rest and self._call is call:
                call.receiver.on_data(rest)
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            if not isinstance(cause, BadResponse):
                raise
            self._spoiled(cause)
        except httptools.HttpParserError as error:
            self._spoiled(BadResponse(str(error) or type(error).__name__))
        else:
            if self._silent > self._pool.options.max_head_bytes:
                self._spoiled(BadResponse("the response's head is too large"))
        if self._whole:
            self._finish()

    def pause_writing(self) -> None:
        self._write_paused = True
        if self._call is not None:
            self._call.receiver.pause_writing()

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._call is not None:
            self._call.receiver.resume_writing()

    # -- httptools callbacks -----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._whole:
            raise BadResponse("more than one response to one request")
        self._headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._status:  # else it is a trailer, which may not change a head that was acted upon
            self._headers.append((NAMES[name], value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        call, parser = self._call, self._parser
        if call is None:
            raise BadResponse("a response to no request")
        version = parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise BadResponse(f"a response in HTTP/{version}")
        status = parser.get_status_code()
        if status == _SWITCHING_PROTOCOLS:
            self._switch(call)
            return
        if status < _FIRST_FINAL_STATUS:
            return
        try:
            framing = framing_of(self._headers, 0 if version == "1.0" else 1)
        except Ambiguous as error:
            raise BadResponse(error.reason) from error
        self._status = status
        self._silent = 0
        head_only = call.method == b"HEAD"
        self._bodyless = head_only or status in (204, 304)
        self._until_close = framing.length is None and not framing.chunked and not self._bodyless
        # llhttp does not know of HEAD and would wait for the body: the connection cannot be used again.
        self._keep_alive = parser.should_keep_alive() and not self._until_close and not head_only
        self._progress()
        call.receiver.on_response(status, self._headers, framing.length)
        self._whole = head_only

    def on_body(self, body: bytes) -> None:
        call = self._call
        if call is not None and not self._bodyless:
            self._silent = 0
            self._progress()
            call.receiver.on_data(body)

    def on_message_complete(self) -> None:
        if self._upgraded:
            return
        if self._status:
            self._whole = True
            return
        self._interim += 1
        if self._interim > _MAX_INTERIM:
            raise BadResponse("too many interim responses")

    # -- endings -----------------------------------------------------------------------------------------------------

    def _progress(self) -> None:
        call = self._call
        if call is not None and not self._upgraded:
            self.deadline = min(self._pool.loop.time() + call.timeouts.idle, self._total_deadline)

    def _switch(self, call: Call) -> None:
        if not call.upgrading or not self._parser.should_upgrade():
            raise BadResponse("switched protocols without being asked")
        self._upgraded = True
        self._status = _SWITCHING_PROTOCOLS
        self.deadline = self._total_deadline = _NEVER
        call.receiver.on_response(_SWITCHING_PROTOCOLS, self._headers, None)

    def _finish(self) -> None:
        """The response is whole and all bytes that came with it are parsed."""
        self._whole = False
        self.deadline = _NEVER
        call, self._call = self._call, None
        if call is None:
            return
        call.connection = None  # what it says from now on must not reach the next call's connection
        if self._keep_alive and call.request_ended and not self._paused and not self._write_paused:
            # Released before the receiver is told: what it sends next may take this very connection.
            self._pool.release(self)
        else:
            self.abort()
        self._complete(call)

    def _complete(self, call: Call) -> None:
        if call.done:
            return
        call.done = True
        try:
            call.receiver.on_complete()
        except Exception:
            # Its client must not wait for ever; the loop logs what was wrong.
            call.receiver.on_error(BadResponse("the response could not be handled"))
            raise

    def _spoiled(self, error: BadResponse) -> None:
        """What came is no response. Behind a whole one that costs the connection only."""
        if self._whole:
            self._keep_alive = False
        else:
            self._fail(error)

    def _fail(self, error: ExchangeError) -> None:
        call, self._call = self._call, None
        if self._transport is not None:
            self._transport.abort()
        if call is not None:
            call.fail(error)


def _reason(error: Exception | None) -> str:
    return f"connection lost: {error}" if error is not None else "closed by the server"
