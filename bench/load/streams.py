"""Many streams at once, read as they come."""

from __future__ import annotations

import asyncio
import time
from typing import cast

from bench.load.job import Streamed, Streams
from bench.sink import SENT_AT

__all__ = ["run_streams"]

_DIGITS = 19
_CHUNK_END = b"}\n\n\r\n"
_DONE = b"data: [DONE]\n\n"
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_TAIL_BYTES = 256
"""Enough for the last event and the end of the message, however they were cut."""


class _Streams:
    """What the streams share."""

    def __init__(self, job: Streams, done: asyncio.Event) -> None:
        self.request = job.target.request
        self.first: list[float] = []
        self.delays: list[float] = []
        self.whole = 0
        self.broken = 0
        self.chunks = 0
        self._left = job.count
        self._done = done

    def ended(self, *, whole: bool) -> None:
        if whole:
            self.whole += 1
        else:
            self.broken += 1
        self._left -= 1
        if not self._left:
            self._done.set()


class _Stream(asyncio.Protocol):
    def __init__(self, shared: _Streams, due: float) -> None:
        self._shared = shared
        self._due = due
        self._begun = False
        self._ended = False
        self._tail = b""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.write(self._shared.request)

    def data_received(self, data: bytes) -> None:
        shared = self._shared
        at = data.rfind(SENT_AT)
        if at >= 0:
            now = time.monotonic_ns()
            shared.chunks += data.count(SENT_AT)
            if self._begun:
                shared.delays.append((now - int(data[at + 1 : at + 1 + _DIGITS])) / 1e9)
            else:
                self._begun = True
                shared.first.append(now / 1e9 - self._due)
        if at < 0 or not data.endswith(_CHUNK_END):
            self._tail = (self._tail + data)[-_TAIL_BYTES:]
            if self._tail.endswith(_LAST_CHUNK) and _DONE in self._tail:
                self._end(whole=True)
                self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        del error
        self._end(whole=False)

    def _end(self, *, whole: bool) -> None:
        if not self._ended:
            self._ended = True
            self._shared.ended(whole=whole)


async def run_streams(job: Streams) -> Streamed:
    """Runs it; streams that have not ended at the deadline count as broken."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    shared = _Streams(job, done)
    begun = time.monotonic()
    for number in range(job.count):
        due = begun + number / job.starts
        wait = due - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        # The connection is made before the request is due: it is the answer that is measured.
        await loop.create_connection(lambda: _Stream(shared, time.monotonic()), "127.0.0.1", job.target.port)
    try:
        await asyncio.wait_for(done.wait(), job.deadline)
    except TimeoutError:
        shared.broken = job.count - shared.whole
    return Streamed(shared.first, shared.delays, shared.whole, shared.broken, shared.chunks)
