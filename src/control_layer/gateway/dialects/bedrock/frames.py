"""Amazon's event streams, cut out of a byte stream as it comes.

https://smithy.io/2.0/aws/amazon-eventstream.html: each frame has a prelude (its length, that of its headers, a CRC of
both), headers, a payload, and a CRC of all that.
"""

from __future__ import annotations

import struct
from zlib import crc32

from control_layer.gateway.dialects.dialect import UnreadableAnswer

__all__ = ["Frame", "FrameStream"]

MAX_FRAME_BYTES = 8 * 1024 * 1024
"""As for Server-Sent Events. Amazon allows 24 MB, of which a model's words need some hundred bytes."""
_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_LENGTH = struct.Struct(">H")
_LEAST = _PRELUDE.size + _CRC.size
_BYTES, _TEXT = 6, 7
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type; bytes and texts say their length."""
_KNOWN_HEADERS = 64


class Frame:
    """One frame. `kind` is `event`, `exception` or `error`, `name` which one."""

    __slots__ = ("headers", "kind", "name", "payload")

    def __init__(self, headers: dict[str, str], payload: bytes) -> None:
        self.headers = headers
        self.kind = headers.get(":message-type", "event")
        self.name = headers.get(f":{self.kind}-type") or headers.get(":error-code", "")
        self.payload = payload


class FrameStream:
    """An incremental splitter. It holds one frame at most, and each byte is copied a bounded number of times."""

    __slots__ = ("_held", "_known", "_needed")

    def __init__(self) -> None:
        self._held = bytearray()
        """The beginning of a frame whose end has not come."""
        self._needed = _PRELUDE.size
        """As long as there are fewer bytes, there is nothing to be done."""
        self._known: dict[bytes, dict[str, str]] = {}
        """Headers that were read before: those of all frames of a kind are the same."""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes. Raises `UnreadableAnswer` for what is no such stream."""
        held = self._held
        if held:
            held += data
            if len(held) < self._needed:
                return []
            data = bytes(held)
            held.clear()
        frames: list[Frame] = []
        start, end = 0, self._end(data, 0)
        while end <= len(data):
            frames.append(self._frame(data[start:end]))
            start, end = end, self._end(data, end)
        self._needed = end - start
        held += data[start:] if start else data
        return frames

    @staticmethod
    def _end(data: bytes, start: int) -> int:
        """Where the frame that begins there ends; that of its prelude where that has not come yet."""
        prelude = start + _PRELUDE.size
        return prelude if len(data) < prelude else start + _length(data, start)

    def _frame(self, frame: bytes) -> Frame:
        (checksum,) = _CRC.unpack_from(frame, len(frame) - _CRC.size)
        if crc32(frame[: -_CRC.size]) != checksum:
            raise UnreadableAnswer("The provider's stream has a frame that was damaged on its way.")
        end = _PRELUDE.size + _PRELUDE.unpack_from(frame)[1]
        raw = frame[_PRELUDE.size : end]
        headers = self._known.get(raw)
        if headers is None:
            headers = _headers(raw)
            if len(self._known) < _KNOWN_HEADERS:
                self._known[raw] = headers
        return Frame(headers, frame[end : -_CRC.size])


def _length(data: bytes, at: int) -> int:
    """The length of the frame that begins there, whose prelude is complete."""
    length: int
    length, of_headers, checksum = _PRELUDE.unpack_from(data, at)
    if crc32(data[at : at + 8]) != checksum:
        raise UnreadableAnswer("The provider's stream is no event stream of Amazon's.")
    if of_headers + _LEAST > length or length > MAX_FRAME_BYTES:
        raise UnreadableAnswer("The provider's stream has a frame of an impossible length.")
    return length


def _headers(raw: bytes) -> dict[str, str]:
    """Those that are text; the others are passed over."""
    found: dict[str, str] = {}
    at = 0
    try:
        while at < len(raw):
            name = raw[at + 1 : at + 1 + raw[at]]
            at += 1 + len(name)
            kind = raw[at]
            at += 1
            if kind in _SIZES:
                at += _SIZES[kind]
                continue
            if kind not in (_BYTES, _TEXT):
                break
            (size,) = _LENGTH.unpack_from(raw, at)
            at += _LENGTH.size
            if kind == _TEXT:
                found[name.decode()] = raw[at : at + size].decode()
            at += size
    except (IndexError, UnicodeDecodeError, struct.error):
        at = -1
    if at != len(raw):
        raise UnreadableAnswer("The provider's stream has a frame whose headers cannot be read.")
    return found
