"""However a stream of events is cut, the same events come out of it, and not a byte is lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire.test_request_parser import cut

from control_layer.wire import EventStream, EventTooLarge, sse

ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
FIELDS = st.sampled_from(
    [b"data: x", b"data:x", b"data", b"data: ", b"event: e", b": comment", b"id: 1", b"other", b"data: \xe2\x82", b""]
)
LINES = st.tuples(FIELDS, ENDS).map(b"".join)
STREAMS = st.tuples(st.sampled_from([b"", b"\xef\xbb\xbf"]), st.lists(LINES, max_size=12).map(b"".join)).map(b"".join)
CUTS = st.lists(st.integers(0, 300), max_size=12)

Seen = list[tuple[bytes, bytes, bytes | None]]


def fed(pieces: list[bytes], limit: int = sse.MAX_EVENT_BYTES) -> tuple[Seen, bytes, bool]:
    """The events, what was left, and whether one was too large."""
    stream = EventStream(limit)
    seen: Seen = []
    for number, piece in enumerate(pieces):
        try:
            seen += [(event.raw, event.data, event.event) for event in stream.feed(piece)]
        except EventTooLarge:
            return seen, stream.flush() + b"".join(pieces[number + 1 :]), True
    return seen, stream.flush(), False


def interpreted(data: bytes) -> list[tuple[bytes, bytes | None]]:
    """The specification's algorithm over the whole stream, written down plainly, without events that say nothing."""
    lines = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")[:-1]
    events: list[tuple[bytes, bytes | None]] = []
    block: list[bytes] = []
    kind: bytes | None = None
    for line in lines:
        if not line:
            if any(block) or len(block) > 1 or kind is not None:
                events.append((b"\n".join(block), kind))
            block, kind = [], None
            continue
        name, _, value = line.partition(b":")
        if name == b"data":
            block.append(value.removeprefix(b" "))
        elif name == b"event":
            kind = value.removeprefix(b" ")
    return events


@given(STREAMS, CUTS)
@settings(max_examples=300)
def test_any_cut_gives_the_same_events_and_every_byte(data: bytes, cuts: list[int]) -> None:
    whole = fed([data])
    assert fed(cut(data, cuts)) == whole
    assert fed([data[at : at + 1] for at in range(len(data))]) == whole
    events, rest, _ = whole
    assert b"".join(raw for raw, _, _ in events) + rest == data


@given(STREAMS)
@settings(max_examples=200)
def test_events_are_those_of_the_specification(data: bytes) -> None:
    # A last byte makes clear that a CR before it was a line end of its own.
    events, _, _ = fed([data + b"\n\n:"])
    assert [(value, kind) for _, value, kind in events if value or kind is not None] == interpreted(data + b"\n\n")


@given(st.binary(max_size=200), CUTS)
def test_any_bytes_pass(data: bytes, cuts: list[int]) -> None:
    events, rest, _ = fed(cut(data, cuts))
    assert b"".join(raw for raw, _, _ in events) + rest == data


@given(st.lists(st.integers(0, 40), max_size=8), CUTS, ENDS)
def test_the_bound_holds_in_any_cut_and_no_byte_is_lost(sizes: list[int], cuts: list[int], end: bytes) -> None:
    data = b"".join(b"data: " + b"x" * size + end + end for size in sizes) + b"data: y"
    whole, pieces = fed([data, b"z"], 30), fed([*cut(data, cuts), b"z"], 30)
    assert whole[::2] == pieces[::2]
    for events, rest, _ in (whole, pieces):
        assert b"".join(raw for raw, _, _ in events) + rest == data + b"z"
        assert all(len(raw) <= 30 for raw, _, _ in events)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\r"])
def test_the_last_event_may_lack_its_blank_line(end: bytes) -> None:
    stream = EventStream()
    assert [event.data for event in stream.feed(b"data: one\n\ndata: two" + end)] == [b"one"]
    assert [event.data for event in stream.last()] == [b"two"]
    assert (stream.last(), stream.held) == ([], 0)


def test_an_event_of_the_bound_passes_and_one_more_byte_does_not() -> None:
    event = b"data: " + b"x" * 22 + b"\n\n"
    assert fed([event], 30)[0]
    assert fed([event], 29)[2]
    assert fed([event[:-1], event[-1:]], 29)[2]


@pytest.mark.parametrize(("end", "size"), [(b"\n", 1), (b"\n", 7), (b"\r\n", 3), (b"\r", 3)])
def test_work_grows_with_the_stream_and_not_with_its_square(
    end: bytes, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = 0
    search = sse._end_of_event

    def counting(data: bytes | bytearray, start: int, has_cr: bool) -> int:
        nonlocal looked_at
        found = search(data, start, has_cr)
        looked_at += (found if found >= 0 else len(data)) - start
        return found

    monkeypatch.setattr(sse, "_end_of_event", counting)
    line = b"data: 0123456789" + end
    data = line * (1024 * 1024 // len(line)) + end + b"data: next"
    stream = EventStream()
    events = [event for at in range(0, len(data), size) for event in stream.feed(data[at : at + size])]
    assert len(events) == 1
    assert looked_at < 6 * len(data)


def test_many_events_in_one_piece_are_each_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    look = sse._has_cr

    def counting(data: bytes | bytearray, start: int) -> bool:
        nonlocal looks
        looks += 1
        return look(data, start)

    monkeypatch.setattr(sse, "_has_cr", counting)
    assert len(EventStream().feed(b"data: x\n\n" * 30_000)) == 30_000
    assert looks == 1
