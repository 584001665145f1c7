"""How long snapshots take at size: compiled from nothing, compared, persisted, sent; and one change, to a gateway.

`python -m bench.snapshot [--keys 100000] [--models 2000]` starts a Postgres of its own and prints a table and JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bench.population import Population
from control_layer.control.snapshots import SnapshotService
from control_layer.control.snapshots.compiler import Compiler
from control_layer.control.snapshots.pieces import whole_pieces
from control_layer.control.snapshots.state import State
from control_layer.gateway.snapshot import SnapshotState
from control_layer.gateway.snapshot_link import SnapshotLink, load_persisted
from control_layer.store.embedded import EmbeddedPostgres
from control_layer.store.engine import connect, open_engine
from control_layer.store.migrations import migrate
from control_layer.store.notifications import ChangeListener

_DEADLINE_SECONDS = 300
_REVOCATIONS = 200


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds, unless the name says otherwise."""

    keys: int
    models: int
    compile: float
    longest_pause_of_the_loop: float
    encode: float
    bytes: int
    load_persisted: float
    whole_to_a_gateway: float
    revocation_p50: float
    revocation_p99: float
    revocation_p99_during_comparisons: float
    group_edit_of_a_third_of_all_users: float
    peak_memory_mb: float


async def measure(database_url: str, directory: Path, keys: int, models: int) -> Figures:
    """Fills the database and measures."""
    await migrate(database_url)
    connection = await connect(database_url, statement_seconds=None)
    await connection.execute(Population(users=keys, models=models, groups=300).statements())
    engine = open_engine(database_url, pool_size=4)
    compiler, state = Compiler(engine), State()
    pause = asyncio.create_task(_longest_pause())
    seconds = await _timed(_compile(compiler, state))
    pause.cancel()
    longest = await pause
    start = time.perf_counter()
    size = sum(len(piece) for piece in whole_pieces(state.rows(), 1))
    encode = time.perf_counter() - start
    file, socket = directory / "snapshot", directory / "snapshot.sock"
    service = SnapshotService(engine, file=file, socket=socket)
    listener = ChangeListener(database_url, on_change=service.notice, on_resync=service.missed)
    changed, gateway = asyncio.Event(), SnapshotState()
    tasks = [asyncio.create_task(work) for work in (service.run(), listener.run())]
    await service.current.wait()
    link = SnapshotLink(str(socket), str(uuid.uuid4()), gateway, changed.set)
    tasks.append(asyncio.create_task(link.run()))
    whole = await _timed(_until(changed, lambda: gateway.ready))
    quiet = await _revocations(connection, gateway, changed)
    busy = asyncio.create_task(_compare_for_ever(service))
    during = await _revocations(connection, gateway, changed)
    busy.cancel()
    edit = await _timed(_group_edit(connection, gateway, changed))
    start = time.perf_counter()
    load_persisted(file, SnapshotState())
    loaded = time.perf_counter() - start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await engine.dispose()
    await connection.close()
    return Figures(
        keys=len(state.keys.rows),
        models=len(state.models.rows),
        compile=seconds,
        longest_pause_of_the_loop=longest,
        encode=encode,
        bytes=size,
        load_persisted=loaded,
        whole_to_a_gateway=whole,
        revocation_p50=statistics.median(quiet),
        revocation_p99=_p99(quiet),
        revocation_p99_during_comparisons=_p99(during),
        group_edit_of_a_third_of_all_users=edit,
        peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


async def _compile(compiler: Compiler, state: State) -> None:
    async for rows in compiler.everything():
        state.add(rows)


async def _compare_for_ever(service: SnapshotService) -> None:
    while True:
        service.missed()
        await asyncio.sleep(0.05)


async def _revocations(
    connection: asyncpg.Connection[Any], gateway: SnapshotState, changed: asyncio.Event
) -> list[float]:
    """Seconds from the commit of a deletion until the gateway refuses the key."""
    taken = []
    for digest in list(gateway.current.keys)[:_REVOCATIONS]:
        await connection.execute("DELETE FROM api_keys WHERE secret_digest = $1", digest)
        start = time.perf_counter()
        while digest in gateway.current.keys:
            changed.clear()
            await changed.wait()
        taken.append(time.perf_counter() - start)
    return taken


async def _group_edit(connection: asyncpg.Connection[Any], gateway: SnapshotState, changed: asyncio.Event) -> None:
    group = uuid.uuid4()
    await connection.execute("INSERT INTO groups (id, name, created_by) VALUES ($1, 'edit', $1)", group)
    await connection.execute("INSERT INTO group_members SELECT $1, id FROM users WHERE username LIKE '%1%'", group)
    members = await connection.fetchval("SELECT count(*) FROM group_members WHERE group_id = $1", group)
    text = str(group)
    await _until(changed, lambda: sum(text in user.groups for user in gateway.current.users.values()) == members)


async def _until(changed: asyncio.Event, condition: Callable[[], object]) -> None:
    async with asyncio.timeout(_DEADLINE_SECONDS):
        while not condition():
            changed.clear()
            await changed.wait()


async def _longest_pause() -> float:
    """How long other work, such as a person's click, has to wait for the event loop."""
    longest = 0.0
    with suppress(asyncio.CancelledError):
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - start)
    return longest


async def _timed(work: Awaitable[object]) -> float:
    start = time.perf_counter()
    await work
    return time.perf_counter() - start


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--models", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        postgres = EmbeddedPostgres(Path(directory) / "postgres")
        try:
            url = postgres.start()
            figures = asyncio.run(measure(url, Path(directory), options.keys, options.models))
        finally:
            postgres.stop()
    for name, value in asdict(figures).items():
        print(f"{name.replace('_', ' '):40} {value:>14.4f}" if isinstance(value, float) else f"{name:40} {value:>14}")
    print(json.dumps(asdict(figures)))


if __name__ == "__main__":
    main()
