"""Journals that wait for long lose bodies when they take too much room, the oldest first, and never anything else."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import uuid
from contextlib import suppress
from pathlib import Path

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.recorder.journals import HandMade, bodies, closed, new_id, opened
from tests.recorder.population import put_a_price
from tests.recorder.recording import eventually, running

from control_layer.contract.usage import Bodies, decode_records, encode_record
from control_layer.recorder import Recorder
from control_layer.recorder.bound import JournalBound
from control_layer.recorder.journal import WorkerJournal
from control_layer.store.engine import open_engine

_SAID = b"x" * 10_000


def _fill(worker: HandMade, segments: int) -> list[bytes]:
    """A request with bodies in each segment; the last segment is begun and empty."""
    ids = []
    for number in range(segments):
        ids.append(event_id := new_id())
        worker.write(opened(event_id), bodies(event_id, request=_SAID), closed(event_id))
        os.utime(worker.segment, (1000 + number, 1000 + number))
        worker.rotate()
    return ids


def _with_bodies(worker: HandMade) -> list[int]:
    """Numbers of the segments that have some."""
    return [
        int(path.stem)
        for path in sorted(worker.directory.glob("[0-9]*.seg"))
        if any(isinstance(record, Bodies) for record, _ in decode_records(path.read_bytes()))
    ]


async def _record_all(engine: AsyncEngine, journal_dir: Path) -> None:
    recorder = Recorder(engine, journal_dir)
    recorder.stop()
    await recorder.run()


async def _completed(db: asyncpg.Connection) -> set[bytes]:
    return {row["id"].bytes for row in await db.fetch("SELECT id FROM requests WHERE outcome = 'completed'")}


async def test_the_oldest_bodies_go_and_every_request_is_recorded_and_charged(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    await put_a_price(db)
    worker = HandMade(journal_dir)
    ids = _fill(worker, 6)
    bound = JournalBound(journal_dir, 45_000)
    bound.enforce()
    assert _with_bodies(worker) == [1, 4, 5, 6]
    assert bound.removed == 2
    assert bound.size == sum(path.stat().st_size for path in worker.directory.glob("*.seg")) <= 45_000
    bound.enforce()
    assert bound.removed == 2
    worker.die()
    await _record_all(engine, journal_dir)
    assert await _completed(db) == set(ids)
    assert await db.fetchval("SELECT count(*) FROM transactions") == 6
    assert await db.fetchval("SELECT count(*) FROM request_bodies") == 4
    assert not (journal_dir / "quarantine").exists()


async def test_of_all_journals_the_oldest_segment_is_first(journal_dir: Path) -> None:
    young, old = HandMade(journal_dir), HandMade(journal_dir)
    _fill(young, 3)
    _fill(old, 3)
    for path in old.directory.glob("*.seg"):
        os.utime(path, (10, 10))
    JournalBound(journal_dir, 55_000).enforce()
    assert (_with_bodies(young), _with_bodies(old)) == ([1, 2, 3], [1, 3])


async def test_what_is_begun_or_being_written_stays_whole(journal_dir: Path) -> None:
    worker = HandMade(journal_dir)
    _fill(worker, 3)
    event_id = new_id()
    worker.write(bodies(event_id), closed(event_id))
    bound = JournalBound(journal_dir, 0)
    bound.enforce()
    assert _with_bodies(worker) == [1, 4]
    worker.die()
    bound.enforce()
    assert _with_bodies(worker) == [1]
    bound.enforce()
    assert bound.size > 0, "and what is left is more than is allowed, which stops nobody"


async def test_nothing_is_changed_while_somebody_records(journal_dir: Path) -> None:
    worker = HandMade(journal_dir)
    _fill(worker, 3)
    bound = JournalBound(journal_dir, 0)
    with WorkerJournal(worker.worker_id, worker.directory).recording() as free:
        assert free
        bound.enforce()
        assert _with_bodies(worker) == [1, 2, 3]
    journal = WorkerJournal(worker.worker_id, worker.directory)
    with journal.rewriting(), journal.recording() as free:
        assert not free
    bound.enforce()
    assert _with_bodies(worker) == [1]


async def test_damage_stays_for_whoever_looks_at_it(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    worker = HandMade(journal_dir)
    _fill(worker, 1)
    before, behind = new_id(), new_id()
    damaged = bytearray(encode_record(opened(new_id())))
    damaged[20] ^= 0xFF
    worker.write(bodies(before), closed(before), bytes(damaged), bodies(behind), closed(behind))
    whole = worker.segment.read_bytes()
    worker.rotate()
    JournalBound(journal_dir, 0).enforce()
    left = (worker.directory / "00000002.seg").read_bytes()
    assert whole.endswith(left[len(encode_record(closed(before))) :])
    worker.die()
    await _record_all(engine, journal_dir)
    assert {before, behind} <= await _completed(db)
    assert len(list((journal_dir / "quarantine").iterdir())) == 1


_PROGRAM = """
import sys
from pathlib import Path
from control_layer.recorder.bound import JournalBound
JournalBound(Path(sys.argv[1]), 0).enforce()
"""


async def test_whoever_dies_in_the_middle_of_it_loses_nothing(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    worker = HandMade(journal_dir)
    ids = _fill(worker, 40)

    def whole() -> int:
        return sum(path.stat().st_size > len(_SAID) for path in worker.directory.glob("[0-9]*.seg"))

    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _PROGRAM, str(journal_dir))
    await eventually(lambda: whole() < len(ids))
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
    worker.die()
    async with running(Recorder(engine, journal_dir)):
        await eventually(lambda: not worker.directory.exists())
    assert await _completed(db) == set(ids)


async def test_a_recorder_without_its_database_keeps_the_bound(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    nowhere = open_engine(f"postgresql:///x?host={journal_dir}/{uuid.uuid4()}", pool_size=1)
    worker = HandMade(journal_dir)
    ids = _fill(worker, 5)
    async with running(Recorder(nowhere, journal_dir, max_bytes=15_000)) as recorder:

        def removed() -> bool:
            values = {sample.name: sample.value for sample in recorder.samples()}
            return values["control_layer_journal_bodies_removed_total"] == 4

        await eventually(removed)
        assert next(s.value for s in recorder.samples() if s.name == "control_layer_journal_size_bytes") <= 15_000
    await nowhere.dispose()
    worker.die()
    await _record_all(engine, journal_dir)
    assert await _completed(db) == set(ids)
    shutil.rmtree(journal_dir)
