"""The other ends: raw clients for a real server, raw servers for a real pool, and what each of them saw."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from control_layer.wire import (
    Call,
    ExchangeError,
    Handler,
    Header,
    Origin,
    Pool,
    PoolOptions,
    Proxy,
    Request,
    Responder,
    Server,
    ServerLimits,
    Timeouts,
)

DEADLINE = 20.0
"""Seconds any wait of a test may take on a loaded machine."""


async def until(condition: Callable[[], object], what: str = "the condition") -> None:
    """Returns when `condition` holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DEADLINE
    while not condition():
        assert loop.time() < deadline, f"{what} never came about"
        await asyncio.sleep(0.002)


# -- a real server, raw clients --------------------------------------------------------------------------------------


class Handled:
    """One request as its handler saw it. `on_end` answers with what `answer` says."""

    def __init__(self, site: Site, request: Request, responder: Responder) -> None:
        self.site = site
        self.request = request
        self.responder = responder
        self._body = bytearray()
        self.pieces = 0
        self.ends = 0
        self.disconnects = 0
        self.pauses = 0
        self.resumes = 0

    @property
    def body(self) -> bytes:
        return bytes(self._body)

    def taken(self) -> bytes:
        """The body that has come since this was last asked."""
        data = bytes(self._body)
        self._body.clear()
        return data

    def on_body(self, data: bytes) -> None:
        self._body += data
        self.pieces += 1
        self.site.on_body(self)

    def on_end(self) -> None:
        self.ends += 1
        self.site.on_end(self)

    def on_disconnect(self) -> None:
        self.disconnects += 1

    def pause_writing(self) -> None:
        self.pauses += 1

    def resume_writing(self) -> None:
        self.resumes += 1


def echo(handled: Handled) -> None:
    """Answers with the method, target and body."""
    request = handled.request
    handled.responder.respond(200, [], b"%b %b %b" % (request.method, request.target, handled.body))


def nothing(handled: Handled) -> None:
    """Leaves the request unanswered."""


@dataclass
class Site:
    """A server under test and everything it handled."""

    server: Server
    port: int = 0
    on_head: Callable[[Handled], None] = nothing
    on_body: Callable[[Handled], None] = nothing
    on_end: Callable[[Handled], None] = echo
    handled: list[Handled] = field(default_factory=list)
    failures: list[BaseException | None] = field(default_factory=list)

    def accept(self, request: Request, responder: Responder) -> Handler:
        handled = Handled(self, request, responder)
        self.handled.append(handled)
        self.on_head(handled)
        return handled


@asynccontextmanager
async def serving(
    *,
    on_head: Callable[[Handled], None] = nothing,
    on_body: Callable[[Handled], None] = nothing,
    on_end: Callable[[Handled], None] = echo,
    limits: ServerLimits | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Site]:
    """A server on loopback. At the end nothing of it may be left."""
    loop = asyncio.get_running_loop()
    site: Site
    server = Server(lambda request, responder: site.accept(request, responder), loop=loop, limits=limits)
    site = Site(server, on_head=on_head, on_body=on_body, on_end=on_end)
    loop.set_exception_handler(lambda _, context: site.failures.append(context.get("exception")))
    listener = await loop.create_server(server.protocol, "127.0.0.1", 0, ssl=tls)
    site.port = listener.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        listener.close()
        await listener.wait_closed()
        await server.drain(0)
        assert server.connections == 0
        assert server.active_requests == 0


@dataclass
class Answer:
    """A parsed answer. `body` is without chunked framing."""

    status: int
    headers: list[Header]
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        return next((value for known, value in self.headers if known == name), None)


class Client:
    """A raw connection to a server under test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def drip(self, data: bytes) -> None:
        """Sends byte by byte, each in a packet of its own as far as we can help it."""
        for at in range(len(data)):
            self.writer.write(data[at : at + 1])
            await asyncio.sleep(0)

    async def answer(self, method: bytes = b"GET") -> Answer:
        """The next answer."""
        async with asyncio.timeout(DEADLINE):
            head = await self.reader.readuntil(b"\r\n\r\n")
            first, *lines = head[:-4].split(b"\r\n")
            pairs = [line.partition(b": ") for line in lines]
            headers = [(name.lower(), value) for name, _, value in pairs]
            answer = Answer(int(first.split(b" ")[1]), headers, b"")
            length = answer.header(b"content-length")
            if method == b"HEAD" or answer.status in (204, 304) or answer.status < 200:
                return answer
            if length is not None:
                answer.body = await self.reader.readexactly(int(length))
            elif answer.header(b"transfer-encoding") == b"chunked":
                answer.body = await self._chunks()
            else:
                answer.body = await self.reader.read()
            return answer

    async def _chunks(self) -> bytes:
        body = b""
        while size := int((await self.reader.readuntil(b"\r\n"))[:-2], 16):
            body += await self.reader.readexactly(size)
            assert await self.reader.readexactly(2) == b"\r\n"
        assert await self.reader.readexactly(2) == b"\r\n"
        return body

    async def rest(self) -> bytes:
        """Everything until the server closes; a reset counts as closing."""
        data = b""
        async with asyncio.timeout(DEADLINE):
            try:
                while piece := await self.reader.read(65536):
                    data += piece
            except ConnectionResetError:
                pass
        return data

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await self.writer.wait_closed()


@asynccontextmanager
async def connected(site: Site, *, tls: ssl.SSLContext | None = None, limit: int = 2**16) -> AsyncIterator[Client]:
    """A raw client of `site`."""
    hostname = "localhost" if tls is not None else None
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", site.port, ssl=tls, server_hostname=hostname, limit=limit
    )
    client = Client(reader, writer)
    try:
        yield client
    finally:
        await client.close()


# -- a real pool, raw servers ----------------------------------------------------------------------------------------

Script = Callable[["Peer"], Awaitable[None]]


class Peer:
    """The server's end of one connection of a pool's. What it sends to a pool that has gone is lost."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """The next request, whole; its framing is left as it came."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        lower = head.lower()
        if b"\r\ntransfer-encoding: chunked" in lower:
            return head + await self.reader.readuntil(b"0\r\n\r\n")
        _, found, rest = lower.partition(b"\r\ncontent-length: ")
        length = int(rest.partition(b"\r\n")[0]) if found else 0
        return head + await self.reader.readexactly(length)

    def send(self, data: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(data)

    def reset(self) -> None:
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Returns when the pool has closed its end."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass


@dataclass
class Provider:
    """A raw server and the connections it got."""

    port: int = 0
    peers: list[Peer] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)


@asynccontextmanager
async def provider(
    script: Script, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, path: str | None = None
) -> AsyncIterator[Provider]:
    """A server that does with each connection what `script` says, and closes it."""
    made = Provider()

    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        peer = Peer(reader, writer)
        made.peers.append(peer)
        try:
            await script(peer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        except Exception as error:  # noqa: BLE001 - told at the end
            made.errors.append(error)
        finally:
            writer.close()
            tasks.discard(task)

    if path is not None:
        listener = await asyncio.start_unix_server(serve, path)
    else:
        listener = await asyncio.start_server(serve, host, 0, ssl=tls)
        made.port = listener.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await until(lambda: not tasks, "the end of the peers' tasks")
        assert not made.errors


class Got:
    """A receiver that keeps what it was told."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: list[Header] = []
        self.length: int | None = None
        self._body = bytearray()
        self.heads = 0
        self.completes = 0
        self.errors: list[ExchangeError] = []
        self.pauses = 0
        self.resumes = 0
        self.then: Callable[[], None] | None = None
        self.on_piece: Callable[[bytes], None] | None = None

    @property
    def body(self) -> bytes:
        return bytes(self._body)

    def on_response(self, status: int, headers: list[Header], length: int | None) -> None:
        self.heads += 1
        self.status, self.headers, self.length = status, headers, length

    def on_data(self, data: bytes) -> None:
        self._body += data
        if self.on_piece is not None:
            self.on_piece(data)

    def on_complete(self) -> None:
        self.completes += 1
        if self.then is not None:
            self.then()

    def on_error(self, error: ExchangeError) -> None:
        self.errors.append(error)

    def pause_writing(self) -> None:
        self.pauses += 1

    def resume_writing(self) -> None:
        self.resumes += 1

    async def end(self) -> Got:
        """Returns when the call has ended in either way."""
        await until(lambda: self.completes or self.errors, "the end of the call")
        assert self.completes + len(self.errors) == 1
        return self

    async def error(self) -> ExchangeError:
        await self.end()
        assert self.errors, f"no error, but {self.status} {self.body!r}"
        return self.errors[0]


@asynccontextmanager
async def pooled(
    origin: Origin | Provider,
    options: PoolOptions | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    proxy: Proxy | None = None,
) -> AsyncIterator[Pool]:
    """A pool to a raw server. At the end nothing of it may be left."""
    if isinstance(origin, Provider):
        origin = Origin("http", "127.0.0.1", origin.port)
    pool = Pool(origin, options or PoolOptions(), loop=asyncio.get_running_loop(), tls=tls, proxy=proxy)
    try:
        yield pool
    finally:
        pool.retire()
        await until(lambda: pool.active == 0, "the end of the pool's connections")
        assert pool.idle == pool.waiting == 0
        assert not pool._connecting


def get(pool: Pool, target: bytes = b"/", *, method: bytes = b"GET", timeouts: Timeouts | None = None) -> Got:
    """Sends a request without a body."""
    got, _ = call(pool, target, method=method, timeouts=timeouts)
    return got


def call(
    pool: Pool,
    target: bytes = b"/",
    *,
    method: bytes = b"GET",
    body: bytes | None = b"",
    length: int | None = None,
    timeouts: Timeouts | None = None,
) -> tuple[Got, Call]:
    """Sends a request; what comes of it, and the call."""
    got = Got()
    made = pool.send(got, method, target, b"", body, body_length=length, timeouts=timeouts or Timeouts())
    return got, made
