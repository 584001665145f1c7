"""Ids of usage events: UUIDv7 (RFC 9562, 5.7), made without a system call each."""

from __future__ import annotations

import os
from collections.abc import Callable

__all__ = ["EventIds", "text"]

_BATCH = 256
_COUNTER_BITS = 0x0FFF
_VERSION = 0x7000
_VARIANT = 0x80
_VARIANT_MASK = 0x3F


class EventIds:
    """Ids that sort by time, and by order within a millisecond (the 12 bits of rand_a count; RFC 9562, 6.2)."""

    __slots__ = ("_counter", "_last_ms", "_pool", "_random", "_used")

    def __init__(self, random: Callable[[int], bytes] = os.urandom) -> None:
        self._random = random
        self._pool = b""
        self._used = 0
        self._last_ms = 0
        self._counter = 0

    def next(self, unix_ms: int) -> bytes:
        """The next id's 16 bytes. A clock that steps back does not make ids step back."""
        if unix_ms > self._last_ms:
            self._last_ms = unix_ms
            self._counter = 0
        else:
            self._counter += 1
            if self._counter > _COUNTER_BITS:
                self._last_ms += 1
                self._counter = 0
        if self._used >= len(self._pool):
            self._pool = self._random(8 * _BATCH)
            self._used = 0
        tail = self._pool[self._used : self._used + 8]
        self._used += 8
        head = (self._last_ms << 16) | _VERSION | self._counter
        return head.to_bytes(8, "big") + bytes((tail[0] & _VARIANT_MASK | _VARIANT,)) + tail[1:]


def text(event_id: bytes) -> str:
    """The hyphenated form."""
    digits = event_id.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
