"""Server-Sent Events, cut out of a byte stream as it comes (WHATWG HTML, 9.2.6 "Interpreting an event stream").

The raw bytes of all events and of what `flush` returns are, put together, exactly the bytes that were fed.
"""

from __future__ import annotations

__all__ = ["Event", "EventStream", "EventTooLarge"]

MAX_EVENT_BYTES = 8 * 1024 * 1024
"""A typical event is some hundred bytes, an image part some megabytes; a thousand streams at the cap would be 8 GB, so
it is only for the rare ones."""

_BOM = b"\xef\xbb\xbf"


class EventTooLarge(Exception):
    """An event does not end within `MAX_EVENT_BYTES`: this is no event stream we can follow."""


class Event:
    """One block of lines. A block of comments alone has neither data nor type."""

    __slots__ = ("data", "event", "raw")

    def __init__(self, raw: bytes, data: bytes, event: bytes | None) -> None:
        self.raw = raw
        """With the blank line that ends it."""
        self.data = data
        """Its data lines, joined by LF."""
        self.event = event


class EventStream:
    """An incremental splitter."""

    __slots__ = ("_buffer", "_first", "_max_bytes", "_scanned")

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._buffer = b""
        self._scanned = 0
        self._max_bytes = max_event_bytes
        self._first = True

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes. Raises `EventTooLarge`."""
        buffer = self._buffer + data if self._buffer else data
        events: list[Event] = []
        start = 0
        position = self._scanned
        while True:
            end = _block_end(buffer, max(position, start))
            if end < 0:
                break
            events.append(self._event(buffer[start:end]))
            start = position = end
        rest = buffer[start:]
        if len(rest) > self._max_bytes:
            raise EventTooLarge(f"an event of more than {self._max_bytes} bytes")
        self._buffer = rest
        # The separator may be cut anywhere: look again at its longest possible beginning (CR LF CR).
        self._scanned = max(0, len(rest) - 3)
        return events

    def flush(self) -> bytes:
        """What is left without its end, and forgets it."""
        rest, self._buffer, self._scanned = self._buffer, b"", 0
        return rest

    def _event(self, raw: bytes) -> Event:
        block = raw
        if self._first:
            self._first = False
            block = raw.removeprefix(_BOM)
        if block.startswith(b"data: ") and block.endswith(b"\n\n") and block.find(b"\n") == len(block) - 2:
            line = block[6:-2]
            if b"\r" not in line:
                return Event(raw, line, None)
        data: list[bytes] = []
        kind: bytes | None = None
        for line in block.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if name == b"data":
                data.append(value)
            elif name == b"event":
                kind = value
        return Event(raw, b"\n".join(data), kind)


def _block_end(buffer: bytes, start: int) -> int:
    """Where the first block at or behind `start` ends, its blank line included; -1 where it does not.

    A trailing CR may be the half of a CR LF, so a blank line that ends in CR is complete only when a byte follows.
    """
    lf = buffer.find(b"\n\n", start)
    if b"\r" not in buffer:
        return lf + 2 if lf >= 0 else -1
    position = start
    size = len(buffer)
    while position < size:
        first = _line_break(buffer, position)
        if first < 0:
            return -1
        position = first
        width = _width(buffer, position)
        if width == 0:
            return -1
        after = position + width
        if after >= size:
            return -1
        if buffer[after] in b"\r\n":
            second = _width(buffer, after)
            return after + second if second else -1
        position = after
    return -1


def _line_break(buffer: bytes, start: int) -> int:
    lf = buffer.find(b"\n", start)
    cr = buffer.find(b"\r", start)
    if lf < 0 or cr < 0:
        return max(lf, cr)
    return min(lf, cr)


def _width(buffer: bytes, at: int) -> int:
    """Bytes of the line break at `at`; 0 where a CR at the end leaves it open."""
    if buffer[at : at + 1] == b"\n":
        return 1
    if at + 1 >= len(buffer):
        return 0
    return 2 if buffer[at + 1 : at + 2] == b"\n" else 1
