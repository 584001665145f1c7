"""What is done after an answer has left, where the answer must not wait for it or depend on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from control_layer.control.errors import ControlError, TryLater

__all__ = ["Errands"]

_log = structlog.get_logger(__name__)
_AT_ONCE = 4
_WAITING = 200
_DEADLINE_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class _Errand:
    name: str
    work: Callable[[], Awaitable[None]]


class Errands:
    """A few at a time, a bounded number waiting, each with a deadline; one that fails is logged. `run` owns them."""

    def __init__(self, *, waiting: int = _WAITING, deadline_seconds: float = _DEADLINE_SECONDS) -> None:
        self._queue: asyncio.Queue[_Errand] = asyncio.Queue(waiting)
        self._deadline = deadline_seconds

    def add(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Has `work` done soon. `name` is for the log. Raises 503 when too much is waiting."""
        try:
            self._queue.put_nowait(_Errand(name, work))
        except asyncio.QueueFull:
            raise TryLater(503, "Too much is waiting to be done; try again shortly") from None

    async def run(self) -> None:
        """Does what is added, until cancelled."""
        async with asyncio.TaskGroup() as carriers:
            for _ in range(_AT_ONCE):
                carriers.create_task(self._carry())

    async def finish(self, seconds: float) -> bool:
        """Whether everything was done within this time; `run` goes on meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await self._queue.join()
        except TimeoutError:
            return False
        return True

    async def _carry(self) -> None:
        while True:
            errand = await self._queue.get()
            try:
                await self._do(errand)
            finally:
                self._queue.task_done()

    async def _do(self, errand: _Errand) -> None:
        try:
            async with asyncio.timeout(self._deadline):
                await errand.work()
        except TimeoutError:
            _log.error("errand_took_too_long", errand=errand.name, seconds=self._deadline)
        except ControlError as error:
            _log.warning("errand_failed", errand=errand.name, reason=error.message)
        except Exception:  # noqa: BLE001 - the next errand is somebody else's
            _log.error("errand_failed", errand=errand.name, exc_info=True)
