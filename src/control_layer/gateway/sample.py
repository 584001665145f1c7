"""The beginning of a body, kept for the request log."""

from __future__ import annotations

__all__ = ["Sample"]


class Sample:
    """Keeps the first `limit` bytes of what is shown to it."""

    __slots__ = ("_limit", "data", "whole")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.data = bytearray()
        self.whole = True
        """Nothing had to be left out."""

    def keep(self, data: bytes | bytearray) -> None:
        """Adds what there is room for."""
        room = self._limit - len(self.data)
        if len(data) > room:
            self.whole = False
            data = data[:room]
        self.data += data
