"""A child that is started again whenever it dies, until it is told to end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from control_layer.supervisor.process import Process
from control_layer.supervisor.restarts import Restarts

__all__ = ["Kept", "Launch", "NotReplaced"]

_log = structlog.get_logger(__name__)
_READY_SECONDS = 30.0

Launch = Callable[[], Awaitable[Process]]


class NotReplaced(Exception):
    """The new process did not become ready; the old one goes on."""


class Kept:
    """One place for one process after another. `launch` starts the next one with the configuration of the moment."""

    def __init__(self, name: str, launch: Launch, restarts: Restarts, *, on_exit: Callable[[Process], None]) -> None:
        """`on_exit` hears of every process that has ended, whatever ended it."""
        self.name = name
        self.restarts = restarts
        self.process: Process | None = None
        self.ready = asyncio.Event()
        """Set once a process has become ready for the first time."""
        self._launch = launch
        self._on_exit = on_exit
        self._ending = False
        self._wanted_again = False
        self._swapped = asyncio.Event()
        self._leaving: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Keeps a process there; returns when `end` was called and the last one has ended."""
        while not self._ending:
            try:
                self.process = await self._launch()
            except OSError as error:
                _log.error("child_not_started", child=self.name, error=str(error))
                await asyncio.sleep(self.restarts.died())
                continue
            self.restarts.started()
            ended = await self._watch()
            await self._pause(ended)

    async def _pause(self, ended: Process) -> None:
        """Waits before the next process, unless the last one ended because it was asked to."""
        if self._ending or self._wanted_again:
            self._wanted_again = False
            return
        delay = self.restarts.died()
        _log.error("child_died", child=self.name, exit_code=ended.exit_code, restart_seconds=round(delay, 2))
        await asyncio.sleep(delay)

    async def _watch(self) -> Process:
        """Returns the process that has the place at that moment once it has ended."""
        while True:
            process = self.process
            assert process is not None
            self._swapped.clear()
            await _first(process.ready.wait(), process.exited.wait(), self._swapped.wait())
            if process is not self.process:
                continue
            if process.ready.is_set():
                self.ready.set()
                await _first(process.exited.wait(), self._swapped.wait())
            if process is self.process and process.exited.is_set():
                self._on_exit(process)
                return process

    async def replace(self, grace_seconds: float) -> None:
        """Starts a new process, and when it serves lets the old one end in peace. Raises `NotReplaced`."""
        old = self.process
        new = await self._launch()
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await new.ready.wait()
        except TimeoutError:
            await new.end(0.0)
            raise NotReplaced(f"{self.name}: the new process is not ready after {_READY_SECONDS:.0f} s") from None
        self.process = new
        self._swapped.set()
        self.restarts.started()
        if old is not None:
            task = asyncio.create_task(self._leave(old, grace_seconds), name=f"leaving-{old.pid}")
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _leave(self, process: Process, grace_seconds: float) -> None:
        await process.end(grace_seconds)
        self._on_exit(process)

    async def restart(self, grace_seconds: float) -> None:
        """Ends the process; the next one follows at once."""
        if self.process is not None:
            self._wanted_again = True
            await self.process.end(grace_seconds)

    async def end(self, grace_seconds: float) -> None:
        """Ends the process for good, and those that are still leaving."""
        self._ending = True
        if self.process is not None:
            await self.process.end(grace_seconds)
        if self._leaving:
            await asyncio.wait(self._leaving)


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    """Returns when one of them has; the others are given up."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
