"""A child that is started again whenever it dies, until it is told to end.

One task (`run`) decides who has the place, so that a death, a replacement and the end never act on each other's back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import structlog

from control_layer.supervisor.process import Process
from control_layer.supervisor.restarts import Restarts

__all__ = ["Kept", "Launch", "NotReplaced"]

_log = structlog.get_logger(__name__)
_READY_SECONDS = 30.0

Launch = Callable[[], Awaitable[Process]]


class NotReplaced(Exception):
    """The new process did not become ready; the old one goes on."""


@dataclass(slots=True)
class _Change:
    """Somebody wants another process in the place."""

    overlapping: bool
    """The old one leaves when the new one serves; otherwise it ends first."""
    grace_seconds: float
    done: asyncio.Future[None]


class Kept:
    """One place for one process after another. `launch` starts the next one with the configuration of the moment."""

    def __init__(self, name: str, launch: Launch, restarts: Restarts, *, on_exit: Callable[[Process], None]) -> None:
        """`on_exit` hears of every process that has ended, whatever ended it."""
        self.name = name
        self.restarts = restarts
        self.process: Process | None = None
        """Who has the place; `None` between two of them."""
        self.last_exit_code: int | None = None
        """Of the process that ended last."""
        self._launch = launch
        self._on_exit = on_exit
        self._live: set[Process] = set()
        self._served = False
        self._ending = asyncio.Event()
        self._change: _Change | None = None
        self._changing = asyncio.Event()
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def has_served(self) -> bool:
        """Whether a process has ever become ready."""
        return self._served or self.serves

    @property
    def serves(self) -> bool:
        """Whether one is ready now."""
        process = self.process
        return process is not None and process.ready.is_set() and not process.exited.is_set()

    @property
    def processes(self) -> Iterator[Process]:
        """All that live: who has the place, who is to have it, and those that are leaving."""
        return iter(tuple(self._live))

    # -- for others --------------------------------------------------------------------------------------------------

    async def replace(self, grace_seconds: float) -> None:
        """Starts a new process, and when it serves lets the old one end in peace. Raises `NotReplaced`."""
        await self._ask(overlapping=True, grace_seconds=grace_seconds)

    async def restart(self, grace_seconds: float) -> None:
        """Ends the process; the next one follows at once. Raises `NotReplaced` where the end comes first."""
        await self._ask(overlapping=False, grace_seconds=grace_seconds)

    async def end(self, grace_seconds: float) -> None:
        """Ends every process for good."""
        self._ending.set()
        await asyncio.gather(*(process.end(grace_seconds) for process in self.processes))
        if self._leaving:
            await asyncio.wait(self._leaving)

    async def _ask(self, *, overlapping: bool, grace_seconds: float) -> None:
        if self._ending.is_set():
            raise NotReplaced(f"{self.name} is ending")
        assert self._change is None, "one change at a time"
        done = asyncio.get_running_loop().create_future()
        self._change = _Change(overlapping, grace_seconds, done)
        self._changing.set()
        try:
            await done
        finally:
            self._settled()

    def _settled(self) -> None:
        """What was asked for is done, or nobody waits for it any more."""
        self._changing.clear()
        change, self._change = self._change, None
        if change is not None and not change.done.done():
            change.done.set_result(None)

    # -- the place ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keeps a process there; returns when `end` was called and the last one has ended."""
        try:
            while not self._ending.is_set():
                try:
                    self.process = await self._started()
                except OSError as error:
                    _log.error("child_not_started", child=self.name, error=str(error))
                    await self._pause(self.restarts.died())
                else:
                    await self._stay(self.process)
        finally:
            if self._change is not None and not self._change.done.done():
                self._change.done.set_exception(NotReplaced(f"{self.name} is ending"))

    async def _started(self) -> Process:
        """A new process, which knows the newest settings. Raises OSError."""
        process = await self._launch()
        self._live.add(process)
        self.restarts.started()
        if self._ending.is_set():  # it was told to while we launched
            await process.end(0.0)
        return process

    async def _stay(self, process: Process) -> None:
        """Returns when the place is empty."""
        if self._change is not None:
            self._settled()  # asked for while nobody was there
        while True:
            await _any_of(process.exited, self._ending, self._changing)
            self._changing.clear()
            change = self._change
            if self._ending.is_set():
                await process.exited.wait()  # `end` sees to it
                self._left(process)
                return
            if process.exited.is_set():
                self._left(process)
                delay = self.restarts.died()
                _log.error("child_died", child=self.name, exit_code=process.exit_code, restart_seconds=round(delay, 2))
                await self._pause(delay)
                return
            if change is None:
                continue
            if not change.overlapping:
                await process.end(change.grace_seconds)
                self._left(process)
                return
            process = await self._succeeded(process, change)

    async def _succeeded(self, old: Process, change: _Change) -> Process:
        """Who has the place when the change has been tried."""
        try:
            new = await self._started()
        except OSError as error:
            self._fail(change, f"{self.name}: {error}")
            return old
        await _any_of(new.ready, new.exited, self._ending, seconds=_READY_SECONDS)
        if self._ending.is_set():
            await new.exited.wait()
        elif not new.ready.is_set():
            why = "has ended" if new.exited.is_set() else f"is not ready after {_READY_SECONDS:.0f} s"
            await new.end(0.0)
            self._fail(change, f"{self.name}: the new process {why}")
        if new.exited.is_set():
            self._left(new)
            return old
        self.process = new
        leaving = asyncio.create_task(self._leave(old, change.grace_seconds), name=f"leaving-{old.pid}")
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
        self._settled()
        return new

    def _fail(self, change: _Change, reason: str) -> None:
        if not change.done.done():
            change.done.set_exception(NotReplaced(reason))

    async def _leave(self, process: Process, grace_seconds: float) -> None:
        await process.end(grace_seconds)
        self._left(process)

    def _left(self, process: Process) -> None:
        self._served = self._served or process.ready.is_set()
        if self.process is process:
            self.process = None
        self.last_exit_code = process.exit_code
        self._live.discard(process)
        self._on_exit(process)

    async def _pause(self, seconds: float) -> None:
        """Waits before the next start; new settings, which may be the cure, and the end come first."""
        await _any_of(self._ending, self._changing, seconds=seconds)
        self._changing.clear()


async def _any_of(*events: asyncio.Event, seconds: float | None = None) -> None:
    """Returns when one of the events is set, or the time is over."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
