"""Connections to one origin, kept and shared."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass

from control_layer.wire.call import Call, Receiver, Timeouts, render_head
from control_layer.wire.client_connection import ClientConnection
from control_layer.wire.connect import connect
from control_layer.wire.errors import ConnectFailed, ConnectTimeout, PoolExhausted
from control_layer.wire.origin import Origin
from control_layer.wire.proxy import Proxy

__all__ = ["Pool", "PoolOptions"]

_SWEEP_SECONDS = 0.25
_DEFAULT_TIMEOUTS = Timeouts()


@dataclass(slots=True, frozen=True, kw_only=True)
class PoolOptions:
    """Bounds of a pool."""

    max_connections: int = 4096
    max_idle: int = 256
    idle_seconds: float = 30.0
    connect_timeout: float = 10.0
    acquire_timeout: float = 30.0
    max_head_bytes: int = 256 * 1024


class Pool:
    """Sends calls over connections that are used again; the most recently used first, so that the others may expire."""

    def __init__(
        self,
        origin: Origin,
        options: PoolOptions,
        *,
        loop: asyncio.AbstractEventLoop,
        tls: ssl.SSLContext | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        self.origin = origin
        self.options = options
        self.loop = loop
        self._tls = tls
        self._proxy = proxy
        self._authority = origin.authority
        self._absolute = proxy is not None and origin.scheme == "http"
        self._idle: list[ClientConnection] = []
        self._open: set[ClientConnection] = set()
        self._connecting: dict[Call, asyncio.Task[None]] = {}
        self._waiting: deque[Call] = deque()
        self._sweep: asyncio.TimerHandle | None = None
        self._retired = False

    # -- sending -----------------------------------------------------------------------------------------------------

    def send(
        self,
        receiver: Receiver,
        method: bytes,
        target: bytes,
        lines: bytes,
        body: bytes | bytearray | None,
        *,
        body_length: int | None = None,
        timeouts: Timeouts = _DEFAULT_TIMEOUTS,
    ) -> Call:
        """Sends a request; its response, or why there is none, goes to `receiver`.

        `lines` are rendered field lines; Host (unless they begin with it) and framing are added. `body` is the whole
        body; with `None` it streams through the call, `body_length` bytes long or chunked where that is `None` too. A
        kept connection that the server had already closed is no failure for a whole body: it is sent again.
        """
        chunked = body is None and body_length is None
        head = self._head(method, target, lines, _framing(method, body, body_length))
        length = body_length if body is None else None
        call = Call(self, receiver, method, head, body, chunked=chunked, length=length, timeouts=timeouts)
        self.dispatch(call)
        return call

    def hold(
        self,
        receiver: Receiver,
        method: bytes,
        body: bytes | bytearray | None,
        *,
        body_length: int | None = None,
        protocol: bytes | None = None,
        timeouts: Timeouts = _DEFAULT_TIMEOUTS,
    ) -> Call:
        """A call whose head is not known yet: it is sent by `let_go`, and may be cancelled and failed before. With
        `protocol`, one that asks to switch to it.

        Of a body that streams, what comes meanwhile is kept, and more of it not asked for.
        """
        framing = _framing(method, body, body_length) if protocol is None else _upgrade(protocol)
        chunked = body is None and body_length is None
        length = body_length if body is None else None
        upgrading = protocol is not None
        return Call(
            self,
            receiver,
            method,
            framing,
            body,
            chunked=chunked,
            length=length,
            timeouts=timeouts,
            upgrading=upgrading,
        )

    def let_go(self, call: Call, target: bytes, lines: bytes) -> None:
        """Sends a held call, unless it was given up."""
        if not call.done:
            call.head = self._head(call.method, target, lines, call.head)
            call.started = self.loop.time()
            self.dispatch(call)

    def upgrade(
        self,
        receiver: Receiver,
        method: bytes,
        target: bytes,
        lines: bytes,
        *,
        protocol: bytes,
        timeouts: Timeouts = _DEFAULT_TIMEOUTS,
    ) -> Call:
        """Asks the server to switch protocols (RFC 9110, 7.8). After status 101 the call carries raw bytes."""
        head = self._head(method, target, lines, _upgrade(protocol))
        call = Call(self, receiver, method, head, b"", chunked=False, timeouts=timeouts, upgrading=True)
        self.dispatch(call)
        return call

    def _head(self, method: bytes, target: bytes, lines: bytes, framing: bytes) -> bytes:
        extra: tuple[bytes, ...] = ()
        if self._absolute:
            target = b"http://%b%b" % (self._authority, target)
            if self._proxy is not None and self._proxy.authorization is not None:
                extra = (b"proxy-authorization: %b\r\n" % self._proxy.authorization,)
        return render_head(method, target, lines, self._authority, framing, extra)

    def dispatch(self, call: Call, *, fresh: bool = False) -> None:
        """Finds a connection for the call: a kept one (unless `fresh`), a new one, or the next that becomes free."""
        while self._idle and not fresh:
            connection = self._idle.pop()
            if connection.alive:
                connection.reused = True
                connection.send(call)
                return
        if len(self._open) + len(self._connecting) < self.options.max_connections:
            self._connecting[call] = self.loop.create_task(self._connect(call))
        else:
            self._waiting.append(call)
            self._watch()

    def forget(self, call: Call) -> None:
        """The call was given up before it had a connection."""
        task = self._connecting.pop(call, None)
        if task is not None:
            task.cancel()
            self._serve_waiting()
        elif call in self._waiting:
            self._waiting.remove(call)

    async def _connect(self, call: Call) -> None:
        limit = min(self.options.connect_timeout, call.timeouts.connect)
        try:
            async with asyncio.timeout(limit):
                connection = await connect(
                    self.loop, lambda: ClientConnection(self), self.origin, self._tls, self._proxy
                )
        except TimeoutError:
            self._connect_failed(call, ConnectTimeout(f"{self.origin.host}: no connection within {limit:g} s"))
        except ConnectFailed as error:
            self._connect_failed(call, error)
        except Exception as error:
            self._connect_failed(call, ConnectFailed(f"{self.origin.host}: {error}"))
            raise
        else:
            self._connecting.pop(call, None)
            if connection.alive:
                # Known only from here on: the loop loses one whose making is cancelled without another word.
                self._open.add(connection)
                self._watch()
                connection.send(call)
            else:
                self._connect_failed(call, ConnectFailed(f"{self.origin.host}: closed as soon as it was connected"))

    def _connect_failed(self, call: Call, error: ConnectFailed | ConnectTimeout) -> None:
        self._connecting.pop(call, None)
        call.fail(error)
        self._serve_waiting()

    # -- connections' side -------------------------------------------------------------------------------------------

    def closed(self, connection: ClientConnection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._serve_waiting()

    def release(self, connection: ClientConnection) -> None:
        """The connection's response is whole: who is next?"""
        while self._waiting and connection.alive:
            call = self._waiting.popleft()
            if not call.done:
                connection.reused = True
                connection.send(call)
                return
        if self._retired or len(self._idle) >= self.options.max_idle:
            connection.abort()
            return
        connection.idle_since = self.loop.time()
        self._idle.append(connection)

    def _serve_waiting(self) -> None:
        while self._waiting and len(self._open) + len(self._connecting) < self.options.max_connections:
            call = self._waiting.popleft()
            if not call.done:
                self._connecting[call] = self.loop.create_task(self._connect(call))

    # -- time --------------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        if self._sweep is None:
            self._sweep = self.loop.call_later(_SWEEP_SECONDS, self._check_deadlines)

    def _check_deadlines(self) -> None:
        # The next one is set first, so that nothing can keep it from coming.
        self._sweep = None
        if self._open or self._waiting:
            self._watch()
        now = self.loop.time()
        for connection in [known for known in self._open if known.deadline < now]:
            connection.timed_out(now)
        expired = now - self.options.idle_seconds
        # The least recently used stand first.
        while self._idle and self._idle[0].idle_since < expired:
            self._idle.pop(0).abort()
        oldest = now - self.options.acquire_timeout
        while self._waiting and self._waiting[0].started < oldest:
            self._waiting.popleft().fail(PoolExhausted(f"{self.origin.host}: all connections are busy"))

    # -- ending ------------------------------------------------------------------------------------------------------

    @property
    def idle(self) -> int:
        return len(self._idle)

    @property
    def active(self) -> int:
        return len(self._open) - len(self._idle)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def retire(self) -> None:
        """Keeps no connection from now on; calls in flight end in peace."""
        self._retired = True
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.abort()


def _framing(method: bytes, body: bytes | bytearray | None, length: int | None) -> bytes:
    """The field line that says where the request's body ends."""
    if body is not None:
        return b"content-length: %d\r\n" % len(body) if body or method in (b"POST", b"PUT", b"PATCH") else b""
    return b"transfer-encoding: chunked\r\n" if length is None else b"content-length: %d\r\n" % length


def _upgrade(protocol: bytes) -> bytes:
    return b"connection: upgrade\r\nupgrade: %b\r\n" % protocol
