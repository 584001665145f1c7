"""Questions about any stretch of time have the answers that the requests themselves give, whatever has been folded."""

from __future__ import annotations

import math
import random
import uuid
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import FromClause, func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.recorder.population import populate, put_a_price
from tests.recorder.recording import record
from tests.recorder.traffic import FIRST_DAY, MEASURES, added_up, request

from control_layer.control.analytics.percentiles import percentiles
from control_layer.control.analytics.sources import latencies, traffic
from control_layer.control.analytics.spans import Piece, Span, Unit, cover
from control_layer.recorder import Folding
from control_layer.recorder.ledger import Ledger
from control_layer.recorder.partitions import Days
from control_layer.recorder.rows import rows_of
from control_layer.store.engine import connect
from control_layer.store.measures import ACCOUNT, MODEL

_KINDS = ((Unit.DAY, False), (Unit.DAY, True), (Unit.HOUR, False), (Unit.HOUR, True), (Unit.MINUTE, False))
_NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
_FRACTIONS = {"p0": 0.0, "p50": 0.5, "p95": 0.95, "p99": 0.99, "p100": 1.0}


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(database_url)
    await populate(connection)
    yield connection
    await connection.close()


_times = st.one_of(
    st.none(),
    st.integers(0, 3 * 86_400_000_000).map(lambda instants: _NEW_YEAR + timedelta(microseconds=instants)),
    st.integers(0, 72).map(lambda hours: _NEW_YEAR + timedelta(hours=hours)),
    st.sampled_from([datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)]),
)


@given(start=_times, end=_times, units=st.sampled_from([(Unit.DAY, Unit.HOUR), (Unit.HOUR,), (Unit.MINUTE,), ()]))
def test_a_span_is_covered_once_by_whole_units(
    start: datetime | None, end: datetime | None, units: tuple[Unit, ...]
) -> None:
    pieces = list(cover(Span(start, end), units))
    if start is not None and end is not None and start >= end:
        assert pieces == []
        return
    assert (pieces[0].start, pieces[-1].end) == (start, end)
    assert all(one.end == other.start for one, other in pairwise(pieces))
    assert sum(piece.unit is None for piece in pieces) <= 2 or not units
    for piece in pieces:
        assert piece.start is None or piece.end is None or piece.start < piece.end
        assert piece.unit is None or _whole(piece, piece.unit)


def _whole(piece: Piece, unit: Unit) -> bool:
    return all(bound is None or unit.floor(bound) == bound or bound.year == 9999 for bound in (piece.start, piece.end))


async def test_answers_are_exact_for_any_span_whatever_has_been_folded(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    await put_a_price(db)
    dice = random.Random(8)
    everything = [request(dice) for _ in range(400)]
    await Days(engine).ensure({datetime.fromtimestamp(end.at, UTC).date() for _, end in everything})
    given_up, worker = everything[:60], uuid.uuid4()
    await Ledger(engine).record(worker, 1, 0, 1, rows_of([begin for begin, _ in given_up], worker))
    await Ledger(engine).give_up(worker)
    for part in range(5):
        await record(engine, [end for _, end in everything[30 + part * 74 : 30 + (part + 1) * 74]])
        rows = await db.fetch("SELECT * FROM requests")
        for span in (Span(), *(_span(dice) for _ in range(8))):
            for by, accounts in _KINDS:
                await _assert_exact(engine, rows, span, by, accounts=accounts)
        await Folding(engine, most=dice.randrange(1, 100)).fold()
    assert await db.fetchval("SELECT count(*) FROM unfolded_requests") > 0
    assert await db.fetchval("SELECT sum(requests) FROM model_hours") > 0


def _span(dice: random.Random) -> Span:
    bounds = sorted(FIRST_DAY + timedelta(hours=dice.randrange(74)) for _ in range(2))
    if dice.random() < 0.7:
        bounds = sorted(bound + timedelta(seconds=dice.random() * 3600) for bound in bounds)
    return dice.choice((Span.through(*bounds), Span(*bounds), Span(bounds[0], None), Span(None, bounds[1])))


async def _assert_exact(
    engine: AsyncEngine, rows: list[asyncpg.Record], span: Span, by: Unit, *, accounts: bool
) -> None:
    source = traffic(span, accounts=accounts, by=by, minutes_since=FIRST_DAY + timedelta(hours=30, seconds=1))
    names = [name for name in (ACCOUNT if accounts else MODEL) if name != "endpoint_id"]
    key = [func.date_trunc(by.value, source.c.at), *(source.c[name] for name in names)]
    sums = [func.coalesce(func.sum(source.c[name]), 0).label(name) for name in MEASURES]
    statement = select(*key, *sums, func.max(source.c.last_at)).group_by(*key).having(func.sum(source.c.requests) > 0)
    async with engine.connect() as connection:
        answer = {
            tuple(row[: len(key)]): dict(zip((*MEASURES, "last_at"), row[len(key) :], strict=True))
            for row in await connection.execute(statement)
        }

    def place(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return by.floor(row["at"].astimezone(UTC)), *(row[name] for name in names)

    within = [
        row for row in rows if (not span.start or row["at"] >= span.start) and (not span.end or row["at"] < span.end)
    ]
    expected = {
        group: {**sums, "seconds": pytest.approx(sums["seconds"])} for group, sums in added_up(within, place).items()
    }
    assert answer.keys() == expected.keys(), (span, by, accounts)
    for group, measures in expected.items():
        if None in group:  # of those that were lost it is that of all that ever were
            assert answer[group].pop("last_at") >= measures.pop("last_at")
        assert answer[group] == measures, (span, by, accounts, group)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    taken=st.lists(st.one_of(st.floats(1e-6, 1e5), st.floats(0.5, 2), st.just(0.0)), min_size=1, max_size=60),
    folded=st.integers(0, 60),
)
async def test_percentiles_are_within_one_per_cent(
    engine: AsyncEngine, db: asyncpg.Connection, taken: list[float], folded: int
) -> None:
    model = str(uuid.uuid4())
    for batch, fold in ((taken[:folded], True), (taken[folded:], False)):
        await db.execute(
            "WITH new AS (INSERT INTO requests (at, id, worker_id, key_id, user_id, model, model_id, method, path, "
            "stream, outcome, duration_seconds) SELECT $1, gen_random_uuid(), id, id, id, $2, id, 'POST', '/', false, "
            "'completed', took FROM unnest($3::float[]) AS took, (SELECT gen_random_uuid() AS id) AS them RETURNING *) "
            "INSERT INTO unfolded_requests (at, id) SELECT at, id FROM new",
            *(FIRST_DAY, model, batch),
        )
        if fold:
            await Folding(engine).fold()
    source = latencies(Span(), "total", each_model=True)
    (row,) = await _rows(
        engine, percentiles(source, [source.c.model.label("model")], _FRACTIONS, source.c.model == model)
    )
    for fraction, answer in zip(_FRACTIONS.values(), row[1:], strict=True):
        assert answer == pytest.approx(_percentile(taken, fraction), rel=0.01, abs=1e-12)


async def _rows(engine: AsyncEngine, source: FromClause) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(select(source))]


def _percentile(values: list[float], fraction: float) -> float:
    """As `percentile_cont` has it."""
    ordered, rank = sorted(values), fraction * (len(values) - 1)
    lower, upper = ordered[math.floor(rank)], ordered[math.ceil(rank)]
    return lower + (upper - lower) * (rank - math.floor(rank))
