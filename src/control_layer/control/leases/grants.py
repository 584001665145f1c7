"""The statements behind leases. Grants of one budget are made one after the other, on whatever host they are made."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from control_layer.contract.leases import Lease, Want
from control_layer.contract.windows import counted_from, window_at
from control_layer.control.leases.allotment import allot
from control_layer.store.leases import hold_worker
from control_layer.store.notifications import CHANNEL

__all__ = ["RECALLS", "Grant", "Grants"]

_NOTHING = Decimal(0)
RECALLS = "budget_recalls"
"""What recalls are called among notifications, in the place of a table's name."""

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")

_LIMIT = text("""
    SELECT amount, period, rolling, CAST(extract(epoch FROM since) AS double precision) AS since
    FROM spending_limits WHERE id = :budget_id
""")

# What was spent counts, should it ever be more than what was granted.
_LENT = text("""
    SELECT coalesce(sum(greatest(lease.granted, spending.spent)), 0) AS lent,
        coalesce(sum(lease.granted) FILTER (WHERE worker_id = :worker_id AND window_start = :window), 0) AS mine,
        coalesce(sum(greatest(lease.granted - coalesce(spending.spent, 0), 0))
            FILTER (WHERE worker_id <> :worker_id), 0) AS idle
    FROM budget_leases AS lease
    LEFT JOIN budget_spending AS spending USING (budget_id, window_start, worker_id)
    WHERE budget_id = :budget_id AND window_start >= :earliest
""")

_GRANT = text("""
    INSERT INTO budget_leases (budget_id, window_start, worker_id, granted)
    VALUES (:budget_id, :window, :worker_id, :granted)
    ON CONFLICT (budget_id, window_start, worker_id) DO UPDATE SET granted = excluded.granted, updated_at = now()
""")

_CALL_IN = text("SELECT pg_notify(:channel, :payload)")


@dataclass(frozen=True, slots=True)
class Grant:
    """How large a slice is now."""

    lease: Lease
    elsewhere: Decimal
    """What other gateways hold and, as far as is recorded, have not spent."""


class Grants:
    """Lends budgets out. Raises SQLAlchemy's errors and `DatabaseUnavailable`."""

    def __init__(self, engine: AsyncEngine, lives: Callable[[uuid.UUID], bool]) -> None:
        """`lives` tells whether a gateway of this host is alive: nothing more is lent to a dead one, whose leases are
        closed when its journal is recorded.
        """
        self._engine = engine
        self._lives = lives

    async def call_in(self, budget_id: str) -> None:
        """Has every host ask its gateways for what they do not need of a budget."""
        async with self._engine.begin() as connection:
            await connection.execute(_CALL_IN, {"channel": CHANNEL, "payload": f"{RECALLS}:{budget_id}"})

    async def settle(self, worker_id: uuid.UUID, want: Want) -> Grant:
        """Makes a slice as large as is wanted, as far as there is enough left."""
        budget_id = uuid.UUID(want.budget_id)
        async with self._engine.begin() as connection:
            await hold_worker(connection, worker_id)
            await connection.execute(_ONE_AT_A_TIME, {"name": f"budget {budget_id}"})
            limit = (await connection.execute(_LIMIT, {"budget_id": budget_id})).one_or_none()
            if limit is None or not self._lives(worker_id):
                return Grant(Lease(want.budget_id, want.window, want.spent, _NOTHING, want.number), _NOTHING)
            window = window_at(limit.period, limit.rolling, limit.since, want.window)
            place = {"budget_id": budget_id, "window": _moment(want.window), "worker_id": worker_id}
            earliest = _moment(min(counted_from(limit.period, limit.rolling, limit.since, window), want.window))
            lent = (await connection.execute(_LENT, {**place, "earliest": earliest})).one()
            left = limit.amount - lent.lent
            granted = allot(left=left, granted=lent.mine, wanted=want.wanted, spent=want.spent)
            if granted != lent.mine:
                await connection.execute(_GRANT, {**place, "granted": granted})
            left -= granted - lent.mine
            return Grant(Lease(want.budget_id, want.window, granted, left, want.number), lent.idle)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
