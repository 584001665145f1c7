"""Whether requests, what was charged for them, balances and budgets agree, to the last digit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.reconciliation.findings import MOST, Finding, found
from control_layer.control.transactions.balances import deviations

__all__ = ["check_balances", "check_budgets", "check_charges", "check_usage"]

_DAY = timedelta(days=1)

_NOT_CHARGED = """
    SELECT requests.id, requests.cost, transactions.amount, transactions.user_id AS charged, requests.user_id
    FROM requests JOIN users ON users.id = requests.user_id
    LEFT JOIN transactions ON transactions.source_id = requests.id::text AND transactions.transaction_type = 'usage'
    WHERE requests.at >= :start AND requests.at < :end AND requests.cost > 0
        AND (transactions.id IS NULL OR amount <> cost OR transactions.user_id <> requests.user_id)
"""

# The time in the request's id says whether it is still kept: ids are UUIDv7.
_NOT_USED = """
    SELECT transactions.source_id, transactions.amount FROM transactions
    WHERE transaction_type = 'usage'
        AND (:everything OR substring(source_id, 15, 1) = '7' AND to_timestamp(
            ('x' || left(replace(source_id, '-', ''), 12))::bit(48)::bigint / 1000.0
        ) >= :since)
        AND NOT EXISTS (SELECT FROM requests WHERE requests.id = transactions.id AND requests.cost > 0)
"""

_BUDGETS = """
    SELECT budget_id, window_start, worker_id,
        coalesce(kept.spent, 0) - coalesce(summed.spent, 0) AS spent,
        coalesce(kept.requests, 0) - coalesce(summed.requests, 0) AS requests
    FROM budget_spending AS kept
    FULL JOIN (
        SELECT budget.id AS budget_id, budget."window" AS window_start, worker_id,
            sum(coalesce(requests.cost, 0)) AS spent, count(*) AS requests
        FROM requests
        CROSS JOIN LATERAL jsonb_to_recordset(requests.budgets) AS budget (id uuid, "window" timestamptz)
        GROUP BY 1, 2, 3
    ) AS summed USING (budget_id, window_start, worker_id)
    WHERE window_start >= :since AND (
        coalesce(kept.spent, 0) <> coalesce(summed.spent, 0)
        OR coalesce(kept.requests, 0) <> coalesce(summed.requests, 0)
    )
"""


async def check_charges(session: AsyncSession, day: datetime) -> AsyncIterator[Finding]:
    """Whether each request of a day that cost something was charged to its user."""
    async for row in found(session, _NOT_CHARGED, start=day, end=day + _DAY):
        charged = "nothing is charged" if row["amount"] is None else f"{row['amount']} is charged to {row['charged']}"
        yield Finding("ledger", f"request {row['id']} of {row['user_id']} cost {row['cost']}, {charged}")


async def check_usage(session: AsyncSession, since: datetime, *, everything: bool) -> AsyncIterator[Finding]:
    """Whether each charge is for a request; of requests since `since`, when they are not all kept."""
    async for row in found(session, _NOT_USED, since=since, everything=everything):
        yield Finding(
            "ledger", f"{row['amount']} is charged for {row['source_id']}, which is no request that cost anything"
        )


async def check_balances(session: AsyncSession) -> AsyncIterator[Finding]:
    """Whether balances are the sums of their movements."""
    for deviation in (await deviations(session))[:MOST]:
        yield Finding(
            "balances", f"account {deviation.user_id} has {deviation.kept}, its movements are {deviation.summed}"
        )


async def check_budgets(session: AsyncSession, since: datetime) -> AsyncIterator[Finding]:
    """Whether budgets count what their requests cost; windows that began before `since` cannot be told."""
    async for row in found(session, _BUDGETS, since=since):
        place = f"budget {row['budget_id']} from {row['window_start']:%Y-%m-%dT%H:%MZ} on worker {row['worker_id']}"
        yield Finding("budgets", f"{place} counts {row['spent']:+} and {row['requests']:+} requests too many")
