"""Frames come out whole and in order however the stream is cut."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.frames import MAX_FRAME_BYTES, FrameReader, FrameTooLarge, frame


@given(st.lists(st.binary(max_size=40), max_size=8), st.lists(st.integers(0, 400), max_size=10))
def test_any_cut_gives_the_same_frames(payloads: list[bytes], cuts: list[int]) -> None:
    data = b"".join(map(frame, payloads))
    edges = [0, *sorted(at % (len(data) + 1) for at in cuts), len(data)]
    reader = FrameReader()
    assert [payload for start, end in pairwise(edges) for payload in reader.feed(data[start:end])] == payloads


@given(st.binary(min_size=1, max_size=40), st.integers(1, 43))
def test_an_incomplete_frame_gives_nothing(payload: bytes, missing: int) -> None:
    assert FrameReader().feed(frame(payload)[: -min(missing, len(payload) + 4)]) == []


def test_a_frame_is_a_little_endian_length_and_its_payload() -> None:
    assert frame(b"abc") == b"\x03\x00\x00\x00abc"


def test_refuses_an_announced_frame_that_is_too_large_before_it_comes() -> None:
    with pytest.raises(FrameTooLarge):
        FrameReader().feed(struct.pack("<I", MAX_FRAME_BYTES + 1))


def test_makes_no_frame_that_the_other_side_would_refuse() -> None:
    with pytest.raises(FrameTooLarge):
        frame(bytes(MAX_FRAME_BYTES + 1))
