"""What a server makes of good requests: one after the other, cut anywhere, with and without bodies."""

from __future__ import annotations

import pytest
from tests.wire.peers import Handled, connected, nothing, serving, until

from control_layer.wire import ServerLimits

GET = b"GET /a?b=c HTTP/1.1\r\nHost: example\r\nX-Empty:\r\nX-Padded: \t v \t\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: example\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /c HTTP/1.1\r\nHost: example\r\nTransfer-Encoding: Chunked\r\n\r\n"
    b'3;name=value;other="quo;ted"\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Trailer: late\r\nHost: evil\r\n\r\n'
)
HEAD = b"HEAD /h HTTP/1.1\r\nHost: example\r\n\r\n"
OLD = b"GET /old HTTP/1.0\r\n\r\n"
OLD_KEPT = b"GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: example\r\nConnection: close\r\n\r\n"
EXPECTING = b"POST /e HTTP/1.1\r\nHost: example\r\nContent-Length: 5\r\nExpect: 100-Continue \r\n\r\n"
H2C = (
    b"POST /up HTTP/1.1\r\nHost: example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
)


@pytest.mark.parametrize("drip", [False, True])
@pytest.mark.parametrize(
    ("request_", "body"),
    [(GET, b"GET /a?b=c "), (POST, b"POST /p hello"), (CHUNKED, b"POST /c abc0123456789")],
    ids=["get", "post", "chunked"],
)
async def test_keeps_the_connection_for_request_after_request(request_: bytes, body: bytes, drip: bool) -> None:
    async with serving() as site, connected(site) as client:
        for _ in range(3):
            await client.drip(request_) if drip else client.send(request_)
            assert (await client.answer()).body == body
        assert [handled.ends for handled in site.handled] == [1, 1, 1]
        assert site.server.connections == 1


async def test_gives_fields_in_lower_case_without_padding() -> None:
    async with serving() as site, connected(site) as client:
        client.send(GET)
        await client.answer()
        request = site.handled[0].request
        assert request.headers == [(b"host", b"example"), (b"x-empty", b""), (b"x-padded", b"v")]
        assert (request.path, request.query, request.peer) == (b"/a", b"b=c", "127.0.0.1")
        assert not request.has_body
        assert request.content_length is None


async def test_trailers_do_not_change_the_head() -> None:
    async with serving() as site, connected(site) as client:
        client.send(CHUNKED)
        await client.answer()
        headers = site.handled[0].request.headers
        assert headers == [(b"host", b"example"), (b"transfer-encoding", b"Chunked")]


async def test_answers_pipelined_requests_in_order() -> None:
    async with serving(on_end=nothing) as site, connected(site) as client:
        client.send(POST + GET + CHUNKED + HEAD + LAST)
        await until(lambda: site.handled and site.handled[0].ends)
        assert len(site.handled) == 1, "a waiting request must not begin"
        for number, method in enumerate([b"POST", b"GET", b"POST", b"HEAD", b"GET"]):
            await until(lambda number=number: len(site.handled) > number and site.handled[number].ends)  # type: ignore[misc]
            handled = site.handled[number]
            handled.responder.respond(200, [], b"%d " % number + handled.body)
            answer = await client.answer(method)
            if method != b"HEAD":
                assert answer.body == b"%d " % number + handled.body
        assert answer.header(b"connection") == b"close"
        assert await client.rest() == b""


async def test_answers_hundreds_of_requests_of_one_packet() -> None:
    async with serving() as site, connected(site) as client:
        client.send(GET * 500)
        for _ in range(500):
            assert (await client.answer()).status == 200


async def test_ends_a_pipeline_that_is_too_long_with_its_last_answer() -> None:
    async with serving(on_end=nothing, limits=ServerLimits(max_pipelined=3)) as site, connected(site) as client:
        client.send(GET * 10)
        for number in range(4):
            await until(lambda number=number: len(site.handled) > number)  # type: ignore[misc]
            site.handled[number].responder.respond(200, [], b"")
            answer = await client.answer()
            assert answer.header(b"connection") == (b"close" if number == 3 else None)
        assert await client.rest() == b""
        assert len(site.handled) == 4


async def test_reads_no_further_while_pipelined_requests_wait() -> None:
    async with serving(on_end=nothing) as site, connected(site) as client:
        client.send(GET * 2)
        await until(lambda: site.handled)
        connection = next(iter(site.server._connections))
        await until(lambda: connection._paused)
        client.send(POST)
        for number in range(3):
            await until(lambda number=number: len(site.handled) > number and site.handled[number].ends)  # type: ignore[misc]
            site.handled[number].responder.respond(200, [], b"")
            await client.answer()
        assert site.handled[2].body == b"hello"


async def test_goes_on_reading_a_body_whose_request_waited() -> None:
    async with serving(on_end=nothing) as site, connected(site) as client:
        client.send(GET + POST[:-3])
        await until(lambda: site.handled)
        site.handled[0].responder.respond(200, [], b"")
        await client.answer()
        client.send(POST[-3:])
        await until(lambda: len(site.handled) == 2 and site.handled[1].ends)
        assert site.handled[1].body == b"hello"


async def test_skips_empty_lines_between_requests() -> None:
    async with serving() as site, connected(site) as client:
        client.send(b"\r\n\r\n" + GET + b"\r\n" + POST + b"\r\n")
        assert (await client.answer()).status == 200
        assert (await client.answer()).body == b"POST /p hello"


async def test_sends_the_head_alone_to_a_head_request() -> None:
    async with serving() as site, connected(site) as client:
        client.send(HEAD)
        answer = await client.answer(b"HEAD")
        assert answer.header(b"content-length") == b"%d" % len(b"HEAD /h ")
        client.send(GET)
        assert (await client.answer()).body == b"GET /a?b=c "


async def test_closes_behind_an_http_1_0_request_unless_told_to_keep() -> None:
    async with serving() as site, connected(site) as client:
        client.send(OLD_KEPT)
        assert (await client.answer()).header(b"connection") == b"keep-alive"
        client.send(OLD)
        assert (await client.answer()).header(b"connection") == b"close"
        assert await client.rest() == b""


async def test_closes_behind_a_last_request_and_takes_nothing_after_it() -> None:
    async with serving() as site, connected(site) as client:
        client.send(LAST + b"\r\n" + GET)
        assert (await client.answer()).header(b"connection") == b"close"
        assert await client.rest() == b""
        assert len(site.handled) == 1


async def test_bytes_behind_a_last_request_do_not_cost_its_answer() -> None:
    async with serving(on_end=nothing) as site, connected(site) as client:
        client.send(LAST + b"garbage")
        await until(lambda: site.handled)
        client.send(b"more garbage")
        site.handled[0].responder.respond(200, [], b"whole")
        assert (await client.answer()).body == b"whole"
        assert await client.rest() == b""
        assert site.handled[0].disconnects == 0


async def test_asks_for_the_body_of_a_client_that_waits() -> None:
    async with serving(on_head=lambda handled: handled.responder.send_continue()) as site, connected(site) as client:
        client.send(EXPECTING)
        assert (await client.answer()).status == 100
        client.send(b"hello")
        assert (await client.answer()).body == b"POST /e hello"
        client.send(GET)
        assert (await client.answer()).status == 200


async def test_closes_when_it_refused_a_body_that_may_or_may_not_come() -> None:
    def refuse(handled: Handled) -> None:
        handled.responder.respond(401, [], b"no")

    async with serving(on_head=refuse) as site, connected(site) as client:
        client.send(EXPECTING)
        answer = await client.answer()
        assert (answer.status, answer.header(b"connection")) == (401, b"close")
        client.writer.write_eof()
        assert await client.rest() == b""


async def test_does_not_ask_http_1_0_clients_for_the_body() -> None:
    async with serving(on_head=lambda handled: handled.responder.send_continue()) as site, connected(site) as client:
        client.send(b"POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx")
        assert (await client.answer()).status == 200


@pytest.mark.parametrize(
    ("target", "seen"),
    [
        (b"http://other.example/x?y", b"/x?y"),
        (b"HTTPS://other.example", b"/"),
        (b"http://other.example?q=/", b"/?q=/"),
        (b"/http://other.example/", b"/http://other.example/"),
    ],
)
async def test_understands_targets_in_absolute_form(target: bytes, seen: bytes) -> None:
    async with serving() as site, connected(site) as client:
        client.send(b"GET %b HTTP/1.1\r\nHost: example\r\n\r\n" % target)
        assert (await client.answer()).body == b"GET %b " % seen


async def test_understands_the_asterisk_of_options() -> None:
    async with serving() as site, connected(site) as client:
        client.send(b"OPTIONS * HTTP/1.1\r\nHost: example\r\n\r\n")
        assert (await client.answer()).body == b"OPTIONS * "


@pytest.mark.parametrize("drip", [False, True])
async def test_reads_the_body_of_a_request_whose_upgrade_it_ignores(drip: bool) -> None:
    smuggled = GET.replace(b"/a", b"/smuggled")
    counted = H2C + b"Content-Length: %d\r\n\r\n" % len(smuggled) + smuggled
    chunked = H2C + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(smuggled), smuggled)
    bare = b"GET /bare HTTP/1.1\r\nHost: example\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    async with serving() as site, connected(site) as client:
        for request, target in [(counted, b"/up"), (chunked, b"/up"), (bare, b"/bare"), (GET, b"/a?b=c")] * 2:
            await client.drip(request) if drip else client.send(request)
            answer = await client.answer()
            assert answer.body.split(b" ")[1] == target
        client.send(counted + bare + chunked + bare + GET)
        for target in (b"/up", b"/bare", b"/up", b"/bare", b"/a?b=c"):
            assert (await client.answer()).body.split(b" ")[1] == target
        assert not any(handled.request.upgrade for handled in site.handled)


async def test_an_upgrade_that_closes_is_the_last_request() -> None:
    async with serving() as site, connected(site) as client:
        client.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nx"
        )
        client.send(GET)
        assert (await client.answer()).header(b"connection") == b"close"
        assert await client.rest() == b""
        assert len(site.handled) == 1
