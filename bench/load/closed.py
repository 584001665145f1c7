"""A closed loop: as many requests as the other side can answer, a fixed number of them under way."""

from __future__ import annotations

import asyncio
import time
from typing import cast

from bench.load.job import Answers, Closed
from bench.load.response import ResponseReader

__all__ = ["run_closed"]


class _Loop:
    """What the connections share."""

    def __init__(self, job: Closed) -> None:
        self.request = job.target.request
        self.good = 0
        self.bad = 0
        self.stopped = False


class _Connection(asyncio.Protocol):
    def __init__(self, shared: _Loop) -> None:
        self._shared = shared
        self._reader = ResponseReader()
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.write(self._shared.request)

    def data_received(self, data: bytes) -> None:
        if not self._reader.feed(data):
            return
        shared = self._shared
        if self._reader.good:
            shared.good += 1
        else:
            shared.bad += 1
        if shared.stopped:
            self._transport.close()
        else:
            self._transport.write(shared.request)

    def connection_lost(self, error: Exception | None) -> None:
        del error
        if not self._shared.stopped:
            self._shared.bad += 1


async def run_closed(job: Closed) -> Answers:
    """Runs it."""
    loop = asyncio.get_running_loop()
    shared = _Loop(job)
    begun = time.monotonic()
    for _ in range(job.connections):
        await loop.create_connection(lambda: _Connection(shared), "127.0.0.1", job.target.port)
    await asyncio.sleep(job.seconds)
    shared.stopped = True
    return Answers(shared.good, shared.bad, time.monotonic() - begun)
