"""Length-prefixed frames, used on the snapshot link, in the persisted snapshot and on the supervision channel.

A frame is a little-endian u32 length and that many bytes.
"""

from __future__ import annotations

import struct

__all__ = ["MAX_FRAME_BYTES", "FrameReader", "FrameTooLarge", "frame"]

MAX_FRAME_BYTES = 64 * 1024 * 1024
"""Snapshots are sent in pieces of a few thousand rows (about 1 MB); 64 MB leaves room for huge single rows."""

_LENGTH = struct.Struct("<I")


class FrameTooLarge(Exception):
    """A frame announces more than `MAX_FRAME_BYTES`: the other side is not speaking this protocol."""


def frame(payload: bytes) -> bytes:
    """`payload` with its length in front."""
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameTooLarge(f"{len(payload)} bytes")
    return _LENGTH.pack(len(payload)) + payload


class FrameReader:
    """Cuts a byte stream into frames."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that `data` completes. Raises `FrameTooLarge`."""
        buffer = self._buffer
        buffer += data
        payloads: list[bytes] = []
        start = 0
        while len(buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, start)
            if length > MAX_FRAME_BYTES:
                raise FrameTooLarge(f"{length} bytes")
            end = start + _LENGTH.size + length
            if end > len(buffer):
                break
            payloads.append(bytes(buffer[start + _LENGTH.size : end]))
            start = end
        if start:
            del buffer[:start]
        return payloads
