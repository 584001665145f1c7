"""Just enough HTTP to know when an answer is whole. Answers of one target look alike, which the fast path lives on."""

from __future__ import annotations

__all__ = ["ResponseReader"]

_GOOD = b"HTTP/1.1 200"


class ResponseReader:
    """Finds the end of answers with a content length, one after the other on a connection."""

    __slots__ = ("_buffer", "_usual", "good")

    def __init__(self) -> None:
        self._buffer = b""
        self._usual = 0
        self.good = False
        """Whether the last whole answer had status 200."""

    def feed(self, data: bytes) -> bool:
        """Whether with `data` an answer is whole."""
        if len(data) == self._usual and not self._buffer and data.startswith(_GOOD):
            self.good = True
            return True
        buffer = self._buffer = self._buffer + data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = buffer[: end + 2].lower()
        at = head.index(b"content-length:") + 15
        size = end + 4 + int(head[at : head.index(b"\r\n", at)])
        if len(buffer) < size:
            return False
        self.good = buffer.startswith(_GOOD)
        self._usual = size
        self._buffer = b""
        return True
