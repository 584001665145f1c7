"""How answers leave: framed so that the client knows where they end, never faster than it takes them."""

from __future__ import annotations

import asyncio
import socket

import pytest
from tests.wire.peers import Handled, Site, connected, nothing, serving, until

from control_layer.wire import ServerLimits

GET = b"GET / HTTP/1.1\r\nHost: example\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: example\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
LONG = b"POST / HTTP/1.1\r\nHost: example\r\nContent-Length: 200000\r\n\r\n"
SHORT = b"POST / HTTP/1.1\r\nHost: example\r\nContent-Length: 1000\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: example\r\nTransfer-Encoding: chunked\r\n\r\n"
WEBSOCKET = b"GET /ws HTTP/1.1\r\nHost: example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


async def test_chunks_what_has_no_length() -> None:
    pieces = [b"a" * 10, b"b" * 8192, b"c" * 100_000]

    def answer(handled: Handled) -> None:
        handled.responder.start(200, [(b"content-type", b"text/plain")], None)
        for piece in pieces:
            handled.responder.write(piece)
        handled.responder.write(b"")
        handled.responder.end(b"last")

    async with serving(on_end=answer) as site, connected(site) as client:
        client.send(GET * 2)
        for _ in range(2):
            got = await client.answer()
            assert got.header(b"content-type") == b"text/plain"
            assert got.body == b"".join(pieces) + b"last"


async def test_counts_what_has_a_length() -> None:
    def answer(handled: Handled) -> None:
        handled.responder.start(200, [], 6)
        handled.responder.write(b"abc")
        handled.responder.end(b"def")

    async with serving(on_end=answer) as site, connected(site) as client:
        client.send(GET * 2)
        for _ in range(2):
            got = await client.answer()
            assert (got.header(b"content-length"), got.body) == (b"6", b"abcdef")


@pytest.mark.parametrize("sent", [b"abc", b"abcdefg"], ids=["less", "more"])
async def test_breaks_off_an_answer_of_another_length_than_announced(sent: bytes) -> None:
    def answer(handled: Handled) -> None:
        handled.responder.start(200, [], 6)
        handled.responder.write(sent)
        handled.responder.end()

    async with serving(on_end=answer) as site, connected(site) as client:
        client.send(GET * 2)
        data = await client.rest()
        assert data.count(b"HTTP/1.1") <= 1
        assert len(data.partition(b"\r\n\r\n")[2]) < 6


async def test_closes_behind_a_stream_for_an_http_1_0_client() -> None:
    def answer(handled: Handled) -> None:
        handled.responder.start(200, [], None)
        handled.responder.write(b"abc")
        handled.responder.end(b"def")

    async with serving(on_end=answer) as site, connected(site) as client:
        client.send(OLD)
        got = await client.answer()
        assert got.body == b"abcdef"
        assert got.header(b"transfer-encoding") is None
        assert got.header(b"connection") == b"close"


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("streamed", [False, True])
async def test_says_no_length_where_there_is_no_content(status: int, streamed: bool) -> None:
    def answer(handled: Handled) -> None:
        if streamed:
            handled.responder.start(status, [], 3)
            handled.responder.write(b"abc")
            handled.responder.end(b"d")
        else:
            handled.responder.respond(status, [], b"abc")

    async with serving(on_end=answer) as site, connected(site) as client:
        client.send(GET * 2)
        for _ in range(2):
            got = await client.answer()
            assert got.status == status
            assert got.header(b"content-length") is None
            assert got.header(b"transfer-encoding") is None


async def test_streams_only_the_head_to_a_head_request() -> None:
    def answer(handled: Handled) -> None:
        handled.responder.start(200, [], 6)
        handled.responder.write(b"abc")
        handled.responder.end(b"def")

    async with serving(on_end=answer) as site, connected(site) as client:
        client.send(HEAD * 2)
        for _ in range(2):
            assert (await client.answer(b"HEAD")).header(b"content-length") == b"6"


async def test_gives_unregistered_statuses_an_empty_phrase_and_all_answers_a_date() -> None:
    async with (
        serving(on_end=lambda handled: handled.responder.respond(499, [], b"")) as site,
        connected(site) as client,
    ):
        client.send(GET)
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 499 \r\ndate: ")


async def test_reads_a_short_rest_of_a_request_answered_early_and_keeps_the_connection() -> None:
    async with (
        serving(on_head=lambda handled: handled.responder.respond(401, [], b"no")) as site,
        connected(site) as client,
    ):
        for _ in range(2):
            client.send(SHORT)
            assert (await client.answer()).header(b"connection") is None
            client.send(b"x" * 1000)
        assert [(handled.ends, handled.body) for handled in site.handled] == [(0, b"")] * 2


@pytest.mark.parametrize("head", [LONG, CHUNKED])
async def test_ends_the_connection_rather_than_read_a_long_rest(head: bytes) -> None:
    async with (
        serving(on_head=lambda handled: handled.responder.respond(413, [], b"too long")) as site,
        connected(site) as client,
    ):
        client.send(head + b"1000\r\n" + b"x" * 4000)
        got = await client.answer()
        assert (got.status, got.body, got.header(b"connection")) == (413, b"too long", b"close")
        client.send(b"x" * 100_000)
        client.writer.write_eof()
        assert await client.rest() == b""


async def test_lets_a_client_read_the_refusal_while_it_still_sends() -> None:
    async with (
        serving(on_head=lambda handled: handled.responder.respond(413, [], b"too long")) as site,
        connected(site) as client,
    ):
        client.send(b"POST / HTTP/1.1\r\nHost: example\r\nContent-Length: 20000000\r\n\r\n")
        for _ in range(300):
            client.send(b"x" * 65536)
        assert (await client.answer()).status == 413


async def test_an_early_answer_may_stream_while_the_body_comes() -> None:
    def echo_piece(handled: Handled) -> None:
        if not handled.responder.started:
            handled.responder.start(200, [], None)
        handled.responder.write(b"%d " % handled.pieces)

    async with (
        serving(on_body=echo_piece, on_end=lambda handled: handled.responder.end()) as site,
        connected(site) as client,
    ):
        client.send(SHORT + b"x" * 500)
        await client.reader.readuntil(b"1 \r\n")
        client.send(b"x" * 500)
        assert await client.reader.readuntil(b"0\r\n\r\n") == b"2\r\n2 \r\n0\r\n\r\n"
        assert len(site.handled[0].body) == 1000


async def test_a_slow_reader_pauses_the_handler_and_the_buffer_stays_bounded() -> None:
    async with serving(on_end=nothing) as site:
        reader, writer = await _slow_connection(site)
        writer.write(GET)
        await until(lambda: site.handled and site.handled[0].ends)
        handled = site.handled[0]
        handled.responder.start(200, [], None)
        written = 0
        while not handled.pauses:
            handled.responder.write(b"x" * 16384)
            written += 16384
            await asyncio.sleep(0)
            assert written < 64 * 1024 * 1024, "the handler was never paused"
        connection = next(iter(site.server._connections))
        assert connection._transport is not None
        assert connection._transport.get_write_buffer_size() < 2 * ServerLimits().write_high_water
        reading = asyncio.create_task(reader.read(-1))
        await until(lambda: handled.resumes)
        handled.responder.end()
        writer.write_eof()
        assert (await reading).count(b"x") == written
        assert handled.pauses == handled.resumes
        writer.close()


async def test_begins_no_further_request_while_the_client_takes_no_answer() -> None:
    big = b"x" * 8 * 1024 * 1024

    async with serving(on_end=lambda handled: handled.responder.respond(200, [], big)) as site:
        reader, writer = await _slow_connection(site)
        writer.write(GET * 3)
        await until(lambda: site.handled)
        connection = next(iter(site.server._connections))
        assert connection._write_paused
        assert len(site.handled) == 1
        async with asyncio.timeout(20):
            for _ in range(3):
                await reader.readuntil(b"\r\n\r\n")
                assert await reader.readexactly(len(big)) == big
        assert len(site.handled) == 3
        writer.close()


async def test_a_handler_that_takes_no_body_stops_the_client() -> None:
    async with serving(on_head=lambda handled: handled.responder.pause_body()) as site, connected(site) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: example\r\nContent-Length: 50000000\r\n\r\n")
        await until(lambda: site.handled)
        handled = site.handled[0]
        for _ in range(50):
            client.send(b"x" * 1_000_000)
        before = len(handled.body)
        assert before < 1_000_000
        handled.responder.resume_body()
        await until(lambda: handled.ends)
        assert len(handled.body) == 50_000_000
        assert (await client.answer()).status == 200


async def test_a_finished_answer_cannot_stop_the_next_request() -> None:
    async with serving() as site, connected(site) as client:
        client.send(GET)
        await client.answer()
        site.handled[0].responder.pause_body()
        site.handled[0].responder.respond(200, [], b"again")
        site.handled[0].responder.start(200, [], None)
        site.handled[0].responder.write(b"again")
        site.handled[0].responder.send_continue()
        site.handled[0].responder.abort()
        client.send(SHORT + b"x" * 1000)
        assert len((await client.answer()).body) == 1000 + len(b"POST / ")


async def test_switches_protocols_both_ways_until_one_side_ends() -> None:
    async with serving(on_end=nothing, on_body=lambda handled: _echo_raw(handled)) as site, connected(site) as client:
        client.send(WEBSOCKET + b"early")
        await until(lambda: site.handled and site.handled[0].ends)
        handled = site.handled[0]
        assert handled.request.upgrade
        assert handled.body == b""
        handled.responder.upgrade(101, [(b"connection", b"upgrade"), (b"upgrade", b"websocket")])
        assert (await client.answer()).status == 101
        assert await client.reader.readexactly(5) == b"early"
        client.send(b"\x00\xffGET / HTTP/1.1\r\n\r\n")
        assert await client.reader.readexactly(20) == b"\x00\xffGET / HTTP/1.1\r\n\r\n"
        handled.responder.end(b"bye")
        assert await client.rest() == b"bye"
        assert handled.disconnects == 0


async def test_a_session_ends_with_its_client() -> None:
    def switch(handled: Handled) -> None:
        handled.responder.upgrade(101, [])

    async with serving(on_end=switch) as site, connected(site) as client:
        client.send(WEBSOCKET)
        assert (await client.answer()).status == 101
        await client.close()
        await until(lambda: site.handled[0].disconnects)
        await until(lambda: not site.server.connections)
        assert site.handled[0].disconnects == 1


async def test_a_refused_switch_ends_the_connection() -> None:
    async with (
        serving(on_end=lambda handled: handled.responder.respond(403, [], b"no")) as site,
        connected(site) as client,
    ):
        client.send(WEBSOCKET + b"early")
        assert (await client.answer()).header(b"connection") == b"close"
        client.writer.write_eof()
        assert await client.rest() == b""


async def test_holds_no_endless_session_before_the_switch() -> None:
    async with serving(on_end=nothing) as site, connected(site) as client:
        client.send(WEBSOCKET)
        await until(lambda: site.handled)
        client.send(b"x" * 200_000)
        assert await client.rest() == b""
        assert site.handled[0].disconnects == 1


def _echo_raw(handled: Handled) -> None:
    handled.responder.write(handled.taken())


async def _slow_connection(site: Site) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", site.port))
    return await asyncio.open_connection(sock=sock, limit=1024)
