"""A head that came before is not parsed again, and means what it would have meant if it were."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire.test_request_parser import MESSAGES, Recording, cut, fed

LINES = b"POST /a?b HTTP/1.1\r\nHost: a\r\nX-Some: thing\r\nContent-Length: %b\r\nAccept: */*\r\n\r\n%b"
SPACED = b"PUT / HTTP/1.1\r\nhost:a\r\ncontent-LENGTH: \t%b \r\n\r\n%b"
LAST = b"DELETE /x HTTP/1.1\r\nhost: a\r\ncontent-length: %b\r\n\r\n%b"


def message(form: bytes, body: bytes) -> bytes:
    return form % (b"%d" % len(body), body)


kept = st.builds(message, st.sampled_from([LINES, SPACED, LAST]), st.binary(max_size=40) | st.just(b"POST / HTTP/1.1"))
conversations = st.lists(kept | st.sampled_from(MESSAGES), min_size=2, max_size=12)


@given(conversations)
@settings(max_examples=300)
def test_requests_that_come_one_by_one_are_those_that_come_in_one_piece(messages: list[bytes]) -> None:
    assert fed(messages) == fed([b"".join(messages)])


@given(st.lists(kept, min_size=1, max_size=8), st.lists(st.integers(0, 3000), max_size=8))
@settings(max_examples=300)
def test_any_cut_behind_a_known_head_gives_the_same(messages: list[bytes], cuts: list[int]) -> None:
    data = b"".join(messages)
    assert fed([*messages, *cut(data, cuts)]) == fed([data + data])


@given(kept, st.binary(max_size=20), st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), max_size=3))
@settings(max_examples=500)
def test_a_head_that_differs_is_read_for_itself(first: bytes, after: bytes, changes: list[tuple[int, int]]) -> None:
    altered = bytearray(first)
    for at, value in changes:
        altered[at % len(altered)] = value
    second = bytes(altered) + after
    seen, refused = fed([first, second])
    expected, expected_refusal = fed([first + second])
    assert refused == expected_refusal
    assert seen == expected


@pytest.mark.parametrize(
    "length",
    [b"+4", b"-4", b"4, 4", b"0x4", b"", b" ", b"4 4", b"4\n", b"\xd9\xa4", b"4" * 19, b"4\r\nContent-Length: 9"],
)
def test_a_length_that_is_no_number_is_refused_behind_a_known_head_too(length: bytes) -> None:
    good = message(LINES, b"body")
    seen, refused = fed([good, good, LINES % (length, b"body")])
    assert refused == 400
    assert len(seen) == 2


def test_what_was_derived_from_a_head_is_there_for_the_next() -> None:
    recording = Recording()
    recording.parser.feed(message(LINES, b"one"))
    recording.requests[0][0].derived = marker = object()
    recording.parser.feed(message(LINES, b"another"))
    recording.parser.feed(message(LAST, b"one"))
    recording.parser.feed(message(LINES, b"one"))
    assert [request.derived for request, _, _ in recording.requests] == [marker, marker, None, None]
    assert [request.content_length for request, _, _ in recording.requests] == [3, 7, 3, 3]


def test_each_length_stands_in_its_own_request() -> None:
    recording = Recording()
    for body in (b"one", b"", b"twelve bytes"):
        recording.parser.feed(message(LINES, body))
    told = [dict(request.headers)[b"content-length"] for request, _, _ in recording.requests]
    assert told == [b"3", b"0", b"12"]
    assert [request.has_body for request, _, _ in recording.requests] == [True, False, True]
    assert recording.bodies == [b"one", b"", b"twelve bytes"]


def test_nothing_is_known_behind_the_last_request() -> None:
    good = message(LINES, b"body")
    closing = good.replace(b"Accept: */*", b"Connection: close")
    assert fed([good, closing, good]) == fed([good + closing + good])
