"""However a connection's bytes are cut, the same requests come out of them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire.test_server_refusals import REFUSED
from tests.wire.test_server_requests import CHUNKED, EXPECTING, GET, H2C, HEAD, OLD_KEPT, POST

from control_layer.wire.framing import Ambiguous
from control_layer.wire.limits import ServerLimits
from control_layer.wire.request import Request
from control_layer.wire.request_parser import RequestParser

SWITCHED = b"POST /s HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n"
MESSAGES = [
    GET,
    POST,
    CHUNKED,
    HEAD,
    OLD_KEPT,
    EXPECTING + b"hello",
    H2C + b"Content-Length: 4\r\n\r\nbody",
    H2C + b"\r\n",
    SWITCHED + b"4\r\nGET \r\n0\r\n\r\n",
    b"\r\n" + GET,
]
CUTS = st.lists(st.integers(0, 3000), max_size=30)

Seen = tuple[bytes, bytes, tuple[tuple[bytes, bytes], ...], bool, bool, bytes, bool]


class Recording:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.requests: list[tuple[Request, bool, bool]] = []
        self.bodies: list[bytes] = []
        self.ended: list[bool] = []
        self.raw = b""
        self.parser = RequestParser(self, ServerLimits(), "peer")

    def on_request(self, request: Request, *, keeps_alive: bool, expects_continue: bool) -> None:
        self.requests.append((request, keeps_alive, expects_continue))
        self.bodies.append(b"")
        self.ended.append(False)

    def on_body(self, data: bytes) -> None:
        self.parser.silent = 0
        self.bodies[-1] += data

    def on_end(self) -> None:
        self.ended[-1] = True

    def on_raw(self, data: bytes) -> None:
        self.raw += data

    def seen(self) -> list[Seen]:
        return [
            (request.method, request.target, tuple(request.headers), keeps, expects, body, ended)
            for (request, keeps, expects), body, ended in zip(self.requests, self.bodies, self.ended, strict=True)
        ]


def fed(pieces: list[bytes]) -> tuple[list[Seen], int | None]:
    """What was seen, and the status it was refused with."""
    recording = Recording()
    try:
        for piece in pieces:
            recording.parser.feed(piece)
    except Ambiguous as refusal:
        return recording.seen(), refusal.status
    return recording.seen(), None


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` in pieces, cut at the given offsets."""
    edges = [0, *sorted(at % (len(data) + 1) for at in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@given(st.lists(st.sampled_from(MESSAGES), min_size=1, max_size=6), CUTS)
@settings(max_examples=300)
def test_any_cut_gives_the_same_requests(messages: list[bytes], cuts: list[int]) -> None:
    data = b"".join(messages)
    whole, refused = fed([data])
    assert refused is None
    assert len(whole) == len(messages)
    assert all(ended for *_, ended in whole)
    assert fed(cut(data, cuts)) == (whole, None)


@given(st.lists(st.sampled_from(MESSAGES), max_size=3), st.sampled_from(sorted(REFUSED)), CUTS)
@settings(max_examples=300)
def test_any_cut_refuses_the_same(messages: list[bytes], name: str, cuts: list[int]) -> None:
    bad, status = REFUSED[name]
    data = b"".join(messages) + bad
    whole, refused = fed([data])
    pieces, refused_in_pieces = fed(cut(data, cuts))
    assert refused == refused_in_pieces == status
    assert [entry[:3] for entry in pieces] == [entry[:3] for entry in whole]


@given(st.binary(max_size=400), CUTS)
def test_no_bytes_raise_anything_but_a_refusal(data: bytes, cuts: list[int]) -> None:
    fed(cut(data, cuts))


@given(st.sampled_from(MESSAGES), st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), max_size=3), CUTS)
def test_altered_requests_give_the_same_in_any_cut(
    message: bytes, changes: list[tuple[int, int]], cuts: list[int]
) -> None:
    altered = bytearray(message)
    for at, value in changes:
        altered[at % len(altered)] = value
    data = bytes(altered) + GET
    whole, refused = fed([data])
    pieces, refused_in_pieces = fed(cut(data, cuts))
    assert (refused is None) == (refused_in_pieces is None)
    assert [entry[:3] for entry in pieces] == [entry[:3] for entry in whole]


@given(st.binary(max_size=60), CUTS)
def test_what_follows_a_websocket_request_is_raw(after: bytes, cuts: list[int]) -> None:
    request = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n"
    recording = Recording()
    first, *others = cut(after, cuts)
    recording.parser.feed(request + first)
    for piece in others:
        recording.on_raw(piece)
    assert recording.requests[0][0].upgrade
    assert recording.ended == [True]
    assert recording.raw == after
