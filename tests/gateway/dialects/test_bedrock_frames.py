"""Amazon's event streams: read however they are cut, written by another hand, refused where they are damaged."""

from __future__ import annotations

import struct
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from control_layer.gateway.dialects.bedrock.frames import MAX_FRAME_BYTES, Frame, FrameStream
from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.simulator.bedrock.frames import event, exception

_words = st.text(min_size=1, max_size=20)
_said = st.tuples(st.sampled_from([event, exception]), _words, _words)
_frames = st.lists(_said.map(lambda said: said[0](said[1], {"delta": {"text": said[2]}})), max_size=6)


def told(frames: list[Frame]) -> list[tuple[str, str, bytes]]:
    return [(frame.kind, frame.name, frame.payload) for frame in frames]


@given(_frames, st.data())
def test_frames_are_the_same_however_they_are_cut(written: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(written)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    reader = FrameStream()
    found = [frame for piece in pieces for frame in reader.feed(piece)]
    assert told(found) == told(FrameStream().feed(stream))
    assert len(found) == len(written)


@given(_frames)
def test_they_are_read_as_amazons_own_library_reads_them(written: list[bytes]) -> None:
    library = EventStreamBuffer()
    library.add_data(b"".join(written))
    theirs = [(message.headers[":message-type"], message.payload) for message in library]
    assert [(kind, payload) for kind, _, payload in told(FrameStream().feed(b"".join(written)))] == theirs


@given(st.integers(0), st.integers(1, 255))
def test_a_damaged_frame_is_never_taken_for_a_whole_one(at: int, change: int) -> None:
    frame = bytearray(event("messageStop", {"stopReason": "end_turn"}))
    frame[at % len(frame)] ^= change
    reader = FrameStream()
    with pytest.raises(UnreadableAnswer):
        reader.feed(bytes(frame))


def _frame(headers: bytes, payload: bytes = b"{}") -> bytes:
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return message + struct.pack(">I", crc32(message))


def test_headers_of_every_type_are_passed_over() -> None:
    others = b"".join((
        b"\x01a\x00", b"\x01b\x01", b"\x01c\x02\x07", b"\x01d\x03\x00\x07", b"\x01e\x04" + b"\x00" * 4,
        b"\x01f\x05" + b"\x00" * 8, b"\x01g\x06\x00\x02\xff\xff", b"\x01h\x08" + b"\x00" * 8,
        b"\x01i\x09" + b"\x00" * 16,
    ))  # fmt: skip
    kind = b"\x0b:event-type\x07\x00\x0cmessageStart"
    assert told(FrameStream().feed(_frame(others + kind))) == [("event", "messageStart", b"{}")]


@pytest.mark.parametrize(
    "headers",
    [b"\x01", b"\x05ab", b"\x01a\x07\x00\x09ab", b"\x01a\x07\x00", b"\x01a\x0a\x00", b"\x01a\x07\x00\x01\xff"],
)
def test_headers_that_cannot_be_read(headers: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        FrameStream().feed(_frame(headers))


@pytest.mark.parametrize(("length", "of_headers"), [(15, 0), (16, 1), (MAX_FRAME_BYTES + 1, 0), (100, 2**31)])
def test_lengths_that_cannot_be(length: int, of_headers: int) -> None:
    prelude = struct.pack(">II", length, of_headers)
    with pytest.raises(UnreadableAnswer):
        FrameStream().feed(prelude + struct.pack(">I", crc32(prelude)))


def test_what_is_no_such_stream() -> None:
    with pytest.raises(UnreadableAnswer):
        FrameStream().feed(b'data: {"type":"message_start"}\n\n')
