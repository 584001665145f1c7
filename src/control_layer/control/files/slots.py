"""How many uploads one host takes at a time, and how many may wait for their turn (§4.14)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from control_layer.control.errors import TryLater
from control_layer.settings import Limits

__all__ = ["UploadSlots"]


class UploadSlots:
    """Hands out places."""

    def __init__(self, limits: Limits) -> None:
        files = limits.files
        self._slots = asyncio.Semaphore(files.max_concurrent_uploads) if files.max_concurrent_uploads else None
        self._max_waiting = files.max_waiting_uploads
        self._wait_seconds = files.max_upload_wait_secs
        self._waiting = 0

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """A place, for the length of the block. Raises 429."""
        if self._slots is None:
            yield
            return
        await self._take(self._slots)
        try:
            yield
        finally:
            self._slots.release()

    async def _take(self, slots: asyncio.Semaphore) -> None:
        if slots.locked() and self._waiting >= self._max_waiting:
            raise _too_many()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                await slots.acquire()
        except TimeoutError:
            raise _too_many() from None
        finally:
            self._waiting -= 1


def _too_many() -> TryLater:
    return TryLater(429, "Too many files are being uploaded at the moment; try again shortly")
