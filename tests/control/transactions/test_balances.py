"""Balances are the sums of the ledger, whoever writes at once, and whatever was there before they were kept."""

from __future__ import annotations

import asyncio
import random
import uuid
from decimal import Decimal

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.control.management import API, Management, answered
from tests.recorder.journals import closed, new_id
from tests.recorder.population import populate, put_a_price

from control_layer.control.transactions.balances import Deviation, balance_of, deviations
from control_layer.recorder.ledger import Ledger
from control_layer.recorder.rows import rows_of
from control_layer.store.engine import connect
from control_layer.store.migrations import migrate

_MOVE = (
    "INSERT INTO transactions (id, user_id, transaction_type, amount, source_id, batch_id) "
    "VALUES (gen_random_uuid(), $1, $2, $3, gen_random_uuid()::text, $4)"
)


async def _deviations(management: Management) -> list[Deviation]:
    async with AsyncSession(management.engine) as session:
        return await deviations(session)


async def _users(management: Management, count: int) -> list[uuid.UUID]:
    rows = await management.sql(
        "INSERT INTO users (id, username, email, auth_source) "
        "SELECT gen_random_uuid(), 'u' || n, 'u' || n, 'native' FROM generate_series(1, $1::int) n RETURNING id",
        count,
    )
    return [row.id for row in rows]


async def test_recorders_and_grants_at_once_add_up_to_the_last_digit(management: Management, database_url: str) -> None:
    """In whatever order each meets the accounts, nobody waits for somebody who waits for them."""
    db = await connect(database_url)
    await populate(db)
    await put_a_price(db)
    await db.close()
    users = await _users(management, 12)
    dice = random.Random(7)

    async def record() -> None:
        ledger = Ledger(management.engine)
        for _ in range(15):
            worker = uuid.uuid4()
            charged = [closed(new_id(), user_id=str(user)) for user in dice.sample(users * 3, 30)]
            await ledger.record(worker, 1, 0, 100, rows_of(charged, worker))

    async def give() -> None:
        for _ in range(15):
            body = {"user_id": str(dice.choice(users)), "transaction_type": "admin_grant", "amount": "0.000000001"}
            grant = {**body, "source_id": str(uuid.uuid4())}
            await answered(management.admin.post(f"{API}/transactions", json=grant), 201)

    await asyncio.gather(record(), record(), give(), give())
    ((charges,),) = await management.sql("SELECT count(*) FROM transactions WHERE transaction_type = 'usage'")
    ((total,),) = await management.sql("SELECT sum(balance) FROM account_balances")
    assert charges == 2 * 15 * 30
    assert total == 30 * Decimal("0.000000001") - charges * 18 * Decimal("0.000001")
    assert await _deviations(management) == []


async def test_what_somebody_did_past_the_triggers_is_found(management: Management, database_url: str) -> None:
    right, altered, lost, made_up = await _users(management, 4)
    for user in (right, altered, lost):
        await management.sql(_MOVE, user, "purchase", Decimal(5), None)
    assert await _deviations(management) == []
    await management.sql("UPDATE account_balances SET balance = 5.5 WHERE user_id = $1", altered)
    await management.sql("DELETE FROM account_balances WHERE user_id = $1", lost)
    await management.sql("INSERT INTO account_balances VALUES ($1, 1)", made_up)
    found = [
        Deviation(altered, Decimal("5.5"), Decimal(5)),
        Deviation(lost, Decimal(0), Decimal(5)),
        Deviation(made_up, Decimal(1), Decimal(0)),
    ]
    assert await _deviations(management) == sorted(found, key=lambda deviation: deviation.user_id)


async def test_a_movement_that_is_refused_moves_nothing(management: Management) -> None:
    (user,) = await _users(management, 1)
    body = {"user_id": str(user), "transaction_type": "admin_grant", "amount": 3, "source_id": "once"}
    await answered(management.admin.post(f"{API}/transactions", json=body), 201)
    await answered(management.admin.post(f"{API}/transactions", json=body), 409)
    async with AsyncSession(management.engine) as session:
        assert await balance_of(session, user) == 3


@pytest.mark.parametrize("grouped", ["true", "false"])
async def test_a_page_begins_with_the_sum_of_its_lines_and_all_older_ones(management: Management, grouped: str) -> None:
    dice, batches = random.Random(3), [None, *(uuid.uuid4() for _ in range(3))]
    (user,) = await _users(management, 1)
    for _ in range(40):
        kind = dice.choice(["purchase", "admin_grant", "admin_removal", "usage", "usage", "usage"])
        batch = dice.choice(batches) if kind == "usage" else None
        await management.sql(_MOVE, user, kind, Decimal(dice.randint(1, 10**6)) / 1000, batch)
    for skip in range(10):
        page = await answered(
            management.admin.get(
                f"{API}/transactions",
                params={"user_id": str(user), "group_batches": grouped, "skip": skip, "limit": 100},
            ),
            200,
        )
        signs = {"purchase": 1, "admin_grant": 1, "admin_removal": -1, "usage": -1}
        total = sum(Decimal(line["amount"]) * signs[line["transaction_type"]] for line in page["data"])
        assert Decimal(page["page_start_balance"]) == total


async def test_what_was_in_the_ledger_before_balances_were_kept_counts(empty_database_url: str) -> None:
    await migrate(empty_database_url, "0011")
    db: asyncpg.Connection = await connect(empty_database_url)
    await populate(db)
    (user,) = await db.fetchrow("SELECT id FROM users WHERE username = 'u'")
    for kind, amount in (("purchase", "10"), ("admin_grant", "0.5"), ("usage", "3.000000001"), ("admin_removal", "1")):
        await db.execute(_MOVE, user, kind, Decimal(amount), None)
    await migrate(empty_database_url)
    kept = "SELECT balance FROM account_balances WHERE user_id = $1"
    assert await db.fetchval(kept, user) == Decimal("6.499999999")
    # A host of the release before, which knows nothing of balances, goes on writing.
    await db.execute(_MOVE, user, "usage", Decimal("6.5"), None)
    assert await db.fetchval(kept, user) == Decimal("-0.000000001")
    assert await db.fetchval("SELECT count(*) FROM account_balances") == 1
    await db.close()
