"""Every request is added to the sums once, whatever dies or comes again; days wait for it before they go."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.recorder.journals import KEY, closed, new_id, opened
from tests.recorder.population import put_a_price
from tests.recorder.recording import eventually, record
from tests.recorder.traffic import FIRST_DAY, MEASURES, added_up, request

from control_layer.contract.usage import Attempt
from control_layer.recorder import Folding, Keep, Retention
from control_layer.recorder.ledger import Ledger
from control_layer.recorder.partitions import Days
from control_layer.recorder.rows import rows_of
from control_layer.store.measures import ACCOUNT, MODEL

_ROLLUPS = {
    "model_minutes": ("minute", MODEL),
    "model_hours": ("hour", MODEL),
    "model_days": ("day", MODEL),
    "account_hours": ("hour", ACCOUNT),
    "account_days": ("day", ACCOUNT),
}
_ENDPOINT = "00000000-0000-0000-0000-00000000000e"


async def _assert_sums_are_right(db: asyncpg.Connection) -> None:
    """In every rollup, against the requests added up here."""
    requests = await db.fetch("SELECT * FROM requests")
    for rollup, (unit, dimensions) in _ROLLUPS.items():

        def key(
            row: Mapping[str, Any], unit: str = unit, dimensions: Mapping[str, str] = dimensions
        ) -> tuple[Any, ...]:
            return _start(unit, row["at"]), *(_value(row, name) for name in dimensions)

        expected = added_up(requests, key)
        found = {
            (row["at"], *(None if row[name] is None else str(row[name]) for name in dimensions)): row
            for row in await db.fetch(f"SELECT * FROM {rollup} WHERE requests <> 0")  # noqa: S608
        }
        assert found.keys() == expected.keys(), rollup
        for group, sums in expected.items():
            last = sums.pop("last_at")
            # Of those that were lost it is that of all that ever were.
            assert found[group]["last_at"] == last or (
                found[group]["status"] is None and found[group]["last_at"] > last
            )
            sums["seconds"] = pytest.approx(sums["seconds"])
            assert {name: found[group][name] or 0 for name in MEASURES} == sums, rollup
    timed = sum(row["duration_seconds"] is not None for row in requests)
    first = sum(row["stream"] and row["first_byte_seconds"] is not None for row in requests)
    for rollup in ("latency_hours", "latency_days"):
        for models in ("=", "<>"):
            counted = await db.fetch(
                f"SELECT measure, sum(of_all) FROM {rollup}, unnest(counts) AS of_all "  # noqa: S608
                f"WHERE model {models} '' GROUP BY measure"
            )
            known = {row["measure"]: row["sum"] for row in counted}
            assert {"total": 0, "first_token": 0, **known} == {"total": timed, "first_token": first}


def _start(unit: str, at: datetime) -> datetime:
    at = at.astimezone(UTC)
    return at.replace(
        hour=0 if unit == "day" else at.hour, minute=at.minute if unit == "minute" else 0, second=0, microsecond=0
    )


def _value(row: Mapping[str, Any], name: str) -> str | None:
    if name != "endpoint_id":
        return None if row[name] is None else str(row[name])
    attempts = json.loads(row["attempts"])
    return _ENDPOINT if attempts and attempts[-1]["endpoint_id"] == _ENDPOINT else None


async def test_sums_are_those_of_the_requests_whatever_is_killed_or_comes_again(
    engine: AsyncEngine, db: asyncpg.Connection, database_url: str
) -> None:
    await put_a_price(db)
    dice = random.Random(5)
    for _ in range(4):
        batch = [request(dice) for _ in range(150)]
        await Days(engine).ensure({datetime.fromtimestamp(end.at, UTC).date() for _, end in batch})
        await record(engine, [each for pair in batch for each in pair])
        await record(engine, [end for _, end in dice.sample(batch, 50)])  # again
        folder = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.recorder.folder", database_url, "7"), stdout=asyncio.subprocess.PIPE
        )
        assert folder.stdout is not None
        for _ in range(dice.randrange(1, 8)):
            await folder.stdout.readline()
        folder.kill()  # in the middle of the next
        await folder.wait()
    await _fold_all(engine, db)
    assert await db.fetchval("SELECT sum(requests) FROM model_days") == 600
    await _assert_sums_are_right(db)


@pytest.mark.parametrize("folds", [(0, 0), (1, 0), (0, 1), (1, 1)], ids=str)
async def test_who_ends_after_having_been_given_up_counts_once(
    engine: AsyncEngine, db: asyncpg.Connection, folds: tuple[int, int]
) -> None:
    await put_a_price(db)
    dice = random.Random(6)
    ends, ledger = [], Ledger(engine)
    for number in range(8):
        worker = uuid.uuid4()
        begin, end = request(dice)
        await ledger.record(worker, 1, 0, 1, rows_of([begin], worker))
        await ledger.give_up(worker)
        if number < 5:
            ends.append(end)
    for batch, fold in zip(([], ends, ends), (folds[0], folds[1], 1), strict=True):
        await record(engine, batch)
        if fold:
            await _fold_all(engine, db)
    assert await db.fetchval("SELECT count(*) FROM requests WHERE outcome = 'lost'") == 3
    await _assert_sums_are_right(db)


async def test_a_key_that_is_gone_leaves_the_sums_as_they_were(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    await db.execute("UPDATE api_keys SET purpose = 'playground' WHERE id = $1", KEY)
    worker, ledger = uuid.uuid4(), Ledger(engine)
    event_id = new_id()
    await ledger.record(worker, 1, 0, 1, rows_of([opened(event_id)], worker))
    await ledger.give_up(worker)
    await _fold_all(engine, db)
    await db.execute("DELETE FROM api_keys WHERE id = $1", KEY)
    await record(engine, [closed(event_id), closed(new_id())])
    await _fold_all(engine, db)
    rows = await db.fetch("SELECT purpose, sum(requests) FROM account_days GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in rows] == [("playground", 1), ("realtime", 1)]
    await _assert_sums_are_right(db)


@pytest.mark.parametrize(
    "endpoint_id",
    [
        *("", "none", "0" * 36, "-" * 36, "--------0000-0000-0000-000000000000"),
        *("--------" + _ENDPOINT[8:], _ENDPOINT[:-1] + "g", _ENDPOINT + "0"),
    ],
)
async def test_what_is_no_endpoint_ends_no_folding(
    engine: AsyncEngine, db: asyncpg.Connection, endpoint_id: str
) -> None:
    attempts = [(Attempt("x", each, 200, None, 0.5),) for each in (endpoint_id, _ENDPOINT)]
    await record(engine, [closed(new_id(), attempts=attempt) for attempt in attempts])
    await _fold_all(engine, db)
    rows = await db.fetch("SELECT endpoint_id::text FROM model_days ORDER BY endpoint_id")
    assert [row["endpoint_id"] for row in rows] == [_ENDPOINT, None]


async def test_samples_say_how_many_wait_and_how_many_are_folded(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    await record(engine, [closed(new_id()) for _ in range(5)])
    folding = Folding(engine, clock=lambda: 0.0, most=2)
    await db.execute("SELECT pg_advisory_lock($1)", 0x666F6C64)  # as a host that folds
    running = asyncio.create_task(folding.run())
    try:
        await eventually(lambda: _samples(folding) == {"unfolded_requests": 5, "folded_requests_total": 0})
    finally:
        running.cancel()


def _samples(folding: Folding) -> dict[str, float]:
    return {sample.name.removeprefix("control_layer_"): sample.value for sample in folding.samples()}


async def test_two_folders_at_once_are_one(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    dice = random.Random(7)
    await record(engine, [request(dice)[1] for _ in range(200)])
    one, other = Folding(engine, most=20), Folding(engine, most=20)
    while await _waiting(db):
        await asyncio.gather(one.fold(), other.fold())
    await _assert_sums_are_right(db)


async def test_requests_outlast_their_folding_and_sums_outlast_requests(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    noon = FIRST_DAY + timedelta(days=4, hours=12)
    old, ancient = FIRST_DAY + timedelta(hours=5), datetime(1970, 1, 2, tzinfo=UTC)
    await Days(engine).ensure([FIRST_DAY.date()])
    await record(engine, [closed(new_id(), at=old.timestamp())])
    await _fold_all(engine, db)
    assert await db.fetchval("SELECT array_agg(at) FROM model_minutes") == [old]
    await record(engine, [closed(new_id(), at=at.timestamp()) for at in (old, ancient, noon)])
    month = timedelta(days=30)
    retention = _retention(engine, noon, requests=timedelta(days=1), minutes=timedelta(days=1), sums=month)
    await retention.apply()
    assert await db.fetchval("SELECT count(*) FROM requests") == 4
    await _fold_all(engine, db)
    await retention.apply()
    assert await db.fetchval("SELECT array_agg(at) FROM requests") == [noon]
    assert await db.fetchval("SELECT requests_since FROM traffic_horizon") == noon - timedelta(days=1)
    assert await db.fetchval("SELECT array_agg(at) FROM model_minutes") == [noon]
    assert await db.fetchval("SELECT minutes_since FROM traffic_horizon") == noon - timedelta(days=1)
    for rollup in ("model_days", "account_hours", "account_days"):
        assert await db.fetchval(f"SELECT sum(requests) FROM {rollup}") == 3  # noqa: S608


def _retention(
    engine: AsyncEngine, now: datetime, *, requests: timedelta, minutes: timedelta, sums: timedelta
) -> Retention:
    keep = Keep(requests, None)
    return Retention(engine, requests=keep, bodies=keep, minutes=minutes, sums=sums, now=lambda: now)


async def _fold_all(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    """A killed folder's connection may still hold the lock for a moment."""
    folding = Folding(engine)
    while await _waiting(db):
        await folding.fold()


async def _waiting(db: asyncpg.Connection) -> bool:
    waiting: bool = await db.fetchval("SELECT EXISTS (SELECT FROM unfolded_requests)")
    return waiting
