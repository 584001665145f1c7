"""How much of budgets is spent, and how much of them gateways hold."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.contract.windows import Period, counted_from, window_at

__all__ = ["Counted", "Spending", "spending_of", "total_spending_of"]


@dataclass(frozen=True, slots=True)
class Counted:
    """From when on a budget counts, at this moment."""

    budget_id: uuid.UUID
    since: datetime
    until: datetime | None

    @classmethod
    def at(cls, now: datetime, *, budget_id: uuid.UUID, period: Period, rolling: bool, since: datetime) -> Counted:
        """What counts at `now`."""
        window = window_at(period, rolling, since.timestamp(), now.timestamp())
        earliest = counted_from(period, rolling, since.timestamp(), window)
        return cls(budget_id, _moment(earliest), None if window.end is None else _moment(window.end))


@dataclass(frozen=True, slots=True)
class Spending:
    """What has happened in the period that counts."""

    since: datetime
    until: datetime | None
    spent: Decimal
    set_aside: Decimal
    requests: int


_SPENDING = text("""
    SELECT asked.budget_id, spending.spent, spending.requests, lent.set_aside
    FROM unnest(CAST(:ids AS uuid[]), CAST(:since AS timestamptz[])) AS asked (budget_id, since)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(spent), 0) AS spent, CAST(coalesce(sum(requests), 0) AS bigint) AS requests
        FROM budget_spending WHERE budget_id = asked.budget_id AND window_start >= asked.since
    ) AS spending
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(greatest(granted - coalesce(spent, 0), 0)), 0) AS set_aside
        FROM budget_leases LEFT JOIN budget_spending USING (budget_id, window_start, worker_id)
        WHERE budget_id = asked.budget_id AND window_start >= asked.since
    ) AS lent
""")

_TOTAL = text("""
    SELECT budget_id, sum(spent) AS spent FROM budget_spending WHERE budget_id = ANY (CAST(:ids AS uuid[]))
    GROUP BY budget_id
""")


async def spending_of(session: AsyncSession, counted: Sequence[Counted]) -> Mapping[uuid.UUID, Spending]:
    """What each of the budgets has spent of what counts now."""
    asked = {"ids": [each.budget_id for each in counted], "since": [each.since for each in counted]}
    rows = {row.budget_id: row for row in await session.execute(_SPENDING, asked)}
    found = {}
    for each in counted:
        row = rows[each.budget_id]
        found[each.budget_id] = Spending(each.since, each.until, row.spent, row.set_aside, row.requests)
    return found


async def total_spending_of(session: AsyncSession, budget_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Decimal]:
    """What each of the budgets has ever spent; those that spent nothing are left out."""
    return {row.budget_id: row.spent for row in await session.execute(_TOTAL, {"ids": list(budget_ids)})}


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
