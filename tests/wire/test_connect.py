"""Making connections: TLS that trusts whom it should, names resolved anew, dead addresses passed over, proxies."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
import trustme
from tests.wire.peers import Got, Peer, connected, get, pooled, provider, serving, until

from control_layer.wire import (
    ConnectFailed,
    ConnectTimeout,
    Origin,
    PoolOptions,
    Proxy,
    ServerLimits,
    Timeouts,
    client_context,
    server_context,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def serve_all(peer: Peer) -> None:
    while True:
        await peer.request()
        peer.send(OK)


def server_side(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    return client_context(ca_text=authority.cert_pem.bytes().decode())


# -- TLS to servers --------------------------------------------------------------------------------------------------


async def test_trusts_an_extra_authority_given_as_text_or_file(authority: trustme.CA, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    tls = server_side(authority.issue_cert("localhost"))
    for context in (
        client_context(ca_text=authority.cert_pem.bytes().decode()),
        client_context(ca_file=str(bundle)),
    ):
        async with (
            provider(serve_all, tls=tls) as server,
            pooled(Origin("https", "localhost", server.port), tls=context) as pool,
        ):
            for _ in range(2):
                assert (await get(pool).end()).body == b"ok"
            assert len(server.peers) == 1


@pytest.mark.parametrize("kind", ["another host", "an unknown authority", "expired", "address only"])
async def test_refuses_a_certificate_it_should_not_trust(
    kind: str, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    issuer = trustme.CA() if kind == "an unknown authority" else authority
    name = {"another host": "other.example", "address only": "127.0.0.1"}.get(kind, "localhost")
    expiry = dt.datetime(2020, 1, 1, tzinfo=dt.UTC) if kind == "expired" else None
    tls = server_side(issuer.issue_cert(name, not_after=expiry))
    origin_host = "localhost"
    async with provider(serve_all, tls=tls) as server:
        async with pooled(Origin("https", origin_host, server.port), tls=trusting) as pool:
            error = await get(pool).error()
            assert isinstance(error, ConnectFailed)
            assert "certificate of localhost is not trusted" in str(error)
        async with pooled(Origin("https", origin_host, server.port), tls=client_context(verify=False)) as pool:
            assert (await get(pool).end()).body == b"ok"


async def test_refuses_a_server_that_speaks_no_tls() -> None:
    async def plain(peer: Peer) -> None:
        await peer.reader.read(10)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with (
        provider(plain) as server,
        pooled(Origin("https", "127.0.0.1", server.port), tls=client_context(verify=False)) as pool,
    ):
        assert isinstance(await get(pool).error(), ConnectFailed)


async def test_a_handshake_that_never_ends_is_given_up() -> None:
    async def silent(peer: Peer) -> None:
        await peer.gone()

    async with provider(silent) as server:
        origin = Origin("https", "127.0.0.1", server.port)
        async with pooled(origin, tls=client_context(verify=False)) as pool:
            error = await get(pool, timeouts=Timeouts(connect=0.2)).error()
            assert isinstance(error, ConnectTimeout)
            await until(lambda: not pool._connecting)


async def test_big_bodies_pass_both_ways_over_tls(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    size = 5_000_000

    async def big(peer: Peer) -> None:
        request = await peer.request()
        assert request.endswith(b"y" * 1000)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        await peer.gone()

    async with (
        provider(big, tls=server_side(authority.issue_cert("localhost"))) as server,
        pooled(Origin("https", "localhost", server.port), tls=trusting) as pool,
    ):
        got = Got()
        made = pool.send(got, b"POST", b"/", b"", b"y" * size)
        got.on_piece = lambda _: (made.pause(), made.resume())  # type: ignore[func-returns-value, assignment]
        assert len((await got.end()).body) == size


# -- TLS for clients -------------------------------------------------------------------------------------------------


async def test_serves_tls(authority: trustme.CA, trusting: ssl.SSLContext, tmp_path: Path) -> None:
    leaf = authority.issue_cert("localhost")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(str(key))
    tls = server_context(str(certificate), str(key))
    limits = ServerLimits(linger_timeout=0.2)
    async with serving(tls=tls, limits=limits) as site, connected(site, tls=trusting) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
        assert len((await client.answer()).body) == 100_000 + len(b"POST / ")
        client.send(b"garbage\r\n\r\n" + b"x" * 100_000)
        assert (await client.answer()).status == 400
        assert await client.rest() == b""
    with pytest.raises(OSError):
        server_context(str(certificate), str(tmp_path / "none.pem"))
    with pytest.raises(OSError):
        client_context(ca_text="no certificate")


# -- names and addresses ---------------------------------------------------------------------------------------------


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: Sequence[tuple[str, int]]) -> list[str]:
    """Makes each look-up of a `.example` name give the next of `answers`, the last for ever; returns the names."""
    asked: list[str] = []
    kind = type(asyncio.get_running_loop())
    look_up = kind.getaddrinfo

    async def getaddrinfo(
        loop: asyncio.AbstractEventLoop, host: str, port: int, **options: int
    ) -> Sequence[tuple[object, ...]]:
        if not host.endswith(".example"):
            return await look_up(loop, host, port, **options)
        asked.append(host)
        chosen = answers[min(len(asked), len(answers)) - 1]
        if not chosen:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for address in chosen]

    monkeypatch.setattr(kind, "getaddrinfo", getaddrinfo)
    return asked


def deaf_address() -> tuple[socket.socket, tuple[str, int]]:
    """An address that neither answers nor refuses: a listener whose queue is full."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    return listener, listener.getsockname()


async def test_passes_over_a_dead_first_address(monkeypatch: pytest.MonkeyPatch) -> None:
    async with provider(serve_all) as server:
        listener, address = deaf_address()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        try:
            resolving(monkeypatch, [address, ("127.0.0.1", server.port)])
            async with pooled(Origin("http", "two.example", server.port)) as pool:
                assert (await get(pool).end()).body == b"ok"
        finally:
            for sock in (listener, *fillers):
                sock.close()


async def test_passes_over_a_refusing_first_address(monkeypatch: pytest.MonkeyPatch) -> None:
    async with provider(serve_all) as server:
        resolving(monkeypatch, [("127.0.0.1", 1), ("127.0.0.1", server.port)])
        async with pooled(Origin("http", "two.example", server.port)) as pool:
            assert (await get(pool).end()).body == b"ok"


async def test_resolves_the_name_anew_for_each_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    async with provider(serve_all) as old, provider(serve_all) as new:
        asked = resolving(monkeypatch, [("127.0.0.1", old.port)], [("127.0.0.1", new.port)])
        async with pooled(Origin("http", "moving.example", 80), PoolOptions(max_idle=0)) as pool:
            for _ in range(2):
                await get(pool).end()
        assert asked == ["moving.example"] * 2
        assert (len(old.peers), len(new.peers)) == (1, 1)


async def test_says_what_could_not_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pooled(Origin("http", "127.0.0.1", 1)) as pool:
        assert "127.0.0.1" in str(await get(pool).error())
    resolving(monkeypatch, [])
    async with pooled(Origin("http", "none.example", 80)) as pool:
        assert str(await get(pool).error()).startswith("the name none.example cannot be resolved")


@pytest.mark.parametrize("host", ["a" * 64 + ".example", ".example"])
async def test_an_impossible_name_is_an_error_like_any_other(host: str) -> None:
    async with pooled(Origin("https", host, 443), tls=client_context()) as pool:
        assert isinstance(await get(pool, timeouts=Timeouts(connect=5)).error(), (ConnectFailed, ConnectTimeout))


async def test_a_connection_closed_at_once_fails_or_resets_its_call() -> None:
    async def rude(peer: Peer) -> None:
        peer.reset()

    async with provider(rude) as server, pooled(server) as pool:
        for got in [get(pool) for _ in range(20)]:
            await got.error()


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        (Origin("http", "a.example", 80), b"a.example"),
        (Origin("https", "a.example", 443), b"a.example"),
        (Origin("https", "a.example", 80), b"a.example:80"),
        (Origin("http", "::1", 8080), b"[::1]:8080"),
        (Origin("https", "b\u00fccher.example", 443), b"xn--bcher-kva.example"),
        (Origin.unix("/run/s"), b"localhost"),
    ],
)
def test_authorities_leave_the_usual_port_out(origin: Origin, authority: bytes) -> None:
    assert origin.authority == authority


# -- proxies ---------------------------------------------------------------------------------------------------------


async def tunnel(peer: Peer, port: int) -> None:
    """A proxy's side of CONNECT, then bytes both ways."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    peer.send(b"HTTP/1.1 200 Connection established\r\nX-Proxy: y\r\n\r\n")

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)

    up = asyncio.create_task(pump(peer.reader, writer))
    down = asyncio.create_task(pump(reader, peer.writer))
    try:
        await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
    finally:
        up.cancel()
        down.cancel()
        await asyncio.gather(up, down, return_exceptions=True)
        writer.close()


async def test_tunnels_tls_through_a_proxy_with_credentials(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    asked: list[bytes] = []

    async def proxying(peer: Peer) -> None:
        asked.append(await peer.request())
        await tunnel(peer, server.port)

    async with (
        provider(serve_all, tls=server_side(authority.issue_cert("api.example"))) as server,
        provider(proxying) as through,
    ):
        authorization = b"Basic " + base64.b64encode(b"user:secret")
        proxy = Proxy("127.0.0.1", through.port, authorization)
        async with pooled(Origin("https", "api.example", 8443), tls=trusting, proxy=proxy) as pool:
            for _ in range(2):
                assert (await get(pool).end()).body == b"ok"
        assert asked == [
            b"CONNECT api.example:8443 HTTP/1.1\r\nhost: api.example:8443\r\n"
            b"proxy-authorization: " + authorization + b"\r\n\r\n"
        ]
        assert b"secret" not in repr(proxy).encode()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 Proxy Authentication Required"),
        (b"", "closed the connection"),
        (b"nonsense\r\n\r\n", "refused a tunnel"),
        (b"x" * 20_000, "closed the connection"),
    ],
)
async def test_says_how_a_proxy_refused(answer: bytes, says: str) -> None:
    async def refusing(peer: Peer) -> None:
        await peer.request()
        peer.send(answer)
        await peer.writer.drain()

    async with provider(refusing) as through:
        proxy = Proxy("127.0.0.1", through.port, b"Basic c2VjcmV0")
        async with pooled(Origin("https", "api.example", 443), tls=client_context(), proxy=proxy) as pool:
            error = await get(pool).error()
            assert isinstance(error, ConnectFailed)
            assert says in str(error)
            assert "c2VjcmV0" not in str(error)


async def test_a_proxy_that_never_answers_is_given_up() -> None:
    async def silent(peer: Peer) -> None:
        await peer.gone()

    async with provider(silent) as through:
        proxy = Proxy("127.0.0.1", through.port)
        async with pooled(Origin("https", "api.example", 443), tls=client_context(), proxy=proxy) as pool:
            assert isinstance(await get(pool, timeouts=Timeouts(connect=0.2)).error(), ConnectTimeout)
            await until(lambda: not pool._connecting)
