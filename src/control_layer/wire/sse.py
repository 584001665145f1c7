"""Server-Sent Events, cut out of a byte stream as it comes (WHATWG HTML, 9.2.6 "Interpreting an event stream").

The raw bytes of all events and of what `flush` returns are, put together, exactly the bytes that were fed.
"""

from __future__ import annotations

import re

__all__ = ["Event", "EventStream", "EventTooLarge"]

MAX_EVENT_BYTES = 8 * 1024 * 1024
"""A typical event is some hundred bytes, an image part some megabytes; a thousand streams at the cap would be 8 GB, so
it is only for the rare ones."""

_BOM = b"\xef\xbb\xbf"
_BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?=[^\n]))")
"""Two line ends in a row. A CR at the end of what has come may be half of a CR LF: it ends nothing as yet."""
_MAX_CUT = 3
"""CR LF CR: all but the last byte of the longest pair."""


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
    """An incremental splitter. Each byte is looked at and copied a bounded number of times, however it is cut."""

    __slots__ = ("_first", "_held", "_max_bytes")

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._held = bytearray()
        """The beginning of an event whose end has not come."""
        self._max_bytes = max_event_bytes
        self._first = True

    @property
    def held(self) -> int:
        """How many bytes have come of an event that is not complete."""
        return len(self._held)

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes.

        Raises `EventTooLarge`, where whole events came before the large one on the next call; `flush` then has all
        bytes that were not returned.
        """
        held = self._held
        start = position = 0
        if held:
            # The end may be cut anywhere: look again at its longest possible beginning.
            position = max(0, len(held) - _MAX_CUT)
            held += data
            if len(held) - len(data) > self._max_bytes or _end_of_event(held, position, _has_cr(held, position)) < 0:
                self._check(len(held))
                return []
            data = bytes(held)
            held.clear()
        events: list[Event] = []
        has_cr = _has_cr(data, position)
        while (end := _end_of_event(data, position, has_cr)) >= 0 and end - start <= self._max_bytes:
            events.append(self._event(data[start:end]))
            start = position = end
        if start < len(data):
            held += data[start:] if start else data
            if not events:
                self._check(len(held))
        return events

    def _check(self, size: int) -> None:
        if size > self._max_bytes:
            raise EventTooLarge(f"an event of more than {self._max_bytes} bytes")

    def flush(self) -> bytes:
        """What is left without its end, and forgets it."""
        rest = bytes(self._held)
        self._held.clear()
        return rest

    def last(self) -> list[Event]:
        """What is left, read as if its end had come: some leave out the blank line behind their last event."""
        rest = self.flush().rstrip(b"\r\n")
        return self.feed(rest + b"\n\n") if rest.strip() else []

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


def _has_cr(data: bytes | bytearray, start: int) -> bool:
    return data.find(b"\r", start) >= 0


def _end_of_event(data: bytes | bytearray, start: int, has_cr: bool) -> int:
    """The offset behind the first blank line at or after `start`; -1 where there is none."""
    if not has_cr:
        at = data.find(b"\n\n", start)
        return at + 2 if at >= 0 else -1
    found = _BLANK_LINE.search(data, start)
    return found.end() if found is not None else -1
