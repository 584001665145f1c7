"""The position is the guard: a batch is recorded from where the database stands, or not at all."""

from __future__ import annotations

import asyncio
import uuid

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.recorder.journals import new_id, opened

from control_layer.recorder.ledger import Ledger, PositionMoved
from control_layer.recorder.rows import rows_of


async def test_a_batch_from_a_stale_position_is_refused_whole(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    ledger, worker = Ledger(engine), uuid.uuid4()
    await ledger.record(worker, 1, 0, 100, rows_of([opened(new_id())], worker))
    for start, end in ((0, 50), (50, 150), (101, 200)):
        with pytest.raises(PositionMoved):
            await ledger.record(worker, 1, start, end, rows_of([opened(new_id())], worker))
    assert await ledger.positions(worker) == {1: 100}
    assert await db.fetchval("SELECT count(*) FROM open_requests") == 1


@pytest.mark.parametrize("start", [0, 10])
async def test_of_recorders_at_one_position_one_wins(engine: AsyncEngine, db: asyncpg.Connection, start: int) -> None:
    ledger, worker = Ledger(engine), uuid.uuid4()
    if start:
        await ledger.record(worker, 1, 0, start, rows_of([], worker))
    attempts = [ledger.record(worker, 1, start, 100, rows_of([opened(new_id())], worker)) for _ in range(5)]
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert sorted(map(type, results), key=str) == sorted([type(None), *[PositionMoved] * 4], key=str)
    assert await db.fetchval("SELECT count(*) FROM open_requests") == 1
