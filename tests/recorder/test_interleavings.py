"""However records are cut into batches, and however often batches come again: the same rows, the same charges, once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.recorder.journals import bodies, closed, new_id, opened
from tests.recorder.population import put_a_price

from control_layer.contract.usage import Record, Tokens
from control_layer.recorder.ledger import Ledger
from control_layer.recorder.rows import RequestRow, rows_of
from control_layer.recorder.staging import CLOSED


@dataclass(frozen=True, slots=True)
class _Story:
    """What a gateway wrote, and how it comes to the database."""

    records: list[Record]
    ended: dict[uuid.UUID, Decimal]
    """Requests that ended, and what they cost."""
    left: set[uuid.UUID]
    said: set[uuid.UUID]
    deliveries: list[tuple[int, int]]
    """Runs of records; all together are everything, some come again later."""


@st.composite
def _stories(draw: st.DrawFn) -> _Story:
    lanes: list[list[Record]] = []
    ended: dict[uuid.UUID, Decimal] = {}
    left, said = set(), set()
    for tokens in draw(st.lists(st.one_of(st.none(), st.integers(0, 50)), min_size=1, max_size=6)):
        event_id = new_id()
        key = uuid.UUID(bytes=event_id)
        lane: list[Record] = [opened(event_id)]
        if tokens is None:
            left.add(key)
        else:
            if draw(st.booleans()):
                lane.append(bodies(event_id))
                said.add(key)
            lane.append(closed(event_id, tokens=Tokens(input=tokens, output=0, source="provider")))
            ended[key] = tokens * Decimal("0.000001")
        lanes.append(lane)
    records: list[Record] = []
    while any(lanes):
        lane = draw(st.sampled_from([lane for lane in lanes if lane]))
        records.append(lane.pop(0))
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(records) - 1)), max_size=5)))
    places = [0, *(cut for cut in cuts if cut < len(records)), len(records)]
    deliveries: list[tuple[int, int]] = []
    for begin, end in pairwise(places):
        deliveries.append((begin, end))
        # Whoever lost the position, or was put back to an older one, begins anew somewhere and comes as far as this.
        if draw(st.booleans()):
            deliveries.append((draw(st.integers(0, begin)), end))
    return _Story(records, ended, left, said, deliveries)


async def _deliver(engine: AsyncEngine, story: _Story, worker: uuid.UUID) -> None:
    ledger = Ledger(engine)
    for number, (begin, end) in enumerate(story.deliveries, 1):
        await ledger.record(worker, number, 0, 1, rows_of(story.records[begin:end], worker))


def _ids(rows: Sequence[asyncpg.Record], outcome: str) -> set[uuid.UUID]:
    return {row["id"] for row in rows if row["outcome"] == outcome}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=_stories())
async def test_any_way_to_the_database_ends_in_the_same_rows_and_charges(
    engine: AsyncEngine, db: asyncpg.Connection, story: _Story
) -> None:
    if not await db.fetchval("SELECT count(*) FROM tariffs"):
        await put_a_price(db)
    worker = uuid.uuid4()
    await _deliver(engine, story, worker)
    await Ledger(engine).give_up(worker)
    rows = await db.fetch("SELECT * FROM requests WHERE worker_id = $1", worker)
    assert len(rows) == len(story.ended) + len(story.left)
    assert _ids(rows, "completed") == story.ended.keys()
    assert _ids(rows, "lost") == story.left
    assert {row["id"]: row["cost"] for row in rows if row["outcome"] == "completed"} == story.ended
    assert await db.fetchval("SELECT count(*) FROM open_requests") == 0
    ids = [str(row["id"]) for row in rows]
    charges = await db.fetch("SELECT source_id, amount FROM transactions WHERE source_id = ANY ($1)", ids)
    owed = {str(key): cost for key, cost in story.ended.items() if cost}
    assert {row["source_id"]: row["amount"] for row in charges} == owed
    assert len(charges) == len(owed)
    bodies_of = "SELECT request_id FROM request_bodies WHERE request_id = ANY ($1)"
    kept = await db.fetch(bodies_of, [row["id"] for row in rows])
    assert sorted(row["request_id"] for row in kept) == sorted(story.said)


def test_rows_and_their_staging_table_have_the_same_columns() -> None:
    assert tuple(CLOSED.types) == RequestRow._fields
