"""A stream of bytes, line by line; holds no more than one line."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["LineTooLong", "Lines"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class LineTooLong(Exception):
    """A line is longer than the bound; `number` says which."""

    def __init__(self, number: int) -> None:
        super().__init__(f"line {number} is too long")
        self.number = number


class Lines:
    """Fed with pieces of any size; gives lines with their numbers, from 1, blank ones left out."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rest = bytearray()
        self._number = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines that `data` completes. Raises `LineTooLong`."""
        self._rest += data
        if b"\n" in data:
            *whole, rest = self._rest.split(b"\n")
            self._rest = rest
            for line in whole:
                yield from self._line(line)
        if len(self._rest) > self._max_bytes:
            raise LineTooLong(self._number + 1)

    def finish(self) -> Iterator[tuple[int, bytes]]:
        """The last line, which may lack its end."""
        rest, self._rest = self._rest, bytearray()
        yield from self._line(rest)

    def _line(self, line: bytearray) -> Iterator[tuple[int, bytes]]:
        self._number += 1
        text = bytes(line)
        if self._number == 1:
            text = text.removeprefix(_BYTE_ORDER_MARK)
        text = text.strip(b" \t\r")
        if len(text) > self._max_bytes:
            raise LineTooLong(self._number)
        if text:
            yield self._number, text
