"""A pool's connections: used again, capped, expired, let go; and how requests leave over them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.wire.peers import Got, Peer, call, get, pooled, provider, until

from control_layer.wire import (
    BadRequestBody,
    ConnectFailed,
    Origin,
    PoolExhausted,
    PoolOptions,
    Proxy,
    ResetBeforeResponse,
    Timeouts,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def serve_all(peer: Peer) -> None:
    """Answers every request."""
    while True:
        await peer.request()
        peer.send(OK)


async def echo(peer: Peer) -> None:
    """Answers every request with itself."""
    while True:
        request = await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(request), request))


# -- how a request looks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "body", "framing"),
    [
        (b"GET", b"", b""),
        (b"DELETE", b"", b""),
        (b"POST", b"", b"content-length: 0\r\n"),
        (b"POST", b"hello", b"content-length: 5\r\n"),
        (b"GET", b"hello", b"content-length: 5\r\n"),
    ],
)
async def test_sends_a_whole_request(method: bytes, body: bytes, framing: bytes) -> None:
    async with provider(echo) as server, pooled(server) as pool:
        got = Got()
        pool.send(got, method, b"/p?q", b"x-a: b\r\n", body)
        await got.end()
        host = b"host: 127.0.0.1:%d\r\n" % server.port
        assert got.body == b"%b /p?q HTTP/1.1\r\n%bx-a: b\r\n%b\r\n%b" % (method, host, framing, body)


async def test_keeps_a_host_that_the_lines_begin_with() -> None:
    async with provider(echo) as server, pooled(server) as pool:
        got = Got()
        pool.send(got, b"GET", b"/", b"Host: public.example\r\nx-a: b\r\n", b"")
        assert (await got.end()).body == b"GET / HTTP/1.1\r\nHost: public.example\r\nx-a: b\r\n\r\n"


async def test_streams_a_body_of_known_length() -> None:
    async with provider(echo) as server, pooled(server) as pool:
        got, sending = call(pool, method=b"POST", body=None, length=10)
        for _ in range(5):
            sending.write(b"ab")
        sending.write(b"")
        sending.end()
        assert (await got.end()).body.endswith(b"\r\ncontent-length: 10\r\n\r\n" + b"ab" * 5)
        assert pool.idle == 1


@pytest.mark.parametrize("body", [b"hello", b""])
async def test_a_held_request_leaves_when_it_is_let_go(body: bytes) -> None:
    async with provider(echo) as server, pooled(server) as pool:
        sent, held = Got(), Got()
        held_call = pool.hold(held, b"POST", body)
        assert (await get(pool).end()).status == 200  # and nobody waits for it
        pool.let_go(held_call, b"/p", b"x-a: b\r\n")
        pool.send(sent, b"POST", b"/p", b"x-a: b\r\n", body)
        assert (await held.end()).body == (await sent.end()).body


@pytest.mark.parametrize("length", [10, None])
async def test_what_streams_into_a_held_request_is_kept(length: int | None) -> None:
    async with provider(echo) as server, pooled(server) as pool:
        got = Got()
        held = pool.hold(got, b"POST", None, body_length=length)
        for _ in range(5):
            held.write(b"ab")
        held.end()
        assert got.pauses == 1
        pool.let_go(held, b"/", b"")
        assert (await got.end()).body.count(b"ab") == 5
        assert got.resumes == 1


async def test_a_held_request_may_be_given_up() -> None:
    async with provider(echo) as server, pooled(server) as pool:
        cancelled, failed = Got(), Got()
        one, other = pool.hold(cancelled, b"GET", b""), pool.hold(failed, b"GET", b"")
        one.cancel()
        other.fail(ConnectFailed("no token"))
        for each in (one, other):
            pool.let_go(each, b"/", b"")
            each.fail(ConnectFailed("again"))
        assert [str(error) for error in failed.errors] == ["no token"]
        assert (await get(pool).end()).status == 200
        assert (cancelled.heads, cancelled.errors, len(server.peers)) == (0, [], 1)


async def test_streams_a_body_of_unknown_length_in_chunks() -> None:
    async with provider(echo) as server, pooled(server) as pool:
        await get(pool).end()
        for kept in (True, False):
            if not kept:
                pool.retire()
            got, sending = call(pool, method=b"POST", body=None)
            sending.write(b"hello")
            sending.write(b"x" * 10)
            sending.end()
            await got.end()
            assert got.body.endswith(
                b"\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\na\r\nxxxxxxxxxx\r\n0\r\n\r\n"
            )


async def test_holds_a_body_back_until_there_is_a_connection() -> None:
    async with provider(echo) as server, pooled(server) as pool:
        got, sending = call(pool, method=b"POST", body=None, length=4)
        sending.write(b"ab")
        sending.write(b"cd")
        assert (got.pauses, got.resumes) == (1, 0)
        sending.end()
        assert (await got.end()).body.endswith(b"abcd")
        assert (got.pauses, got.resumes) == (1, 1)


@pytest.mark.parametrize("body", [b"abc", b"abcdefg"], ids=["shorter", "longer"])
async def test_a_body_of_another_length_than_announced_breaks_the_call(body: bytes) -> None:
    async def swallow(peer: Peer) -> None:
        await peer.gone()

    async with provider(swallow) as server, pooled(server) as pool:
        for connected in (False, True):
            got, sending = call(pool, method=b"POST", body=None, length=6)
            if connected:
                await until(lambda sending=sending: sending.connection is not None)  # type: ignore[misc]
            sending.write(body)
            sending.end()
            assert isinstance(await got.error(), BadRequestBody)
            sending.write(b"more")
            sending.end()
        await until(lambda: pool.active == 0)
        assert pool.idle == 0


async def test_a_slow_server_pauses_the_sender_and_the_buffer_stays_bounded() -> None:
    reading = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await reading.wait()
        while await peer.reader.read(65536):
            pass

    async with provider(slow) as server, pooled(server) as pool:
        got, sending = call(pool, method=b"POST", body=None)
        await until(lambda: sending.connection is not None)
        written = 0
        while not got.pauses:
            sending.write(b"x" * 65536)
            written += 65536
            await asyncio.sleep(0)
            assert written < 64 * 1024 * 1024, "the sender was never paused"
        reading.set()
        await until(lambda: got.resumes)
        sending.cancel()


# -- connections -----------------------------------------------------------------------------------------------------


async def test_uses_one_connection_for_calls_one_after_the_other() -> None:
    async with provider(serve_all) as server, pooled(server) as pool:
        for _ in range(5):
            assert (await get(pool).end()).body == b"ok"
        assert (len(server.peers), pool.idle, pool.active) == (1, 1, 0)


async def test_a_call_sent_from_on_complete_takes_the_same_connection() -> None:
    async with provider(serve_all) as server, pooled(server) as pool:
        first, second = Got(), Got()
        first.then = lambda: pool.send(second, b"GET", b"/", b"", b"")  # type: ignore[assignment]
        pool.send(first, b"GET", b"/", b"", b"")
        assert (await second.end()).body == b"ok"
        assert len(server.peers) == 1


async def test_a_call_behind_a_closed_idle_connection_is_sent_again() -> None:
    served = 0

    async def one_each(peer: Peer) -> None:
        nonlocal served
        await peer.request()
        served += 1
        peer.send(OK)
        if served == 1:
            await peer.request()  # swallows the second and closes without an answer

    async with provider(one_each) as server, pooled(server) as pool:
        await get(pool).end()
        got, _ = call(pool, method=b"POST", body=b"again")
        assert (await got.end()).body == b"ok"
        assert len(server.peers) == 2


async def test_a_call_is_sent_again_only_once_and_then_over_a_new_connection() -> None:
    async def first_only(peer: Peer) -> None:
        await peer.request()
        if len(server.peers) <= 2:
            peer.send(OK)
            await peer.request()

    async with provider(first_only) as server, pooled(server) as pool:
        one, two = get(pool), get(pool)
        await one.end()
        await two.end()
        assert pool.idle == 2
        assert isinstance(await get(pool).error(), ResetBeforeResponse)
        assert len(server.peers) == 3


async def test_a_call_over_a_new_connection_is_not_sent_again() -> None:
    async def reset(peer: Peer) -> None:
        await peer.request()
        peer.reset()

    async with provider(reset) as server, pooled(server) as pool:
        assert isinstance(await get(pool).error(), ResetBeforeResponse)
        assert len(server.peers) == 1


async def test_a_streamed_body_is_not_sent_again() -> None:
    async def one_each(peer: Peer) -> None:
        await peer.request()
        peer.send(OK)
        await peer.request()

    async with provider(one_each) as server, pooled(server) as pool:
        await get(pool).end()
        got, sending = call(pool, method=b"POST", body=None, length=5)
        sending.write(b"hello")
        sending.end()
        assert isinstance(await got.error(), ResetBeforeResponse)
        assert len(server.peers) == 1


async def test_a_connection_the_server_closed_is_not_kept() -> None:
    async def one(peer: Peer) -> None:
        await peer.request()
        peer.send(OK)

    async with provider(one) as server, pooled(server) as pool:
        await get(pool).end()
        await until(lambda: pool.idle == 0)
        assert (await get(pool).end()).body == b"ok"


async def test_a_connection_that_speaks_unasked_is_not_used() -> None:
    async def talkative(peer: Peer) -> None:
        await peer.request()
        peer.send(OK)
        await peer.writer.drain()
        await asyncio.sleep(0.05)
        peer.send(OK)
        await peer.gone()

    async with provider(talkative) as server, pooled(server) as pool:
        await get(pool).end()
        await until(lambda: pool.idle == 0)


async def test_opens_no_more_connections_than_the_cap_and_serves_the_queue_in_order() -> None:
    release = asyncio.Event()

    async def slow(peer: Peer) -> None:
        while True:
            request = await peer.request()
            await release.wait()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + request[5:7])

    order: list[bytes] = []
    async with provider(slow) as server, pooled(server, PoolOptions(max_connections=3)) as pool:
        gots = [Got() for _ in range(10)]
        for number, got in enumerate(gots):
            got.then = lambda got=got: order.append(got.body)
            pool.send(got, b"GET", b"/%02d" % number, b"", b"")
        await until(lambda: len(server.peers) == 3)
        assert (pool.active, pool.waiting) == (3, 7)
        release.set()
        for got in gots:
            await got.end()
        assert len(server.peers) == 3
        assert sorted(order) == [b"%02d" % number for number in range(10)]
        assert order[3:6] == sorted(order[3:6])


async def test_a_call_that_waits_too_long_for_a_connection_fails() -> None:
    async def silent(peer: Peer) -> None:
        await peer.gone()

    options = PoolOptions(max_connections=1, acquire_timeout=0.1)
    async with provider(silent) as server, pooled(server, options) as pool:
        _, first = call(pool)
        waiting = get(pool)
        assert isinstance(await waiting.error(), PoolExhausted)
        first.cancel()


async def test_a_waiting_call_takes_the_place_of_a_cancelled_or_failed_one() -> None:
    async def silent_then_ok(peer: Peer) -> None:
        request = await peer.request()
        if b"/fine" in request:
            peer.send(OK)
        await peer.gone()

    async with provider(silent_then_ok) as server, pooled(server, PoolOptions(max_connections=1)) as pool:
        for connected in (False, True):
            _, first = call(pool)
            waiting = get(pool, b"/fine")
            if connected:
                await until(lambda first=first: first.connection is not None)  # type: ignore[misc]
            first.cancel()
            assert (await waiting.end()).body == b"ok"
            await until(lambda: pool.waiting == 0)
            pool.retire()
            pool._retired = False

    async with pooled(Origin("http", "127.0.0.1", 1), PoolOptions(max_connections=1)) as pool:
        calls = [get(pool) for _ in range(3)]
        for got in calls:
            assert isinstance(await got.error(), ConnectFailed)


async def test_a_waiting_call_can_be_cancelled() -> None:
    async with provider(serve_all) as server, pooled(server, PoolOptions(max_connections=1)) as pool:
        first = get(pool)
        waited, waiting = call(pool)
        waiting.cancel()
        waiting.cancel()
        await first.end()
        assert (waited.heads, waited.completes, waited.errors, pool.waiting) == (0, 0, [], 0)


async def test_idle_connections_expire_the_oldest_first() -> None:
    async with provider(serve_all) as server, pooled(server, PoolOptions(idle_seconds=0.1)) as pool:
        gots = [get(pool) for _ in range(3)]
        for got in gots:
            await got.end()
        assert pool.idle == 3
        await until(lambda: pool.idle == pool.active == 0)


async def test_keeps_no_more_idle_connections_than_allowed() -> None:
    async with provider(serve_all) as server, pooled(server, PoolOptions(max_idle=1)) as pool:
        for got in [get(pool) for _ in range(4)]:
            await got.end()
        await until(lambda: pool.idle == 1 and pool.active == 0)


async def test_retiring_ends_idle_connections_and_lets_calls_finish() -> None:
    release = asyncio.Event()

    async def slow(peer: Peer) -> None:
        while True:
            request = await peer.request()
            if b"/slow" in request:
                await release.wait()
            peer.send(OK)

    async with provider(slow) as server, pooled(server) as pool:
        fast, slow_one = get(pool), get(pool, b"/slow")
        await fast.end()
        pool.retire()
        assert pool.idle == 0
        release.set()
        assert (await slow_one.end()).body == b"ok"
        await until(lambda: pool.active == 0)
        assert pool.idle == 0


async def test_reaches_a_server_on_a_unix_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    async with provider(echo, path=path), pooled(Origin.unix(path)) as pool:
        assert (await get(pool).end()).body == b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
    async with pooled(Origin.unix(str(tmp_path / "none"))) as pool:
        assert isinstance(await get(pool).error(), ConnectFailed)


async def test_sends_plain_requests_through_a_proxy_in_absolute_form() -> None:
    async with provider(echo) as server:
        proxy = Proxy("127.0.0.1", server.port, b"Basic dTpw")
        async with pooled(Origin("http", "api.example", 8080), proxy=proxy) as pool:
            got = await get(pool, b"/v1?x").end()
            assert got.body == (
                b"GET http://api.example:8080/v1?x HTTP/1.1\r\nhost: api.example:8080\r\n"
                b"proxy-authorization: Basic dTpw\r\n\r\n"
            )


# -- nothing is left -------------------------------------------------------------------------------------------------


async def test_calls_with_every_kind_of_end_leave_nothing() -> None:
    async def mixed(peer: Peer) -> None:
        while True:
            request = await peer.request()
            match int(request[5:8]) % 6:
                case 0:
                    peer.send(OK)
                case 1:
                    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf")
                    await peer.writer.drain()
                    peer.reset()
                    return
                case 2:
                    peer.send(b"nonsense\r\n\r\n")
                case 3:
                    return
                case 4:
                    peer.send(OK + OK)
                case _:
                    await peer.gone()

    before = asyncio.all_tasks()
    timeouts = Timeouts(first_byte=0.2, idle=0.2, total=1.0)
    async with provider(mixed) as server, pooled(server, PoolOptions(max_connections=20)) as pool:
        gots = []
        for number in range(200):
            got, made = call(pool, b"/%03d" % number, timeouts=timeouts)
            if number % 7 == 0:
                asyncio.get_running_loop().call_later(number % 5 / 100, made.cancel)
            else:
                gots.append(got)
        for got in gots:
            await got.end()
        await until(lambda: pool.active == pool.waiting == 0 and not pool._connecting)
    assert asyncio.all_tasks() == before
