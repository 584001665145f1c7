"""Slices of budgets, lent out of a real database by several hosts at once."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from control_layer.contract.leases import Want
from control_layer.control.leases.grants import Grants
from control_layer.store.engine import open_engine
from control_layer.store.leases import close_leases

NOTHING = Decimal(0)
NOON = 1_800_000_000.0


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database_url, pool_size=8)
    yield engine
    await engine.dispose()


async def _budget(engine: AsyncEngine, amount: str, *, period: str = "total", rolling: bool = False) -> str:
    budget_id = uuid.uuid4()
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO budgets (id, name, group_id, amount, period, rolling, since, enforcement, created_by) "
                "VALUES (:id, 'budget', :nil, :amount, :period, :rolling, to_timestamp(1000), 'hard', :nil)"
            ),
            {"id": budget_id, "nil": uuid.UUID(int=0), "amount": Decimal(amount), "period": period, "rolling": rolling},
        )
    return str(budget_id)


async def _spend(engine: AsyncEngine, budget_id: str, worker: uuid.UUID, amount: str, window: float = 1000.0) -> None:
    """As the recorder counts it."""
    async with engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO budget_spending VALUES (:budget, to_timestamp(:window), :worker, :amount, 1)"),
            {"budget": uuid.UUID(budget_id), "window": window, "worker": worker, "amount": Decimal(amount)},
        )


async def _lent(engine: AsyncEngine, budget_id: str) -> Decimal:
    async with engine.connect() as connection:
        statement = text("SELECT coalesce(sum(granted), 0) FROM budget_leases WHERE budget_id = :id")
        total = (await connection.execute(statement, {"id": uuid.UUID(budget_id)})).scalar_one()
    assert isinstance(total, Decimal)
    return total


def _want(budget_id: str, wanted: str | Decimal, spent: str = "0", window: float = 1000.0) -> Want:
    return Want(budget_id, window, Decimal(wanted), Decimal(spent), 1)


async def test_slices_of_all_gateways_together_never_exceed_the_budget(engine: AsyncEngine) -> None:
    budget_id = await _budget(engine, "10")
    grants = [Grants(engine, lambda _: True) for _ in range(2)]
    chance = random.Random(7)

    async def gateway(lender: Grants) -> None:
        worker, granted = uuid.uuid4(), NOTHING
        for _ in range(25):
            wanted = max(granted + Decimal(chance.randrange(-60, 120)) / 100, NOTHING)
            granted = (await lender.settle(worker, _want(budget_id, wanted))).lease.granted
            assert await _lent(engine, budget_id) <= 10

    await asyncio.gather(*(gateway(grants[number % 2]) for number in range(6)))


async def test_what_is_not_there_is_not_lent_and_the_answer_says_what_is_left(engine: AsyncEngine) -> None:
    budget_id = await _budget(engine, "10")
    grants = Grants(engine, lambda _: True)
    first, second = uuid.uuid4(), uuid.uuid4()
    grant = await grants.settle(first, _want(budget_id, "6"))
    assert grant.lease.granted == Decimal("6.625")  # a sixteenth ahead
    grant = await grants.settle(second, _want(budget_id, "6"))
    assert (grant.lease.granted, grant.lease.left, grant.elsewhere) == (Decimal("3.375"), NOTHING, Decimal("6.625"))
    grant = await grants.settle(first, _want(budget_id, "1"))
    assert grant.lease.granted == 1
    grant = await grants.settle(second, _want(budget_id, "6"))
    assert grant.lease.granted > 6


async def test_what_was_spent_is_lent_whatever_is_left(engine: AsyncEngine) -> None:
    budget_id = await _budget(engine, "1")
    grants = Grants(engine, lambda _: True)
    grant = await grants.settle(uuid.uuid4(), _want(budget_id, "3", spent="2.5"))
    assert grant.lease.granted == Decimal("2.5")
    grant = await grants.settle(uuid.uuid4(), _want(budget_id, "0.01"))
    assert grant.lease.granted == NOTHING


async def test_dead_gateway_keeps_only_what_it_spent_and_gets_nothing_more(engine: AsyncEngine) -> None:
    budget_id = await _budget(engine, "10")
    dead: set[uuid.UUID] = set()
    grants = Grants(engine, lambda worker: worker not in dead)
    worker = uuid.uuid4()
    await grants.settle(worker, _want(budget_id, "8"))
    await _spend(engine, budget_id, worker, "0.25")
    dead.add(worker)
    async with engine.begin() as connection:
        await close_leases(connection, worker)
    assert await _lent(engine, budget_id) == Decimal("0.25")
    # A question that the dead one had asked is read late.
    assert (await grants.settle(worker, _want(budget_id, "9"))).lease.granted == NOTHING
    assert await _lent(engine, budget_id) == Decimal("0.25")


async def test_new_window_has_the_whole_amount_again(engine: AsyncEngine) -> None:
    budget_id = await _budget(engine, "1", period="day")
    grants = Grants(engine, lambda _: True)
    worker, day = uuid.uuid4(), NOON - NOON % 86400
    assert (await grants.settle(worker, _want(budget_id, "1", window=day))).lease.granted == 1
    assert (await grants.settle(worker, _want(budget_id, "2", window=day))).lease.granted == 1
    assert (await grants.settle(worker, _want(budget_id, "1", window=day + 86400))).lease.granted == 1


async def test_rolling_window_counts_the_buckets_before_it(engine: AsyncEngine) -> None:
    budget_id = await _budget(engine, "1", period="day", rolling=True)
    grants = Grants(engine, lambda _: True)
    worker, hour = uuid.uuid4(), NOON - NOON % 3600
    await grants.settle(worker, _want(budget_id, "0.75", window=hour))
    granted = [
        (await grants.settle(uuid.uuid4(), _want(budget_id, "1", window=hour + 3600 * hours))).lease.granted
        for hours in (23, 24, 25)
    ]
    # The first hour's slice counts for as long as any stretch of a day touches it; then what came since counts.
    assert granted[0] == Decimal(1) - await _first(engine, budget_id, hour)
    assert granted[1] == NOTHING
    assert granted[2] == await _first(engine, budget_id, hour)


async def test_rolling_window_counts_nothing_before_a_reset(engine: AsyncEngine) -> None:
    budget_id = await _budget(engine, "1", period="day", rolling=True)
    grants = Grants(engine, lambda _: True)
    hour = NOON - NOON % 3600
    await grants.settle(uuid.uuid4(), _want(budget_id, "1", window=hour))
    reset = hour + 5400
    async with engine.begin() as connection:
        statement = text("UPDATE budgets SET since = to_timestamp(:reset) WHERE id = :id")
        await connection.execute(statement, {"reset": reset, "id": uuid.UUID(budget_id)})
    grant = await grants.settle(uuid.uuid4(), _want(budget_id, "1", window=reset))
    assert grant.lease.granted == 1


async def _first(engine: AsyncEngine, budget_id: str, window: float) -> Decimal:
    async with engine.connect() as connection:
        statement = text(
            "SELECT granted FROM budget_leases WHERE budget_id = :id AND window_start = to_timestamp(:window)"
        )
        found = await connection.execute(statement, {"id": uuid.UUID(budget_id), "window": window})
        granted = found.scalar_one()
    assert isinstance(granted, Decimal)
    return granted


async def test_nothing_is_lent_of_a_budget_that_is_gone(engine: AsyncEngine) -> None:
    grants = Grants(engine, lambda _: True)
    grant = await grants.settle(uuid.uuid4(), _want(str(uuid.uuid4()), "1", spent="0.5"))
    assert (grant.lease.granted, grant.lease.left) == (Decimal("0.5"), NOTHING)
