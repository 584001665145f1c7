"""Recorders at work, and waiting for what they do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from control_layer.recorder import Recorder

__all__ = ["eventually", "running"]


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
