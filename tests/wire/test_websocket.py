"""Messages are read out of a WebSocket server's bytes however they are cut, and whatever stands between them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from control_layer.wire import MessageReader, close_frame, text_frame

_TEXTS = st.text(max_size=200).map(str.encode) | st.integers(0, 70_000).map(lambda size: b"x" * size)


def frame(opcode: int, payload: bytes, *, final: bool = True, wide: int = 0) -> bytes:
    """`wide`: bytes of the length, at least."""
    size = len(payload)
    head = bytes((0x80 * final | opcode,))
    if size < 126 and not wide:
        return head + bytes((size,)) + payload
    if size < 65_536 and wide < 8:
        return head + b"\x7e" + size.to_bytes(2, "big") + payload
    return head + b"\x7f" + size.to_bytes(8, "big") + payload


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """What a server sends, and the texts in it."""
    sent, texts = b"", []
    for kind in draw(st.lists(st.sampled_from(("text", "parts", "binary", "ping")), max_size=5)):
        payload = draw(_TEXTS)
        if kind == "text":
            sent += frame(1, payload, wide=draw(st.sampled_from((0, 2, 8))))
            texts.append(payload)
        elif kind == "parts":
            cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=3)))
            parts = [payload[begin:end] for begin, end in pairwise([0, *cuts, len(payload)])]
            for number, part in enumerate(parts):
                sent += frame(0 if number else 1, part, final=number == len(parts) - 1)
                sent += frame(9, b"still there?") if draw(st.booleans()) else b""
            texts.append(payload)
        else:
            sent += frame({"binary": 2, "ping": 9}[kind], payload[: 125 if kind == "ping" else None])
    return sent, texts


@given(conversations(), st.lists(st.integers(0, 400_000), max_size=8))
def test_texts_come_whole_however_the_bytes_are_cut(conversation: tuple[bytes, list[bytes]], cuts: list[int]) -> None:
    sent, texts = conversation
    reader, found = MessageReader(), []
    for begin, end in pairwise(sorted({0, len(sent), *(cut % (len(sent) + 1) for cut in cuts)})):
        found += reader.feed(sent[begin:end])
    assert found == texts
    assert reader.between_frames
    assert not reader.lost


def test_a_message_that_is_too_long_is_passed_over() -> None:
    reader = MessageReader()
    long = b"x" * 700_000
    assert reader.feed(frame(1, long, final=False) + frame(0, long)) == []
    assert reader.feed(frame(1, b"next")) == [b"next"]


@given(st.sampled_from((0x10, 0x20, 0x40)), st.booleans())
@example(0, True)
def test_what_cannot_be_read_is_given_up(reserved: int, masked: bool) -> None:
    reader = MessageReader()
    assert reader.feed(bytes((0x81 | reserved, 0x80 * masked | 1))) == []
    assert reader.lost
    assert reader.feed(frame(1, b"later")) == []


def test_a_frame_of_our_own_is_put_between_others() -> None:
    reader = MessageReader()
    whole = frame(1, b"hello")
    for end in range(1, len(whole)):
        reader = MessageReader()
        reader.feed(whole[:end])
        assert not reader.between_frames
    assert close_frame(1008, "no") == b"\x88\x04\x03\xf0no"
    assert len(close_frame(1008, "x" * 500)) == 2 + 125
    close_frame(1008, "x" + "é" * 100)[4:].decode()


def test_a_message_of_our_own_is_put_between_others() -> None:
    reader = MessageReader()
    assert reader.between_messages
    pieces = (frame(1, b"one", final=False), frame(9, b"ping"), frame(0, b"message", final=False), frame(0, b"."))
    for piece, whole in zip(pieces, (False, False, False, True), strict=True):
        reader.feed(piece)
        assert (reader.between_frames, reader.between_messages) == (True, whole)
    assert MessageReader().feed(text_frame(b"x" * 125) + text_frame(b"y" * 126)) == [b"x" * 125, b"y" * 126]
