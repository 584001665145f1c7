"""Requests and what was said in them lie with their day, whatever the clock; days go when they are old or too much."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.recorder.journals import bodies, closed, new_id
from tests.recorder.recording import record

from control_layer.recorder import Folding, Keep, Retention
from control_layer.recorder.partitions import Days

_NOON = datetime(2026, 9, 21, 12, tzinfo=UTC)
_DAY = timedelta(days=1)
_EVERYTHING = Keep(None, None)


async def _put(engine: AsyncEngine, *times: datetime, said: bytes = b"") -> None:
    """A request with bodies at each time, which has been added up."""
    for at in times:
        event_id = new_id()
        await Days(engine).ensure([at.date()])
        await record(engine, [bodies(event_id, request=said), closed(event_id, at=at.timestamp())])
    await Folding(engine).fold()


async def _where(db: asyncpg.Connection, table: str = "requests") -> dict[str, int]:
    """How many rows each partition has."""
    rows = await db.fetch(f"SELECT tableoid::regclass::text AS part, count(*) FROM {table} GROUP BY 1")  # noqa: S608
    return {row["part"]: row["count"] for row in rows}


async def _partitions(db: asyncpg.Connection, table: str) -> set[str]:
    rows = await db.fetch(
        "SELECT inhrelid::regclass::text AS part FROM pg_inherits WHERE inhparent = $1::regclass", table
    )
    return {row["part"] for row in rows}


def _retention(engine: AsyncEngine, *, requests: Keep = _EVERYTHING, bodies: Keep = _EVERYTHING) -> Retention:
    return Retention(engine, requests=requests, bodies=bodies, minutes=timedelta(days=3), sums=None, now=lambda: _NOON)


async def test_rows_lie_with_their_day_in_utc(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    midnight = datetime(2026, 9, 21, tzinfo=UTC)
    await _put(engine, midnight - timedelta(microseconds=1), midnight, midnight + _DAY - timedelta(seconds=1))
    assert await _where(db) == {"requests_20260920": 1, "requests_20260921": 2}
    assert await _where(db, "request_bodies") == {"request_bodies_20260920": 1, "request_bodies_20260921": 2}


@pytest.mark.parametrize("at", [datetime(1970, 1, 2, tzinfo=UTC), datetime(2345, 6, 7, tzinfo=UTC)])
async def test_a_clock_that_is_far_off_makes_no_partition(
    engine: AsyncEngine, db: asyncpg.Connection, at: datetime
) -> None:
    before = await _partitions(db, "requests")
    await _put(engine, at)
    assert await _where(db) == {"requests_default": 1}
    assert await _partitions(db, "requests") == before


async def test_recording_waits_for_no_reader_and_the_rows_move_when_their_day_is_made(
    engine: AsyncEngine, db: asyncpg.Connection, database_url: str
) -> None:
    clock = 0.0
    days = Days(engine, clock=lambda: clock)
    async with db.transaction():
        await db.execute("LOCK TABLE requests_default IN ACCESS SHARE MODE")  # as whoever reads the log for long
        await days.ensure([_NOON.date()])
        await record(engine, [closed(new_id(), at=_NOON.timestamp())])
        await days.ensure([_NOON.date()])  # not tried again at once
    assert await _where(db) == {"requests_default": 1}
    clock = 61.0
    await days.ensure([_NOON.date()])
    assert await _where(db) == {"requests_20260921": 1}


async def test_hosts_that_make_a_day_at_once_make_one(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    await asyncio.gather(*(Days(engine).ensure([_NOON.date()]) for _ in range(4)))
    assert "requests_20260921" in await _partitions(db, "requests")


async def test_days_to_come_have_their_partitions(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    await _retention(engine).apply()
    assert {f"requests_2026092{day}" for day in (1, 2, 3)} <= await _partitions(db, "requests")
    assert {f"request_bodies_2026092{day}" for day in (1, 2, 3)} <= await _partitions(db, "request_bodies")


async def test_what_is_too_old_goes_by_the_day_and_bodies_before_rows(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    await _put(engine, *(_NOON - days * _DAY for days in range(6)), datetime(1999, 1, 1, tzinfo=UTC))
    keep = {"requests": Keep(3 * _DAY, None), "bodies": Keep(_DAY, None)}
    await _retention(engine, **keep).apply()
    assert await _where(db) == {f"requests_202609{day}": 1 for day in (18, 19, 20, 21)}
    assert await _where(db, "request_bodies") == {f"request_bodies_202609{day}": 1 for day in (20, 21)}
    assert "requests_20260917" not in await _partitions(db, "requests")
    await _retention(engine, **keep).apply()
    assert sum((await _where(db)).values()) == 4


async def test_what_is_too_much_goes_from_the_oldest_day_on_but_never_today(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    await _put(engine, *(_NOON - days * _DAY for days in range(4)), said=bytes(range(256)) * 40_000)
    size = "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'request_bodies'::regclass"
    await _retention(engine).apply()
    total = int(await db.fetchval(size))
    a_day = int(await db.fetchval("SELECT pg_total_relation_size('request_bodies_20260921')"))
    await _retention(engine, bodies=Keep(None, total - a_day - 1)).apply()
    assert sorted(await _where(db, "request_bodies")) == ["request_bodies_20260920", "request_bodies_20260921"]
    await _retention(engine, bodies=Keep(None, 0)).apply()
    assert sorted(await _where(db, "request_bodies")) == ["request_bodies_20260921"]
    assert len(await _where(db)) == 4


async def test_hosts_that_drop_days_at_once_do_so_once(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    await _put(engine, *(_NOON - days * _DAY for days in range(8)))
    hosts = [_retention(engine, requests=Keep(_DAY, None)) for _ in range(3)]
    await asyncio.gather(*(host.apply() for host in hosts))
    await hosts[0].apply()
    assert sorted(await _where(db)) == ["requests_20260920", "requests_20260921"]


async def test_a_reader_keeps_a_day_for_a_while(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    await _put(engine, _NOON - 5 * _DAY, _NOON)
    retention = _retention(engine, requests=Keep(_DAY, None))
    async with db.transaction():
        await db.execute("LOCK TABLE requests_20260916 IN ACCESS SHARE MODE")
        await retention.apply()
    assert date(2026, 9, 16).strftime("requests_%Y%m%d") in await _where(db)
    await retention.apply()
    assert list(await _where(db)) == ["requests_20260921"]
