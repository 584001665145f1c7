"""From journals to rows: every request once, whatever stands in the journals and whoever dies."""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.recorder.journals import KEY, USER, HandMade, bodies, closed, new_id, opened
from tests.recorder.recording import eventually, running

from control_layer.contract.usage import Attempt, Tokens, encode_record
from control_layer.recorder import Recorder


async def _rows(db: asyncpg.Connection) -> dict[bytes, asyncpg.Record]:
    return {row["id"].bytes: row for row in await db.fetch("SELECT * FROM requests")}


async def _outcomes(db: asyncpg.Connection) -> dict[bytes, str]:
    """Of every request; `open` when it is under way."""
    under_way = {row["id"].bytes: "open" for row in await db.fetch("SELECT id FROM open_requests")}
    return under_way | {event_id: row["outcome"] for event_id, row in (await _rows(db)).items()}


async def _record_all(engine: AsyncEngine, journal_dir: Path, *, announcing: bool = False) -> Recorder:
    """One recorder's whole life over what is there."""
    recorder = Recorder(engine, journal_dir, announcing=announcing)
    recorder.stop()
    await recorder.run()
    return recorder


async def test_a_request_opens_and_closes_in_one_row(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    worker = HandMade(journal_dir)
    event_id = new_id()
    async with running(Recorder(engine, journal_dir)):
        worker.write(opened(event_id))
        await eventually(lambda: _outcomes(db))
        assert await _outcomes(db) == {event_id: "open"}
        assert await _rows(db) == {}
        worker.write(closed(event_id))

        async def completed() -> bool:
            return (await _outcomes(db)) == {event_id: "completed"}

        await eventually(completed)
    assert await db.fetchval("SELECT count(*) FROM open_requests") == 0
    row = (await _rows(db))[event_id]
    assert (row["status"], row["input_tokens"], row["output_tokens"], row["cached_input_tokens"]) == (200, 11, 7, 3)
    assert (row["reasoning_tokens"], row["token_source"], row["finish_reason"]) == (None, "provider", "stop")
    assert (row["first_byte_seconds"], row["duration_seconds"]) == (0.125, 0.5)
    assert (row["worker_id"], row["key_id"], row["user_id"]) == (worker.worker_id, KEY, USER)
    assert row["at"].timestamp() == pytest.approx(1_790_000_000.25)


async def test_what_a_dead_gateway_left_open_is_lost_and_its_journal_goes(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    worker = HandMade(journal_dir)
    left, done = new_id(), new_id()
    async with running(Recorder(engine, journal_dir)) as recorder:
        worker.write(opened(left), opened(done), closed(done))
        await eventually(lambda: _outcomes(db))
        assert await _outcomes(db) == {left: "open", done: "completed"}
        assert worker.directory.exists()
        worker.die()
        await eventually(lambda: not worker.directory.exists())
        await eventually(lambda: _forgotten(db))
    row = (await _rows(db))[left]
    assert (row["outcome"], row["error"], row["status"], row["token_source"]) == ("lost", "gateway_lost", None, "none")
    assert (await _outcomes(db))[done] == "completed"
    lost = next(sample for sample in recorder.samples() if sample.name == "control_layer_lost_requests_total")
    assert lost.value == 1


async def _forgotten(db: asyncpg.Connection) -> bool:
    return bool(await db.fetchval("SELECT count(*) FROM journal_positions") == 0)


async def test_recorded_segments_are_deleted_but_a_living_gateways_last(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    worker = HandMade(journal_dir)
    ids = [new_id() for _ in range(4)]
    for event_id in ids:
        worker.write(opened(event_id), closed(event_id))
        worker.rotate()
    async with running(Recorder(engine, journal_dir)):
        await eventually(lambda: len(list(worker.directory.glob("*.seg"))) == 1)
        worker.write(opened(ids[0]))
        await eventually(lambda: _only_position(db, 5))
    assert worker.segment.exists()
    assert await _outcomes(db) == dict.fromkeys(ids, "completed")


async def _only_position(db: asyncpg.Connection, segment: int) -> bool:
    return [row["segment"] for row in await db.fetch("SELECT segment FROM journal_positions")] == [segment]


async def test_a_replay_changes_nothing(engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path) -> None:
    worker = HandMade(journal_dir)
    event_id = new_id()
    worker.write(opened(event_id), bodies(event_id), closed(event_id))
    await _record_all(engine, journal_dir)
    before = (await _rows(db))[event_id]
    await db.execute("DELETE FROM journal_positions")  # as if the database were an older copy
    worker.write(opened(event_id), closed(event_id, status=500, outcome="failed"))
    await _record_all(engine, journal_dir)
    assert (await _rows(db)) == {event_id: before}


async def test_texts_and_counts_that_postgres_cannot_hold_are_made_fit(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    worker = HandMade(journal_dir)
    event_id = new_id()
    worker.write(
        closed(
            event_id,
            model="a\0b",
            user_agent="\0",
            status=-5,
            deployment_id="none",
            attempts=(Attempt("d", "e", None, "no\0", float("nan")),),
            first_byte=float("inf"),
            tokens=Tokens(input=2**64 - 1, output=-1, source="provider"),
        )
    )
    await _record_all(engine, journal_dir)
    row = (await _rows(db))[event_id]
    assert (row["model"], row["user_agent"], row["status"], row["deployment_id"]) == ("a\ufffdb", "\ufffd", None, None)
    assert (row["input_tokens"], row["output_tokens"], row["first_byte_seconds"]) == (2**63 - 1, 0, None)


async def test_bodies_are_kept_for_owners_who_let_us(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    private = uuid.uuid4()
    await db.execute(
        "INSERT INTO users (id, username, email, auth_source, zero_data_retention) "
        "VALUES ($1, 'p', 'p', 'native', true)",
        private,
    )
    worker = HandMade(journal_dir)
    discreet = uuid.uuid4()
    await db.execute(
        "INSERT INTO api_keys (id, name, user_id, created_by, secret_digest, secret_prefix, zero_data_retention) "
        "SELECT $1, 'd', id, id, '\\x01', 'sk-', true FROM users WHERE id = $2",
        discreet,
        USER,
    )
    kept, secret, strange, unknown, hidden = (new_id() for _ in range(5))
    worker.write(opened(kept), bodies(kept), closed(kept))
    worker.write(opened(secret, user_id=str(private)), bodies(secret), closed(secret, user_id=str(private)))
    worker.write(opened(strange, user_id=str(uuid.uuid4())), bodies(strange))
    worker.write(bodies(unknown))
    worker.write(opened(hidden, key_id=str(discreet)), bodies(hidden), closed(hidden, key_id=str(discreet)))
    await _record_all(engine, journal_dir)
    stored = await db.fetch("SELECT * FROM request_bodies")
    assert [row["request_id"].bytes for row in stored] == [kept]
    assert (stored[0]["response"], stored[0]["response_truncated"]) == (b"\0\xff", True)
    assert stored[0]["at"] == (await _rows(db))[kept]["at"]


async def test_sinks_are_told_what_ended_once(engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path) -> None:
    worker = HandMade(journal_dir)
    ended, lost, unsaid = [new_id() for _ in range(3)], new_id(), new_id()
    worker.write(opened(unsaid), closed(unsaid))
    await _record_all(engine, journal_dir)
    assert await db.fetchval("SELECT count(*) FROM recorded_batches") == 0
    for event_id in ended:
        worker.write(opened(event_id), closed(event_id))
    worker.write(opened(lost))
    for _ in range(2):
        await _record_all(engine, journal_dir, announcing=True)
        await db.execute("DELETE FROM journal_positions")  # as if the database were an older copy
    assert await _announced(db) == sorted(ended)
    worker.die()
    await _record_all(engine, journal_dir, announcing=True)
    assert await _announced(db) == sorted([*ended, lost])
    assert await db.fetchval("SELECT sum(requests) FROM recorded_batches") == 4


async def _announced(db: asyncpg.Connection) -> list[bytes]:
    return sorted(id_.bytes for row in await db.fetch("SELECT ids FROM recorded_batches") for id_ in row["ids"])


async def test_a_torn_last_record_is_no_damage(engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path) -> None:
    worker = HandMade(journal_dir)
    whole, torn = new_id(), new_id()
    worker.write(opened(whole), encode_record(opened(torn))[:-3])
    worker.die()
    recorder = await _record_all(engine, journal_dir)
    assert await _outcomes(db) == {whole: "lost"}
    assert not worker.directory.exists()
    assert not (journal_dir / "quarantine").exists()
    assert recorder._quarantine.records == 0


async def test_a_damaged_record_is_set_aside_and_the_rest_is_recorded(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    worker = HandMade(journal_dir)
    before, hit, behind = (new_id() for _ in range(3))
    damaged = bytearray(encode_record(opened(hit)))
    damaged[20] ^= 0xFF
    worker.write(opened(before), bytes(damaged), opened(behind), closed(behind))
    recorder = await _record_all(engine, journal_dir)
    assert await _outcomes(db) == {before: "open", behind: "completed"}
    copy = journal_dir / "quarantine" / f"{worker.worker_id}-00000001.seg"
    assert copy.read_bytes() == worker.segment.read_bytes()
    assert recorder._quarantine.records == 1
    later = new_id()
    worker.write(opened(later))
    await _record_all(engine, journal_dir)
    assert (await _outcomes(db))[later] == "open"


async def test_a_damaged_length_does_not_hide_what_follows(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    worker = HandMade(journal_dir)
    hit, behind = new_id(), new_id()
    damaged = bytearray(encode_record(opened(hit)))
    damaged[1] = 0x70  # the record would now reach behind the end of the segment
    worker.write(bytes(damaged), opened(behind), closed(behind))
    worker.die()
    await _record_all(engine, journal_dir)
    assert await _outcomes(db) == {behind: "completed"}
    assert not worker.directory.exists()


async def test_a_record_without_identity_does_not_block_the_others(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    worker = HandMade(journal_dir)
    good = [new_id() for _ in range(20)]
    for number, event_id in enumerate(good):
        worker.write(opened(event_id))
        if number % 7 == 3:
            worker.write(opened(new_id(), user_id="nobody"), opened(b"short"), opened(new_id(), at=float("nan")))
    recorder = await _record_all(engine, journal_dir)
    assert await _outcomes(db) == dict.fromkeys(good, "open")
    assert recorder._quarantine.records == 9


async def test_a_record_that_the_database_refuses_does_not_block_the_others(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    for table in ("open_requests", "requests"):
        await db.execute(f"ALTER TABLE {table} ADD CHECK (model <> 'poison')")
    worker = HandMade(journal_dir)
    good = [new_id() for _ in range(20)]
    for event_id in good:
        worker.write(opened(event_id))
    worker.write(opened(new_id(), model="poison"))
    for event_id in good:
        worker.write(closed(event_id))
    worker.die()
    recorder = await _record_all(engine, journal_dir)
    assert await _outcomes(db) == dict.fromkeys(good, "completed")
    assert recorder._quarantine.records == 1


async def test_a_journal_that_cannot_be_read_does_not_block_the_others(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    broken, sound = HandMade(journal_dir), HandMade(journal_dir)
    broken.segment.unlink()
    broken.segment.mkdir()
    event_id = new_id()
    sound.write(opened(event_id))
    async with running(Recorder(engine, journal_dir)):
        await eventually(lambda: _outcomes(db))
    assert await _outcomes(db) == {event_id: "open"}


async def test_keys_are_marked_as_used_at_most_once_a_minute(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    time = 1000.0
    worker = HandMade(journal_dir)

    async def last_used() -> float | None:
        at = await db.fetchval("SELECT last_used FROM api_keys WHERE id = $1", KEY)
        return at.timestamp() if at else None

    async with running(Recorder(engine, journal_dir, clock=lambda: time)):
        worker.write(opened(new_id(), at=100.0))
        await eventually(lambda: _equals(last_used, 100.0))
        second = new_id()
        worker.write(opened(second, at=130.0))
        await eventually(lambda: _has(db, second))
        third = new_id()
        worker.write(opened(third, at=120.0))  # a round later, so the second's use would have been passed on
        await eventually(lambda: _has(db, third))
        assert await last_used() == 100.0
        time = 1060.0
        await eventually(lambda: _equals(last_used, 130.0))


async def _equals(function: object, value: object) -> bool:
    return await function() == value  # type: ignore[operator,no-any-return]


async def _has(db: asyncpg.Connection, event_id: bytes) -> bool:
    return event_id in await _outcomes(db)


async def test_two_recorders_at_once_record_everything_once(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    workers = [HandMade(journal_dir) for _ in range(4)]
    ids: list[bytes] = []
    async with running(Recorder(engine, journal_dir)), running(Recorder(engine, journal_dir)):
        for _ in range(30):
            for worker in workers:
                for _ in range(5):
                    ids.append(event_id := new_id())
                    worker.write(opened(event_id), bodies(event_id), closed(event_id))
                worker.rotate()
            await asyncio.sleep(0)
        for worker in workers:
            worker.die()
        await eventually(lambda: not list(journal_dir.glob("*-*")))
    assert await _outcomes(db) == dict.fromkeys(ids, "completed")
    assert await db.fetchval("SELECT count(*) FROM request_bodies") == len(ids)


async def test_stopping_records_what_is_there(engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path) -> None:
    worker = HandMade(journal_dir)
    ids = [new_id() for _ in range(3000)]
    for number, event_id in enumerate(ids):
        worker.write(opened(event_id), closed(event_id))
        if number % 500 == 0:
            worker.rotate()
    worker.die()
    recorder = await _record_all(engine, journal_dir)
    assert await _outcomes(db) == dict.fromkeys(ids, "completed")
    assert not worker.directory.exists()
    backlog = next(sample for sample in recorder.samples() if sample.name == "control_layer_recorder_backlog_bytes")
    assert backlog.value == 0


async def test_a_huge_record_is_recorded(engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path) -> None:
    worker = HandMade(journal_dir)
    event_id = new_id()
    worker.write(opened(event_id), bodies(event_id, request=b"x" * 5_000_000), closed(event_id))
    await _record_all(engine, journal_dir)
    assert await db.fetchval("SELECT length(request) FROM request_bodies") == 5_000_000
    assert await _outcomes(db) == {event_id: "completed"}


async def test_what_a_gateway_left_while_it_began_is_removed(engine: AsyncEngine, journal_dir: Path) -> None:
    nascent = journal_dir / f".{uuid.uuid4()}"
    nascent.mkdir()
    fresh = journal_dir / f".{uuid.uuid4()}"
    fresh.mkdir()
    os.utime(nascent, (0, 0))
    await _record_all(engine, journal_dir)
    assert not nascent.exists()
    assert fresh.exists()
    shutil.rmtree(fresh)
