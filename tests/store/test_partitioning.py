"""Step 0017 on a database with traffic in it: every row is there afterwards, with its day; what was open still is.

And step 0020: they are added up."""

from __future__ import annotations

import uuid

import asyncpg
import pytest

from control_layer.recorder import Folding
from control_layer.store.engine import connect, open_engine
from control_layer.store.migrations import migrate

_BEFORE = "0016"
_INSERT = """
    INSERT INTO requests (id, at, worker_id, key_id, user_id, model, model_id, method, path, stream, outcome, cost)
    VALUES ($1, $2::text::timestamptz, $1, $1, $1, 'gpt', $1, 'POST', '/ai/v1/responses', false, $3, 0.5)
"""
_BODY = """
    INSERT INTO request_bodies (request_id, at, request, request_truncated, response, response_truncated)
    VALUES ($1, $2::text::timestamptz, 'asked', false, 'said', false)
"""
_TIMES = ("1970-01-02 00:00Z", "2026-03-01 23:59:59.999999Z", "2026-03-02 00:00Z", "2026-03-02 11:00Z", "infinity")


async def test_rows_move_into_the_partitions_of_their_days(empty_database_url: str) -> None:
    await migrate(empty_database_url, _BEFORE)
    db = await connect(empty_database_url)
    ids = [uuid.uuid4() for _ in _TIMES]
    for event_id, at in zip(ids, _TIMES, strict=True):
        await db.execute(_INSERT, event_id, at, "completed")
        await db.execute(_BODY, event_id, at)
    under_way = uuid.uuid4()
    await db.execute(_INSERT, under_way, "2026-03-02 12:00Z", "open")
    before = await db.fetch("SELECT id, at::text, sequence, cost FROM requests WHERE outcome <> 'open' ORDER BY id")
    last = await db.fetchval("SELECT max(sequence) FROM requests")

    await migrate(empty_database_url)

    after = await db.fetch("SELECT id, at::text, sequence, cost FROM requests ORDER BY id")
    assert after == before
    parts = await db.fetch("SELECT tableoid::regclass::text, count(*) FROM requests GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in parts] == [
        ("requests_20260301", 1),
        ("requests_20260302", 2),
        ("requests_default", 2),
    ]
    bodies = await db.fetch("SELECT request_id, tableoid::regclass::text FROM request_bodies WHERE response = 'said'")
    assert {row["request_id"] for row in bodies} == set(ids)
    assert await db.fetchval("SELECT id FROM open_requests") == under_way
    engine = open_engine(empty_database_url, pool_size=1)
    assert await Folding(engine).fold() == len(ids)
    await engine.dispose()
    assert await db.fetchval("SELECT sum(requests) FROM account_days WHERE unpriced = 0 AND cost > 0") == len(ids)
    await db.execute(_INSERT, uuid.uuid4(), "2026-03-02 13:00Z", "failed")
    assert await db.fetchval("SELECT max(sequence) FROM requests") > last
    await db.close()


async def test_a_request_is_in_the_log_once(database_url: str) -> None:
    db = await connect(database_url)
    event_id = uuid.uuid4()
    await db.execute(_INSERT, event_id, "2026-03-02 13:00Z", "failed")
    with pytest.raises(asyncpg.UniqueViolationError):
        await db.execute(_INSERT, event_id, "2026-03-02 13:00Z", "completed")
    await db.close()


async def test_releases_before_it_are_not_started_on_the_new_schema(empty_database_url: str) -> None:
    await migrate(empty_database_url, _BEFORE)
    await migrate(empty_database_url, "0017")
    db = await connect(empty_database_url)
    assert [row["revision"] for row in await db.fetch("SELECT revision FROM compatible_revisions")] == ["0017"]
    await db.close()
