"""What is no request, or could be read in two ways, is refused with a status, and its connection ends."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from tests.wire.peers import DEADLINE, connected, nothing, serving, until

from control_layer.wire import ServerLimits

HOST = b"Host: example\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST / HTTP/1.1\r\n" + HOST
TE = POST + b"Transfer-Encoding: chunked\r\n\r\n"

_DRIPPED_BELOW = 5000
"""Nothing is gained from sending byte by byte what is only long."""

REFUSED: dict[str, tuple[bytes, int]] = {
    "both lengths": (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "both lengths, the other way": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400),
    "the same length twice": (POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    "a list of lengths": (POST + b"Content-Length: 5, 5\r\n\r\nhello", 400),
    "a plus": (POST + b"Content-Length: +5\r\n\r\nhello", 400),
    "a minus": (POST + b"Content-Length: -5\r\n\r\nhello", 400),
    "a hexadecimal length": (POST + b"Content-Length: 0x5\r\n\r\nhello", 400),
    "a length with a space": (POST + b"Content-Length: 1 0\r\n\r\nhello", 400),
    "a huge length": (POST + b"Content-Length: 99999999999999999999\r\n\r\n", 400),
    "a length just too long": (POST + b"Content-Length: 1000000000000000000\r\n\r\n", 400),
    "no length": (POST + b"Content-Length:\r\n\r\n", 400),
    "a chunk size with a sign": (TE + b"+3\r\nabc\r\n0\r\n\r\n", 400),
    "a negative chunk size": (TE + b"-3\r\nabc\r\n0\r\n\r\n", 400),
    "a chunk size with 0x": (TE + b"0x3\r\nabc\r\n0\r\n\r\n", 400),
    "a chunk size with a space": (TE + b"3 \r\nabc\r\n0\r\n\r\n", 400),
    "an overflowing chunk size": (TE + b"10000000000000003\r\nabc\r\n0\r\n\r\n", 400),
    "an empty chunk size": (TE + b"\r\nabc\r\n0\r\n\r\n", 400),
    "a chunk longer than it says": (TE + b"3\r\nabcd\r\n0\r\n\r\n", 400),
    "a chunk size ended by LF": (TE + b"3\nabc\r\n0\r\n\r\n", 400),
    "a chunk ended by LF": (TE + b"3\r\nabc\n0\r\n\r\n", 400),
    "a length as trailer": (TE + b"0\r\nContent-Length: 5\r\n\r\n", 400),
    "a folded field": (GET + b"X: a\r\n b\r\n\r\n", 400),
    "a field folded by tab": (GET + b"X: a\r\n\tb\r\n\r\n", 400),
    "a folded first field": (b"GET / HTTP/1.1\r\n " + HOST + b"\r\n", 400),
    "a bare CR": (GET + b"X: a\rY: b\r\n\r\n", 400),
    "a bare LF behind the request line": (b"GET / HTTP/1.1\n" + HOST + b"\r\n", 400),
    "a bare LF behind a field": (b"GET / HTTP/1.1\r\nHost: example\nX: y\r\n\r\n", 400),
    "a bare LF as empty line": (GET + b"\n", 400),
    "NUL in a value": (GET + b"X: a\0b\r\n\r\n", 400),
    "a control character in a value": (GET + b"X: a\x01b\r\n\r\n", 400),
    "DEL in a value": (GET + b"X: a\x7fb\r\n\r\n", 400),
    "NUL in a name": (GET + b"X\0Y: a\r\n\r\n", 400),
    "a high byte in a name": (GET + b"X\xe4: a\r\n\r\n", 400),
    "a space before the colon": (GET + b"X : a\r\n\r\n", 400),
    "no name": (GET + b": a\r\n\r\n", 400),
    "no colon": (GET + b"X\r\n\r\n", 400),
    "two hosts": (GET + HOST + b"\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "chunked twice": (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked in two fields": (
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "an unknown coding": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    "identity": (POST + b"Transfer-Encoding: identity\r\n\r\n", 400),
    "gzip and chunked": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked and gzip": (POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    "chunked in HTTP/1.0": (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "an unknown expectation": (POST + b"Content-Length: 1\r\nExpect: fireworks\r\n\r\nx", 417),
    "authority form": (b"CONNECT example:443 HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "authority form of another method": (b"GET example:443 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "another scheme": (b"GET ftp://example/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "an asterisk for GET": (b"GET * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a fragment": (b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a space in the target": (b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a high byte in the target": (b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 400),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\n" + HOST + b"\r\n", 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "an unknown method": (b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a method in lower case": (b"get / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a long target": (b"GET /" + b"a" * 16384 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "a long field": (GET + b"X: " + b"a" * 65536 + b"\r\n\r\n", 431),
    "a long head of short fields": (GET + (b"X: " + b"a" * 1000 + b"\r\n") * 66 + b"\r\n", 431),
    "too many fields": (GET + b"X: y\r\n" * 128 + b"\r\n", 431),
    "long trailers": (TE + b"0\r\n" + (b"X: " + b"a" * 1000 + b"\r\n") * 66 + b"\r\n", 431),
}  # fmt: skip

SENT = [(name, False) for name in REFUSED]
SENT += [(name, True) for name, (sent, _) in REFUSED.items() if len(sent) < _DRIPPED_BELOW]


@pytest.mark.parametrize(("name", "drip"), SENT)
async def test_refuses(name: str, drip: bool) -> None:
    bad, status = REFUSED[name]
    async with serving() as site, connected(site) as client:
        await client.drip(bad) if drip else client.send(bad)
        answer = await client.answer()
        assert answer.status == status
        assert answer.header(b"connection") == b"close"
        assert answer.body
        client.writer.write_eof()
        assert await client.rest() == b""
        assert not any(handled.ends for handled in site.handled)
        assert all(handled.disconnects == 1 for handled in site.handled)
        assert not site.failures


async def test_refuses_behind_the_answers_that_are_owed() -> None:
    async with serving(on_end=nothing) as site, connected(site) as client:
        client.send(GET + b"\r\n" + GET + b"\r\n" + b"garbage\r\n\r\n")
        for number in range(2):
            await until(lambda number=number: len(site.handled) > number and site.handled[number].ends)  # type: ignore[misc]
            site.handled[number].responder.respond(200, [], b"fine")
            assert (await client.answer()).body == b"fine"
        assert (await client.answer()).status == 400
        client.writer.write_eof()
        assert await client.rest() == b""
        assert [handled.disconnects for handled in site.handled] == [0, 0]


async def test_forgets_a_waiting_request_that_broke_off() -> None:
    async with serving(on_end=nothing) as site, connected(site) as client:
        client.send(GET + b"\r\n" + TE + b"no\r\n")
        await until(lambda: site.handled and site.handled[0].ends)
        site.handled[0].responder.respond(200, [], b"fine")
        assert (await client.answer()).body == b"fine"
        assert (await client.answer()).status == 400
        assert len(site.handled) == 1


async def test_cuts_an_answer_off_whose_request_broke() -> None:
    def start(handled: object) -> None:
        site.handled[0].responder.start(200, [], None)

    async with serving(on_body=start) as site, connected(site) as client:
        client.send(TE + b"3\r\nabc\r\n")
        await client.reader.readuntil(b"\r\n\r\n")
        client.send(b"no\r\n")
        assert await client.rest() == b""
        assert site.handled[0].disconnects == 1


@pytest.mark.parametrize(
    ("sent", "more"),
    [
        (GET + b"X: ", b"a" * 1000),
        (GET + b"X", b"a" * 1000),
        (TE + b"3;", b"a" * 1000),
        (TE + b"0\r\nX: ", b"a" * 1000),
        (b"", b"\r\n" * 500),
    ],
    ids=["a value", "a name", "a chunk extension", "a trailer", "empty lines"],
)
async def test_holds_no_endless_piece(sent: bytes, more: bytes) -> None:
    async with serving(limits=ServerLimits(max_head_bytes=8192)) as site, connected(site) as client:
        client.send(sent)
        for _ in range(600):  # one read may bring 256 KB, which are looked at as a whole
            client.send(more)
            await client.writer.drain()
        assert (await client.answer()).status == 431


async def test_takes_a_head_of_nearly_the_limit_in_any_number_of_packets() -> None:
    request = GET + (b"X: " + b"a" * 995 + b"\r\n") * 64 + b"\r\n"
    async with serving() as site, connected(site) as client:
        for size in (len(request), 10_000, 1000):
            for at in range(0, len(request), size):
                client.send(request[at : at + size])
                await client.writer.drain()
            assert (await client.answer()).status == 200


async def test_reads_a_little_of_what_it_refused_so_that_the_refusal_arrives() -> None:
    async with serving() as site, connected(site) as client:
        client.send(POST + b"Content-Length: 1, 1\r\n\r\n")
        for _ in range(100):
            client.send(b"x" * 65536)
        answer = await client.answer()
        assert answer.status == 400


async def test_does_not_read_for_ever_what_it_refused() -> None:
    async with serving(limits=ServerLimits(max_discarded_bytes=100_000)) as site, connected(site) as client:
        client.send(POST + b"Content-Length: 1, 1\r\n\r\n")
        with suppress(ConnectionError):
            async with asyncio.timeout(DEADLINE):
                while True:
                    client.send(b"x" * 65536)
                    await client.writer.drain()
        assert site.server.connections == 0
