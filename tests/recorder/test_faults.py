"""Writers are killed, recorders cancelled, connections cut, the database stopped: each admitted request has one row."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.recorder.journals import HandMade, bodies, closed, new_id, opened
from tests.recorder.population import populate, put_a_price
from tests.recorder.recording import eventually, running

from control_layer.recorder import Recorder
from control_layer.store.embedded import EmbeddedPostgres
from control_layer.store.engine import connect, open_engine
from control_layer.store.migrations import migrate


@dataclass(slots=True)
class _Promised:
    """What a writer said before it died."""

    opened: set[bytes] = field(default_factory=set)
    closed: set[bytes] = field(default_factory=set)

    async def hold(self, db: asyncpg.Connection) -> None:
        """Every request has its row, and every closed one its numbers."""
        rows = {row["id"].bytes: row for row in await db.fetch("SELECT * FROM requests")}
        assert self.opened <= rows.keys()
        for event_id in self.closed:
            row = rows[event_id]
            assert (row["outcome"], row["status"], row["input_tokens"]) == ("completed", 200, 11)
        assert {row["outcome"] for row in rows.values()} <= {"completed", "lost"}
        await _hold_charges(db)


async def _hold_charges(db: asyncpg.Connection) -> None:
    """Every completed request is charged, once and exactly, and nothing else is."""
    owed = {str(row["id"]) for row in await db.fetch("SELECT id FROM requests WHERE outcome = 'completed'")}
    charges = await db.fetch("SELECT source_id, amount FROM transactions")
    assert {row["source_id"] for row in charges} == owed
    assert len(charges) == len(owed)
    assert {row["amount"] for row in charges} <= {Decimal("0.000018")}


class _Writer:
    """A real process with a real journal."""

    def __init__(self, journal_dir: Path, seed: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.recorder.writer", str(journal_dir / str(uuid.uuid4())), str(seed)],
            stdout=subprocess.PIPE,
            text=True,
        )

    async def kill_after(self, lines: int, promised: _Promised) -> None:
        """kill -9 when it has said so many things; what it had still said counts as well."""
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            for _ in range(lines):
                self._note(await asyncio.to_thread(stdout.readline), promised)
            self._process.send_signal(signal.SIGKILL)
            for line in await asyncio.to_thread(stdout.readlines):
                self._note(line, promised)
        self._process.wait(10)

    def _note(self, line: str, promised: _Promised) -> None:
        if line.endswith("\n"):
            kind, event_id = line.split()
            (promised.opened if kind == "O" else promised.closed).add(bytes.fromhex(event_id))


def _gone(journal_dir: Path) -> bool:
    return not [path for path in journal_dir.iterdir() if path.name != "quarantine"]


@contextmanager
def _cancelling(engine: AsyncEngine, at_statement: int, task: asyncio.Task[None]) -> Iterator[list[str]]:
    """Cancels `task` in the middle of the engine's n-th statement or commit; yields what was begun."""
    begun: list[str] = []

    def note(what: str) -> None:
        begun.append(what)
        if len(begun) == at_statement:
            task.cancel()

    def statement(_connection: object, _cursor: object, text: str, *_: object) -> None:
        note(text)

    def commit(_connection: object) -> None:
        note("COMMIT")

    event.listen(engine.sync_engine, "before_cursor_execute", statement)
    event.listen(engine.sync_engine, "commit", commit)
    try:
        yield begun
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", statement)
        event.remove(engine.sync_engine, "commit", commit)


async def _live(recorder: Recorder, engine: AsyncEngine, cancelled_at: int) -> list[str]:
    recorder.stop()
    task = asyncio.create_task(recorder.run())
    with _cancelling(engine, cancelled_at, task) as begun, suppress(asyncio.CancelledError):
        await task
    return begun


async def test_a_recorder_that_dies_at_any_statement_loses_and_doubles_nothing(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    await put_a_price(db)
    charged = position = 0
    for death in range(1, 200):
        await db.execute("TRUNCATE requests, open_requests, request_bodies, journal_positions")
        worker = HandMade(journal_dir)
        done, left = new_id(), new_id()
        worker.write(opened(done), opened(left))
        worker.rotate()
        worker.write(bodies(done), closed(done))
        worker.die()
        begun = await _live(Recorder(engine, journal_dir), engine, death)
        positions = await db.fetch("SELECT position FROM journal_positions ORDER BY segment")
        await _live(Recorder(engine, journal_dir), engine, 0)
        rows = {row["id"].bytes: row for row in await db.fetch("SELECT * FROM requests")}
        assert {event_id: row["outcome"] for event_id, row in rows.items()} == {done: "completed", left: "lost"}, begun
        assert rows[done]["input_tokens"] == 11
        charges = await db.fetch("SELECT source_id FROM transactions ORDER BY sequence")
        assert [row["source_id"] for row in charges[charged:]] == [str(uuid.UUID(bytes=done))], begun
        charged = len(charges)
        assert await db.fetchval("SELECT count(*) FROM request_bodies") == 1
        assert _gone(journal_dir)
        position = max(position, len(positions))
        if len(begun) < death:
            break
    else:
        pytest.fail("the recorder never came to its end")
    assert death > 10, "it was killed at each of its statements"


async def test_killed_writers_and_cancelled_recorders_keep_every_promise(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    await put_a_price(db)
    dice = random.Random(20)
    promised = _Promised()

    async def recorders() -> None:
        while True:
            task = asyncio.create_task(Recorder(engine, journal_dir).run())
            try:
                await asyncio.sleep(dice.random() * 0.2)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    chaos = [asyncio.create_task(recorders()) for _ in range(2)]
    try:
        for _ in range(4):
            writers = [_Writer(journal_dir, dice.randrange(1000)) for _ in range(2)]
            await asyncio.gather(*(w.kill_after(dice.randrange(1, 1500), promised) for w in writers))
    finally:
        for task in chaos:
            task.cancel()
        await asyncio.gather(*chaos, return_exceptions=True)
    async with running(Recorder(engine, journal_dir)):
        await eventually(lambda: _gone(journal_dir))
    await promised.hold(db)
    assert len(promised.closed) > 100


async def test_cut_connections_lose_and_double_nothing(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    await put_a_price(db)
    promised = _Promised()
    seen: dict[tuple[uuid.UUID, int], int] = {}

    async def cut() -> None:
        while True:
            await db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            for row in await db.fetch("SELECT * FROM journal_positions"):
                place = (row["worker_id"], row["segment"])
                assert row["position"] >= seen.get(place, 0), "positions never go back"
                seen[place] = row["position"]
            await asyncio.sleep(0.005)

    async with running(Recorder(engine, journal_dir, jitter=lambda: 0.0)):
        cutting = asyncio.create_task(cut())
        await _Writer(journal_dir, 1).kill_after(4000, promised)
        await asyncio.sleep(0)
        cutting.cancel()
        await asyncio.gather(cutting, return_exceptions=True)
        assert cutting.cancelled()
        await eventually(lambda: _gone(journal_dir))
    await promised.hold(db)


async def test_a_database_that_goes_and_comes_back_misses_nothing(journal_dir: Path) -> None:
    home = Path(tempfile.mkdtemp(prefix="postgres-"))  # short, so that its URL does not change
    server = EmbeddedPostgres(home / "postgres")
    url = await asyncio.to_thread(server.start)
    try:
        await migrate(url)
        engine = open_engine(url, pool_size=2)
        db = await connect(url)
        await populate(db)
        await put_a_price(db)
        await db.close()
        promised = _Promised()
        async with running(Recorder(engine, journal_dir)) as recorder:
            writing = asyncio.create_task(_Writer(journal_dir, 2).kill_after(3000, promised))
            await asyncio.to_thread(server.stop)
            await writing
            assert _backlog(recorder) > 0
            assert await asyncio.to_thread(server.start) == url
            await eventually(lambda: _gone(journal_dir))
        await engine.dispose()
        db = await connect(url)
        await promised.hold(db)
        await db.close()
    finally:
        await asyncio.to_thread(server.stop)
        shutil.rmtree(home)


def _backlog(recorder: Recorder) -> float:
    return next(s.value for s in recorder.samples() if s.name == "control_layer_recorder_backlog_bytes")
