"""How connections end: in time, with the handler told exactly once, and with nothing left."""

from __future__ import annotations

import asyncio

import pytest
from tests.wire.peers import Handled, connected, nothing, serving, until

from control_layer.wire import ServerLimits

GET = b"GET / HTTP/1.1\r\nHost: example\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: example\r\nContent-Length: 5\r\n\r\n"
QUICK = ServerLimits(head_timeout=0.1, body_timeout=0.1, keep_alive_timeout=0.1, write_timeout=0.1, linger_timeout=0.1)


# -- deadlines -------------------------------------------------------------------------------------------------------


async def test_a_slow_head_gets_408() -> None:
    async with serving(limits=QUICK) as site, connected(site) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: exa")
        assert (await client.answer()).status == 408
        assert await client.rest() == b""
        assert not site.handled


async def test_a_slow_second_head_gets_408() -> None:
    async with serving(limits=QUICK) as site, connected(site) as client:
        client.send(GET + b"G")
        assert (await client.answer()).status == 200
        assert (await client.answer()).status == 408
        assert await client.rest() == b""


async def test_a_slow_body_gets_408_and_its_handler_is_told() -> None:
    async with serving(limits=QUICK) as site, connected(site) as client:
        client.send(POST + b"he")
        assert (await client.answer()).status == 408
        assert await client.rest() == b""
        assert (site.handled[0].disconnects, site.handled[0].ends) == (1, 0)


async def test_a_slow_body_cuts_an_answer_off() -> None:
    async with (
        serving(limits=QUICK, on_body=lambda handled: handled.responder.start(200, [], None)) as site,
        connected(site) as client,
    ):
        client.send(POST + b"he")
        assert (await client.rest()).endswith(b"\r\n\r\n")
        assert site.handled[0].disconnects == 1


async def test_the_rest_of_an_answered_request_is_not_waited_for() -> None:
    async with (
        serving(limits=QUICK, on_body=lambda handled: handled.responder.respond(200, [], b"early")) as site,
        connected(site) as client,
    ):
        client.send(POST + b"he")
        assert (await client.answer()).body == b"early"
        assert await client.rest() == b""
        assert site.handled[0].disconnects == 0


@pytest.mark.parametrize("first", [b"", GET, b"\r\n\r\n"])
async def test_an_idle_connection_closes_silently(first: bytes) -> None:
    async with serving(limits=QUICK) as site, connected(site) as client:
        client.send(first)
        if first == GET:
            await client.answer()
        assert await client.rest() == b""


async def test_a_request_that_is_whole_has_no_deadline_here() -> None:
    async with serving(limits=QUICK, on_end=nothing) as site, connected(site) as client:
        client.send(GET)
        await until(lambda: site.handled and site.handled[0].ends)
        connection = next(iter(site.server._connections))
        assert connection.deadline == float("inf")


async def test_a_body_that_we_hold_up_has_no_deadline() -> None:
    async with (
        serving(limits=QUICK, on_head=lambda handled: handled.responder.pause_body()) as site,
        connected(site) as client,
    ):
        client.send(POST)
        await until(lambda: site.handled)
        connection = next(iter(site.server._connections))
        assert connection.deadline == float("inf")
        site.handled[0].responder.resume_body()
        assert connection.deadline < float("inf")


async def test_a_client_that_takes_nothing_is_given_up() -> None:
    async with serving(limits=QUICK, on_end=nothing) as site, connected(site, limit=1024) as client:
        client.send(GET)
        await until(lambda: site.handled and site.handled[0].ends)
        site.handled[0].responder.start(200, [], None)
        for _ in range(200):
            site.handled[0].responder.write(b"x" * 65536)
        await until(lambda: not site.server.connections)
        assert (site.handled[0].pauses, site.handled[0].disconnects) == (1, 1)


async def test_a_client_that_takes_little_at_a_time_is_not_given_up() -> None:
    size = 12 * 1024 * 1024
    limits = ServerLimits(write_timeout=0.3, keep_alive_timeout=0.3)
    async with (
        serving(limits=limits, on_end=lambda handled: handled.responder.respond(200, [], b"x" * size)) as site,
        connected(site, limit=1024) as client,
    ):
        client.send(GET)
        await client.reader.readuntil(b"\r\n\r\n")
        connection = next(iter(site.server._connections))
        extended = 0
        left, deadline = size, connection.deadline
        while left:
            left -= len(await client.reader.read(65536))
            if connection.deadline != deadline:
                extended, deadline = extended + 1, connection.deadline
            await asyncio.sleep(0.01 if extended < 2 else 0)


@pytest.mark.parametrize("close", [b"Connection: close\r\n", b""])
async def test_an_answer_nobody_takes_does_not_keep_its_connection(close: bytes) -> None:
    async with (
        serving(limits=QUICK, on_end=lambda handled: handled.responder.respond(200, [], b"x" * 20_000_000)) as site,
        connected(site, limit=1024) as client,
    ):
        client.send(b"GET / HTTP/1.1\r\nHost: example\r\n" + close + b"\r\n")
        await until(lambda: site.handled)
        await until(lambda: not site.server.connections)


async def test_a_refused_client_that_stays_is_closed() -> None:
    async with serving(limits=QUICK) as site, connected(site) as client:
        client.send(b"garbage\r\n\r\n")
        assert (await client.answer()).status == 400
        await until(lambda: not site.server.connections)


# -- clients that leave ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("sent", [POST[:20], POST + b"he", POST + b"hello", POST + b"hello" + GET])
async def test_a_client_that_leaves_is_told_to_its_handler_once(sent: bytes, reset: bool) -> None:
    async with serving(on_end=nothing) as site, connected(site) as client:
        client.send(sent)
        if len(sent) > 20:
            await until(lambda: site.handled)
            await until(lambda: next(iter(site.server._connections))._receiving())
        if reset:
            client.writer.transport.abort()
        else:
            await client.close()
        if sent.endswith(GET):
            # It pipelined and is not read any more: it is noticed when it is answered.
            site.handled[0].responder.respond(200, [], b"")
        await until(lambda: not site.server.connections)
        assert all(handled.disconnects <= 1 for handled in site.handled)
        assert sum(handled.disconnects for handled in site.handled) == (1 if len(sent) > 20 else 0)


@pytest.mark.parametrize("length", [None, 1000])
async def test_a_client_that_leaves_in_the_middle_of_its_answer(length: int | None) -> None:
    async with (
        serving(on_end=lambda handled: handled.responder.start(200, [], length)) as site,
        connected(site) as client,
    ):
        client.send(GET)
        await client.reader.readuntil(b"\r\n\r\n")
        client.writer.transport.abort()
        await until(lambda: not site.server.connections)
        handled = site.handled[0]
        assert handled.disconnects == 1
        handled.responder.write(b"to nobody")
        handled.responder.end()
        handled.responder.abort()
        assert handled.disconnects == 1


async def test_an_answered_client_leaves_quietly() -> None:
    async with serving() as site:
        async with connected(site) as client:
            client.send(GET)
            await client.answer()
        await until(lambda: not site.server.connections)
        assert site.handled[0].disconnects == 0


# -- handlers that fail ----------------------------------------------------------------------------------------------


class Broken(Exception):
    """A bug of the application's."""


def fail(handled: Handled) -> None:
    raise Broken


@pytest.mark.parametrize("where", ["on_head", "on_body", "on_end"])
async def test_a_handler_that_fails_is_logged_and_answered_with_500(where: str) -> None:
    async with serving(**{where: fail}) as site, connected(site) as client:  # type: ignore[arg-type]
        client.send(POST + b"hello")
        assert (await client.answer()).status == 500
        client.writer.write_eof()
        assert await client.rest() == b""
        assert [type(error) for error in site.failures] == [Broken]
        assert site.handled[0].disconnects == (0 if where == "on_head" else 1)


async def test_a_handler_that_fails_in_the_middle_of_its_answer_breaks_it_off() -> None:
    def start_and_fail(handled: Handled) -> None:
        handled.responder.start(200, [], None)
        handled.responder.write(b"abc")
        raise Broken

    async with serving(on_end=start_and_fail) as site, connected(site) as client:
        client.send(GET)
        assert b"0\r\n\r\n" not in await client.rest()
        assert [type(error) for error in site.failures] == [Broken]


async def test_a_handler_that_fails_behind_its_answer_does_not_take_it_back() -> None:
    def answer_and_fail(handled: Handled) -> None:
        handled.responder.respond(200, [], b"whole")
        raise Broken

    async with serving(on_end=answer_and_fail) as site, connected(site) as client:
        client.send(GET)
        assert (await client.answer()).body == b"whole"
        assert await client.rest() == b""
        assert [type(error) for error in site.failures] == [Broken]


async def test_a_waiting_request_that_fails_does_not_disturb_the_one_before() -> None:
    def answer(handled: Handled) -> None:
        if handled.request.method == b"POST":
            raise Broken

    async with serving(on_end=answer) as site, connected(site) as client:
        client.send(GET + POST + b"hello" + GET)
        await until(lambda: site.handled)
        site.handled[0].responder.respond(200, [], b"whole")
        assert (await client.answer()).body == b"whole"
        assert (await client.answer()).status == 500
        client.writer.write_eof()
        assert await client.rest() == b""


async def test_a_handler_that_fails_to_hear_of_the_end_is_logged() -> None:
    def refuse_to_hear() -> None:
        raise Broken

    async with serving(limits=QUICK, on_end=nothing) as site:
        async with connected(site) as first, connected(site) as second:
            for client in (first, second):
                client.send(POST + b"he")
            await until(lambda: len(site.handled) == 2)
            for handled in site.handled:
                handled.on_disconnect = refuse_to_hear  # type: ignore[method-assign]
            assert (await first.answer()).status == (await second.answer()).status == 408
        assert [type(error) for error in site.failures] == [Broken, Broken]


# -- stopping --------------------------------------------------------------------------------------------------------


async def test_draining_closes_idle_connections_and_lets_busy_ones_finish() -> None:
    async with (
        serving(on_end=nothing) as site,
        connected(site) as idle,
        connected(site) as busy,
        connected(site) as starting,
    ):
        busy.send(GET)
        starting.send(GET[:10])
        await until(lambda: site.handled and site.handled[0].ends)
        await until(lambda: sum(known._parser.in_head for known in site.server._connections) == 1)
        draining = asyncio.create_task(site.server.drain(20))
        assert await idle.rest() == b""
        assert not draining.done()
        starting.send(GET[10:])
        await until(lambda: len(site.handled) == 2)
        for handled in site.handled:
            handled.responder.respond(200, [], b"whole")
        for client in (busy, starting):
            answer = await client.answer()
            assert (answer.body, answer.header(b"connection")) == (b"whole", b"close")
            assert await client.rest() == b""
        await draining


async def test_a_client_that_speaks_up_during_the_farewell_is_answered_and_told_to_close() -> None:
    async with serving() as site, connected(site) as kept, connected(site) as silent:
        kept.send(GET)
        assert (await kept.answer()).header(b"connection") is None
        draining = asyncio.create_task(site.server.drain(20, farewell_seconds=10))
        await asyncio.sleep(0)
        kept.send(GET)  # it could not know
        answer = await kept.answer()
        assert (answer.status, answer.header(b"connection")) == (200, b"close")
        assert await kept.rest() == b""
        silent.writer.close()
        await draining  # with the last connection, not with the time


async def test_draining_answers_what_was_pipelined() -> None:
    async with serving(on_end=nothing) as site, connected(site) as client:
        client.send(GET * 3)
        await until(lambda: site.handled)
        draining = asyncio.create_task(site.server.drain(20))
        await asyncio.sleep(0)
        for number in range(3):
            await until(lambda number=number: len(site.handled) > number)  # type: ignore[misc]
            site.handled[number].responder.respond(200, [], b"whole")
            assert (await client.answer()).header(b"connection") == (b"close" if number == 2 else None)
        assert await client.rest() == b""
        await draining


async def test_what_is_left_after_the_grace_is_cut_off_and_told() -> None:
    async with serving(on_end=nothing) as site, connected(site) as client:
        client.send(GET)
        await until(lambda: site.handled and site.handled[0].ends)
        await site.server.drain(0.05)
        assert site.handled[0].disconnects == 1
        assert site.server.connections == 0
        assert await client.rest() == b""


# -- nothing is left -------------------------------------------------------------------------------------------------


async def test_many_connections_with_every_kind_of_end_leave_nothing() -> None:
    def answer(handled: Handled) -> None:
        match len(site.handled) % 4:
            case 0:
                raise Broken
            case 1:
                handled.responder.respond(200, [], b"whole")
            case 2:
                handled.responder.start(200, [], None)
            case _:
                handled.responder.abort()

    before = asyncio.all_tasks()
    async with serving(on_end=answer, limits=QUICK) as site:

        async def visit(number: int) -> None:
            async with connected(site) as client:
                client.send([GET, POST + b"hello", POST + b"he", b"garbage\r\n\r\n", GET * 5, GET[:9]][number % 6])
                if number % 5 == 0:
                    client.writer.transport.abort()
                elif number % 5 == 1:
                    client.writer.write_eof()
                elif number % 6 not in (0, 1, 4):
                    await client.rest()

        for start in range(0, 300, 50):
            await asyncio.gather(*(visit(number) for number in range(start, start + 50)))
        await until(lambda: site.server.connections == 0, "the end of all connections")
        assert site.server.active_requests == 0
        assert all(handled.disconnects <= 1 for handled in site.handled)
        assert {type(error) for error in site.failures} == {Broken}
    assert asyncio.all_tasks() == before
