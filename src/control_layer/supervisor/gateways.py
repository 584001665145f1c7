"""The gateway workers: as many as are wanted, each with its share of the public sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import structlog

from control_layer.supervisor.errors import CannotStart
from control_layer.supervisor.kept import Kept, Launch, NotReplaced
from control_layer.supervisor.listeners import PublicListeners
from control_layer.supervisor.process import Process

__all__ = ["Gateways"]

_log = structlog.get_logger(__name__)

LaunchWorker = Callable[[str, list[int]], Awaitable[Process]]
"""Starts the worker of that name on these sockets."""


class Gateways:
    """`keep` makes a place of a name and a way to launch; its `run` becomes a task of `tasks`."""

    def __init__(
        self,
        listeners: PublicListeners,
        launch: LaunchWorker,
        *,
        keep: Callable[[str, Launch], Kept],
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._listeners = listeners
        self._launch = launch
        self._keep = keep
        self._tasks = tasks
        self._workers: list[Kept] = []
        self._surplus: set[Kept] = set()
        self._wanted = 0

    def __iter__(self) -> Iterator[Kept]:
        return iter(self._workers)

    @property
    def processes(self) -> Iterator[Process]:
        """All that live, those that are leaving included."""
        for kept in (*self._workers, *self._surplus):
            yield from kept.processes

    def start(self, wanted: int) -> None:
        """Makes as many workers as are wanted. Raises `CannotStart`."""
        self._wanted = wanted
        for number in range(len(self._workers), wanted):
            self._listeners.share(number, wanted)
            name = f"gateway-{number}"
            worker = self._keep(name, partial(self._launch_worker, name, number))
            self._workers.append(worker)
            self._tasks.create_task(worker.run(), name=name)

    async def replace(self, wanted: int, grace_seconds: float) -> None:
        """New processes for all of them, one after the other, each serving before its old one leaves."""
        old = self._workers[:wanted]
        try:
            self.start(wanted)
        except CannotStart as error:
            _log.error("gateways_not_replaced", reason=str(error), consequence="the old ones go on")
            return
        for worker in old:
            try:
                await worker.replace(grace_seconds)
            except NotReplaced as error:
                _log.error("gateway_not_replaced", reason=str(error), consequence="the old one goes on")
        surplus, self._workers = self._workers[wanted:], self._workers[:wanted]
        for worker in surplus:
            self._surplus.add(worker)
            self._tasks.create_task(self._dismiss(worker, grace_seconds), name=f"surplus-{worker.name}")

    async def end(self, grace_seconds: float) -> None:
        """Ends all of them: each drains, then is killed after the grace."""
        await asyncio.gather(*(worker.end(grace_seconds) for worker in (*self._workers, *self._surplus)))

    async def _dismiss(self, worker: Kept, grace_seconds: float) -> None:
        await worker.end(grace_seconds)
        self._surplus.discard(worker)

    async def _launch_worker(self, name: str, number: int) -> Process:
        return await self._launch(name, self._listeners.share(number, self._wanted))
