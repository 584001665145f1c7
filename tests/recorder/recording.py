"""Recorders at work, and waiting for what they do."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from control_layer.contract.usage import Record
from control_layer.recorder import Recorder
from control_layer.recorder.ledger import Ledger
from control_layer.recorder.rows import rows_of

__all__ = ["eventually", "record", "running"]


@asynccontextmanager
async def running(recorder: Recorder) -> AsyncIterator[Recorder]:
    """The recorder at work; at the end it is cancelled, as a crash would."""
    task = asyncio.create_task(recorder.run())
    try:
        yield recorder
        assert not task.done(), "a recorder never exits by itself"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def eventually(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Waits until `condition` (a function, or one that makes an awaitable) holds."""
    async with asyncio.timeout(seconds):
        while True:
            result = condition()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return
            await asyncio.sleep(0.01)


async def record(engine: AsyncEngine, records: Sequence[Record]) -> None:
    """One batch, of a worker of its own."""
    worker = uuid.uuid4()
    await Ledger(engine).record(worker, 1, 0, 100, rows_of(records, worker))
