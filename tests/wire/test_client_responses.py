"""What a pool makes of responses: framed in every allowed way, refused in every other, timed, paused, cancelled."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.wire.peers import Got, Peer, Script, call, get, pooled, provider, until

from control_layer.wire import (
    BadResponse,
    Call,
    FirstByteTimeout,
    PoolOptions,
    ReadTimeout,
    ResetBeforeResponse,
    ResetDuringResponse,
    Timeouts,
    TotalTimeout,
)

HEAD = b"HTTP/1.1 200 OK\r\n"
OK = HEAD + b"Content-Length: 2\r\n\r\nok"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;x=y\r\no\r\n1\r\nk\r\n0\r\nX-Late: trailer\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"

WHOLE: dict[str, tuple[bytes, bool]] = {
    "counted": (OK, True),
    "chunked": (CHUNKED, True),
    "behind interim responses": (INTERIM + OK, True),
    "without a phrase": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", True),
    "of HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", False),
    "of HTTP/1.0, kept": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", True),
    "until the connection closes": (HEAD + b"\r\nok", False),
    "the last": (HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", False),
    "advertising an upgrade": (HEAD + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok", True),
}
"""Responses with the body `ok`, and whether their connection is kept."""

_DRIPPED_BELOW = 5000
"""Nothing is gained from sending byte by byte what is only long."""

REFUSED: dict[str, bytes] = {
    "both lengths": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "both lengths, the other way": HEAD
    + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
    "a list of lengths": HEAD + b"Content-Length: 2, 2\r\n\r\nok",
    "a signed length": HEAD + b"Content-Length: +2\r\n\r\nok",
    "an unknown coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "identity": HEAD + b"Transfer-Encoding: identity\r\n\r\nok",
    "chunked in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "a bad chunk size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n",
    "a folded field": HEAD + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    "a bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "a bare CR": HEAD + b"X: a\rContent-Length: 2\r\n\r\nok",
    "NUL in a value": HEAD + b"X: a\0b\r\nContent-Length: 2\r\n\r\nok",
    "a space before the colon": HEAD + b"Content-Length : 2\r\n\r\nok",
    "HTTP/2": b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "another protocol": b"SSH-2.0-OpenSSH_9.9\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "a switch nobody asked for": b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nok",
    "endless interim responses": b"HTTP/1.1 102 Processing\r\n\r\n" * 20 + OK,
    "a long head": HEAD + b"X: y\r\n" * 50_000,
    "a long chunk extension": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;" + b"x" * 600_000,
    "a long trailer": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * 600_000,
}

SENT = [
    (name, drip) for name, sent in REFUSED.items() for drip in (False, True) if not drip or len(sent) < _DRIPPED_BELOW
]


def answering(response: bytes, *, drip: bool = False, close: bool = False) -> Script:
    """Answers every request with `response`."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            if drip:
                for at in range(len(response)):
                    peer.send(response[at : at + 1])
                    await asyncio.sleep(0)
            else:
                peer.send(response)
            if close:
                await peer.writer.drain()
                return

    return script


@pytest.mark.parametrize("drip", [False, True])
@pytest.mark.parametrize("name", WHOLE)
async def test_takes_a_response(name: str, drip: bool) -> None:
    response, kept = WHOLE[name]
    async with provider(answering(response, drip=drip, close=not kept)) as server, pooled(server) as pool:
        for _ in range(3):
            got = await get(pool).end()
            assert (got.errors, got.status, got.heads, got.body) == ([], 200, 1, b"ok")
            assert not {b"x-late", b"link"} & {name for name, _ in got.headers}
            assert pool.idle == (1 if kept else 0)
        assert len(server.peers) == (1 if kept else 3)


@given(st.sampled_from(sorted(WHOLE)), st.lists(st.integers(0, 200), max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_takes_a_response_cut_anywhere(name: str, cuts: list[int]) -> None:
    response, _ = WHOLE[name]
    edges = sorted({at % len(response) for at in cuts} | {len(response)})

    async def script(peer: Peer) -> None:
        await peer.request()
        start = 0
        for end in edges:
            peer.send(response[start:end])
            await peer.writer.drain()
            await asyncio.sleep(0.001)
            start = end

    async with provider(script) as server, pooled(server) as pool:
        got = await get(pool).end()
        assert (got.errors, got.body) == ([], b"ok")


@pytest.mark.parametrize(("name", "drip"), SENT)
async def test_refuses_a_response(name: str, drip: bool) -> None:
    async with provider(answering(REFUSED[name], drip=drip)) as server, pooled(server) as pool:
        assert isinstance(await get(pool).error(), BadResponse)
        await until(lambda: pool.active == 0)
        assert pool.idle == 0


@pytest.mark.parametrize(
    "extra",
    [OK.replace(b"ok", b"no"), OK[:20], b"HTTP/1.1 100 Continue\r\n\r\n", b"garbage", b"x"],
    ids=["a response", "half a response", "an interim response", "garbage", "a byte"],
)
@pytest.mark.parametrize("head", [HEAD, HEAD + b"Connection: close\r\n"])
async def test_bytes_behind_a_response_never_become_the_next_calls(head: bytes, extra: bytes) -> None:
    response = head + b"Content-Length: 2\r\n\r\nok" + extra
    async with provider(answering(response)) as server, pooled(server, PoolOptions(max_connections=1)) as pool:
        first, second, third = get(pool), get(pool), Got()
        first.then = lambda: pool.send(third, b"GET", b"/", b"", b"")  # type: ignore[assignment]
        for got in (first, second, third):
            assert (await got.end()).body == b"ok"
        assert len(server.peers) == 3


@pytest.mark.parametrize("status", [204, 304])
async def test_takes_responses_that_have_no_body(status: int) -> None:
    response = b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status
    async with provider(answering(response)) as server, pooled(server) as pool:
        for _ in range(2):
            got = await get(pool).end()
            assert (got.errors, got.status, got.body) == ([], status, b"")
        assert len(server.peers) == 1


@pytest.mark.parametrize("framing", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b""])
async def test_a_response_to_head_ends_with_its_head(framing: bytes) -> None:
    async with provider(answering(HEAD + framing + b"\r\n")) as server, pooled(server) as pool:
        for _ in range(2):
            got = await get(pool, method=b"HEAD").end()
            assert (got.errors, got.status, got.body) == ([], 200, b"")


async def test_gives_the_length_where_the_head_tells_it() -> None:
    async with provider(answering(OK)) as server, pooled(server) as pool:
        assert (await get(pool).end()).length == 2
    async with provider(answering(CHUNKED)) as server, pooled(server) as pool:
        assert (await get(pool).end()).length is None


async def test_an_answer_that_comes_before_the_request_is_whole_ends_the_connection() -> None:
    async def hasty(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        peer.send(OK)
        await peer.gone()

    async with provider(hasty) as server, pooled(server) as pool:
        got, sending = call(pool, method=b"POST", body=None, length=10_000_000)
        sending.write(b"x" * 5_000_000)
        assert (await got.end()).body == b"ok"
        sending.write(b"x" * 5_000_000)
        sending.end()
        await until(lambda: pool.active == 0)
        assert pool.idle == 0


# -- connections that break ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", ResetBeforeResponse),
        (b"HTTP/1.1 200 OK\r\nCont", ResetBeforeResponse),
        (HEAD + b"Content-Length: 5\r\n\r\n", ResetDuringResponse),
        (HEAD + b"Content-Length: 5\r\n\r\nok", ResetDuringResponse),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", ResetDuringResponse),
    ],
    ids=["before", "in the head", "behind the head", "in the body", "before the last chunk"],
)
async def test_a_response_that_broke_off_is_never_whole(sent: bytes, error: type[Exception], reset: bool) -> None:
    async def breaking(peer: Peer) -> None:
        await peer.request()
        peer.send(sent)
        await peer.writer.drain()
        if reset:
            await until(lambda: got.heads or error is ResetBeforeResponse)
            peer.reset()

    async with provider(breaking) as server, pooled(server) as pool:
        got = get(pool)
        assert isinstance(await got.error(), error)
        assert got.completes == 0


async def test_a_reset_does_not_complete_a_body_that_lasts_until_the_close() -> None:
    async def breaking(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n")  # what is unread turns the close into a reset
        peer.send(HEAD + b"\r\nok")
        await until(lambda: got.body)
        peer.reset()

    async with provider(breaking) as server, pooled(server) as pool:
        got = Got()
        pool.send(got, b"POST", b"/", b"", b"x" * 3_000_000)
        assert isinstance(await got.error(), ResetDuringResponse)


# -- deadlines -------------------------------------------------------------------------------------------------------


async def test_a_response_that_does_not_begin_in_time() -> None:
    async with provider(answering(INTERIM)) as server, pooled(server) as pool:
        got = get(pool, timeouts=Timeouts(first_byte=0.1))
        assert isinstance(await got.error(), FirstByteTimeout)


async def test_a_response_that_does_not_go_on_in_time() -> None:
    async with provider(answering(HEAD + b"Content-Length: 5\r\n\r\nok")) as server, pooled(server) as pool:
        got = get(pool, timeouts=Timeouts(idle=0.1))
        assert isinstance(await got.error(), ReadTimeout)
        assert got.body == b"ok"


async def test_a_response_that_does_not_end_in_time() -> None:
    async def endless(peer: Peer) -> None:
        await peer.request()
        peer.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        while not peer.writer.is_closing():
            peer.send(b"1\r\nx\r\n")
            await asyncio.sleep(0.02)

    async with provider(endless) as server, pooled(server) as pool:
        got = get(pool, timeouts=Timeouts(idle=5, total=0.3))
        assert isinstance(await got.error(), TotalTimeout)


async def test_a_receiver_that_pauses_is_not_blamed_on_the_server() -> None:
    async with provider(answering(HEAD + b"Content-Length: 5\r\n\r\nok")) as server, pooled(server) as pool:
        got, paused = call(pool, timeouts=Timeouts(idle=0.1, total=30))
        await until(lambda: got.body)
        paused.pause()
        connection = paused.connection
        assert connection is not None
        assert connection.deadline > asyncio.get_running_loop().time() + 10
        paused.resume()
        assert isinstance(await got.error(), ReadTimeout)


# -- pausing and cancelling ------------------------------------------------------------------------------------------


async def test_pausing_stops_the_server() -> None:
    size = 64 * 1024 * 1024

    async def big(peer: Peer) -> None:
        await peer.request()
        peer.send(HEAD + b"Content-Length: %d\r\n\r\n" % size)
        for _ in range(size // 65536):
            peer.send(b"x" * 65536)
            await peer.writer.drain()
        await peer.gone()

    async with provider(big) as server, pooled(server) as pool:
        got, paused = call(pool)
        got.on_piece = lambda _: paused.pause()
        await until(lambda: got.body)
        await asyncio.sleep(0.1)
        held = len(got.body)
        assert held < size // 4
        got.on_piece = None
        paused.resume()
        assert len((await got.end()).body) == size


async def test_a_finished_call_cannot_stop_the_next_one() -> None:
    async with provider(answering(OK)) as server, pooled(server) as pool:
        first, done = call(pool)
        await first.end()
        second, _ = call(pool)
        done.pause()
        done.write(b"stray")
        done.cancel()
        assert (await second.end()).body == b"ok"
        assert len(server.peers) == 1


@pytest.mark.parametrize(
    "moment", ["before the connection", "before the head", "in on_response", "in on_data", "in the body"]
)
async def test_after_cancelling_nothing_is_called_and_the_server_sees_it(moment: str) -> None:
    gone = asyncio.Event()

    async def slow(peer: Peer) -> None:
        try:
            await peer.request()
            if moment != "before the head":
                peer.send(HEAD + b"Content-Length: 5\r\n\r\nok")
            await peer.gone()
        finally:
            gone.set()

    class Cancelling(Got):
        def on_response(self, status: int, headers: list[tuple[bytes, bytes]], length: int | None) -> None:
            super().on_response(status, headers, length)
            if moment == "in on_response":
                made.cancel()

    made: Call
    async with provider(slow) as server, pooled(server) as pool:
        got = Cancelling()
        if moment == "in on_data":
            got.on_piece = lambda _: made.cancel()
        made = pool.send(got, b"GET", b"/", b"", b"")
        if moment == "before the head":
            await until(lambda: made.connection is not None)
        elif moment == "in the body":
            await until(lambda: got.body)
        if not moment.startswith("in on_"):
            made.cancel()
            assert got.completes == len(got.errors) == 0
        if moment != "before the connection":
            await asyncio.wait_for(gone.wait(), 20)
        await until(lambda: pool.active == 0 and not pool._connecting)
        assert (got.completes, got.errors) == (0, [])
        assert got.body == (b"ok" if moment in ("in on_data", "in the body") else b"")
        assert pool.idle == 0


async def test_cancelling_at_any_moment_of_connecting_leaves_nothing() -> None:
    async with provider(answering(OK)) as server, pooled(server) as pool:
        for turns in range(30):
            _, made = call(pool)
            for _ in range(turns):
                await asyncio.sleep(0)
            made.cancel()
        await until(lambda: pool.active == 0 and not pool._connecting)


# -- receivers that fail, upgrades -----------------------------------------------------------------------------------


class Broken(Exception):
    """A bug of the application's."""


@pytest.mark.parametrize("where", ["on_response", "on_data", "on_complete"])
async def test_a_receiver_that_fails_hears_of_an_error_and_the_loop_logs_it(where: str) -> None:
    logged: list[BaseException | None] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: logged.append(context.get("exception")))

    class Failing(Got):
        def on_response(self, status: int, headers: list[tuple[bytes, bytes]], length: int | None) -> None:
            if where == "on_response":
                raise Broken

        def on_data(self, data: bytes) -> None:
            if where == "on_data":
                raise Broken

        def on_complete(self) -> None:
            if where == "on_complete":
                raise Broken

    async with provider(answering(OK)) as server, pooled(server) as pool:
        got = Failing()
        pool.send(got, b"GET", b"/", b"", b"")
        await until(lambda: got.errors)
        await until(lambda: pool.active == pool.idle == 0)
        assert len(got.errors) == 1
        assert len(logged) == 1
        assert isinstance(logged[0], Broken) or isinstance(getattr(logged[0], "__context__", None), Broken)


async def test_an_upgraded_call_carries_raw_bytes_until_the_server_hangs_up() -> None:
    async def switching(peer: Peer) -> None:
        request = await peer.request()
        assert b"\r\nconnection: upgrade\r\nupgrade: websocket\r\n" in request
        peer.send(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nearly")
        peer.send(await peer.reader.readexactly(5))

    async with provider(switching) as server, pooled(server) as pool:
        got = Got()
        sending = pool.upgrade(got, b"GET", b"/ws", b"", protocol=b"websocket", timeouts=Timeouts(idle=0.1))
        await until(lambda: got.body == b"early")
        assert (got.status, got.heads) == (101, 1)
        sending.write(b"hello")
        assert (await got.end()).body == b"earlyhello"
        assert pool.idle == 0


async def test_an_upgrade_that_is_refused_is_an_ordinary_response() -> None:
    async with provider(answering(OK)) as server, pooled(server) as pool:
        got = Got()
        pool.upgrade(got, b"GET", b"/ws", b"", protocol=b"websocket")
        assert (await got.end()).body == b"ok"
        assert pool.idle == 1


@pytest.mark.parametrize("fields", [b"", b"Connection: upgrade\r\n", b"Upgrade: websocket\r\n"])
async def test_a_switch_without_its_fields_is_refused(fields: bytes) -> None:
    async with provider(answering(b"HTTP/1.1 101 Switching\r\n" + fields + b"\r\n")) as server, pooled(server) as pool:
        got = Got()
        pool.upgrade(got, b"GET", b"/ws", b"", protocol=b"websocket")
        assert isinstance(await got.error(), BadResponse)
        assert got.heads == 0
