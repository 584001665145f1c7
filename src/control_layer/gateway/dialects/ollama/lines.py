"""JSON values, one a line (https://github.com/ndjson/ndjson-spec), cut out of a byte stream as it comes."""

from __future__ import annotations

from control_layer.wire import EventTooLarge

__all__ = ["LineStream"]

_MAX_LINE_BYTES = 8 * 1024 * 1024
"""As for an event of an event stream."""


class LineStream:
    """An incremental splitter. Each byte is looked at and copied a bounded number of times, however it is cut."""

    __slots__ = ("_held", "_size")

    def __init__(self) -> None:
        self._held: list[bytes] = []
        """The beginning of a line whose end has not come."""
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, but for empty ones. Raises `EventTooLarge`."""
        first, *rest = data.split(b"\n")
        self._hold(first)
        if not rest:
            return []
        lines = [b"".join(self._held), *rest[:-1]]
        self._held, self._size = [], 0
        self._hold(rest[-1])
        return [line for line in lines if line.strip()]

    def last(self) -> list[bytes]:
        """What is left, as if its end had come."""
        return self.feed(b"\n")

    def _hold(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > _MAX_LINE_BYTES:
            raise EventTooLarge(f"a line of more than {_MAX_LINE_BYTES} bytes")
        if data:
            self._held.append(data)
