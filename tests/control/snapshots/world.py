"""Snapshot services and gateways on one database: both ends are the real ones."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.control.snapshots.rows import Rows

from control_layer.contract.snapshot import Update
from control_layer.control.snapshots import SnapshotService
from control_layer.control.snapshots.compiler import Compiler
from control_layer.control.snapshots.state import State
from control_layer.gateway.snapshot import Snapshot, SnapshotState
from control_layer.gateway.snapshot_link import SnapshotLink, load_persisted
from control_layer.store.engine import open_engine
from control_layer.store.notifications import ChangeListener

_DEADLINE_SECONDS = 60

Tables = tuple[dict[bytes, Any], dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]


def tables_of(snapshot: Snapshot) -> Tables:
    """Everything a gateway knows."""
    models = {alias: route.model for alias, route in snapshot.routes.items()}
    return snapshot.keys, snapshot.users, models, snapshot.endpoints, snapshot.purges


class Recording(SnapshotState):
    """A gateway's state that remembers how it came about."""

    __slots__ = ("updates", "versions")

    def __init__(self) -> None:
        super().__init__()
        self.updates: list[Update] = []
        self.versions: list[int] = []

    def receive(self, update: Update) -> bool:
        """Takes a piece in and remembers it."""
        self.updates.append(update)
        done = super().receive(update)
        if done:
            self.versions.append(self.current.version)
        return done

    @property
    def wholes(self) -> int:
        """How many whole snapshots were received."""
        return len({update.version for update in self.updates if update.base == 0})


@dataclass(slots=True)
class Gateway:
    """A gateway's end of the link."""

    state: Recording
    socket: Path
    _task: asyncio.Task[None] | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def connect(self) -> None:
        """Follows the service, for as long as it is not told otherwise."""
        link = SnapshotLink(str(self.socket), str(uuid.uuid4()), self.state, self._changed.set)
        self._task = asyncio.create_task(link.run())

    async def disconnect(self) -> None:
        """Lets the service go; what is known stays."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @property
    def tables(self) -> Tables:
        return tables_of(self.state.current)

    async def until(self, condition: Callable[[Snapshot], object]) -> None:
        """Waits until the condition holds for what is known."""
        async with asyncio.timeout(_DEADLINE_SECONDS):
            while not (self.state.ready and condition(self.state.current)):
                await self._changed.wait()
                self._changed.clear()


@dataclass(slots=True)
class Service:
    """A running service."""

    service: SnapshotService
    directory: Path
    _tasks: tuple[asyncio.Task[None], ...]

    @property
    def socket(self) -> Path:
        return self.directory / "snapshot.sock"

    @property
    def file(self) -> Path:
        return self.directory / "snapshot"

    async def stop(self) -> None:
        """Ends it as the control plane does."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    def persisted(self) -> Tables:
        """What a gateway that starts alone would know."""
        state = SnapshotState()
        load_persisted(self.file, state)
        return tables_of(state.current)


@dataclass(slots=True)
class World:
    """A database, and everybody on it."""

    database_url: str
    directory: Path
    rows: Rows
    stack: AsyncExitStack

    async def service(self, name: str = "one", database_url: str | None = None, **options: Any) -> Service:
        """A service with a directory of its own; the same name is the same directory again."""
        url = database_url or self.database_url
        engine = open_engine(url, pool_size=3)
        self.stack.push_async_callback(engine.dispose)
        directory = self.directory / name
        directory.mkdir(exist_ok=True)
        file, socket = directory / "snapshot", directory / "snapshot.sock"
        service = SnapshotService(engine, file=file, socket=socket, **options)
        listener = ChangeListener(url, on_change=service.notice, on_resync=service.missed)
        tasks = asyncio.create_task(service.run()), asyncio.create_task(listener.run())
        running = Service(service, directory, tasks)
        self.stack.push_async_callback(running.stop)
        async with asyncio.timeout(_DEADLINE_SECONDS):
            await service.serving.wait()
        return running

    def gateway(self, service: Service, state: Recording | None = None) -> Gateway:
        """A gateway that follows the service."""
        gateway = Gateway(state or Recording(), service.socket)
        gateway.connect()
        self.stack.push_async_callback(gateway.disconnect)
        return gateway

    async def truth(self) -> Tables:
        """What a compilation from nothing says now."""
        engine = open_engine(self.database_url, pool_size=1)
        try:
            state = State()
            async for rows in Compiler(engine).everything():
                state.add(rows)
        finally:
            await engine.dispose()
        purges = {row.id: row.generation for row in state.purges.rows.values()}
        return state.keys.rows, state.users.rows, state.models.rows, state.endpoints.rows, purges

    async def settled(self, *gateways: Gateway) -> None:
        """Waits until the gateways know the truth."""
        truth = await self.truth()
        for gateway in gateways:
            await gateway.until(lambda snapshot: tables_of(snapshot) == truth)


async def eventually(condition: Callable[[], object]) -> None:
    """Waits until the condition holds."""
    async with asyncio.timeout(_DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - a file tells nobody that it has changed
            await asyncio.sleep(0.01)


@asynccontextmanager
async def world_on(database_url: str, directory: Path) -> AsyncIterator[World]:
    """A world; everybody in it is stopped at the end."""
    async with AsyncExitStack() as stack:
        rows = await Rows.at(database_url)
        stack.push_async_callback(rows.close)
        yield World(database_url, directory, rows, stack)
