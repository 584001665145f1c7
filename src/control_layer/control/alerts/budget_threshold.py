"""A budget is spent to one of its `alert_thresholds`: told once for each in each of its periods."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.alerts.observation import Look, Observation, Subject, Verdict
from control_layer.control.budgets.spending import Counted, Spending, spending_of
from control_layer.control.money import plain
from control_layer.settings import Alerts
from control_layer.store.tables import NIL, ApiKey, Budget

__all__ = ["BUDGET_THRESHOLD", "BudgetThresholdKind"]

BUDGET_THRESHOLD = "budget_threshold"
_PAGE = 500


class _Watched(NamedTuple):
    """A budget with thresholds, and whose requests it counts, where that is one person."""

    budget: Budget
    owner: uuid.UUID | None


class BudgetThresholdKind:
    """Compares what is spent with thresholds. Of several that are reached between two looks, the highest is told."""

    name = BUDGET_THRESHOLD

    def enabled(self, settings: Alerts) -> bool:
        return settings.budget_threshold.enabled

    async def observe(self, session: AsyncSession, look: Look) -> Sequence[Observation]:
        found: dict[str, Observation] = {}
        after = NIL
        while True:
            watched = await _watched(session, after)
            counted = [
                Counted.at(look.now, budget_id=each.id, period=each.period, rolling=each.rolling, since=each.since)
                for each, _ in watched
            ]
            spending = await spending_of(session, counted)
            for each in watched:
                for observation in _reached(each, spending[each.budget.id], look):
                    found[observation.subject.id] = observation
            if len(watched) < _PAGE:
                break
            after = watched[-1].budget.id
        over = [
            Observation(subject=Subject(id=subject, name=""), verdict=Verdict.QUIET, summary="", measured={})
            for subject in look.open
            if subject not in found
        ]
        return [*found.values(), *over]


async def _watched(session: AsyncSession, after: uuid.UUID) -> Sequence[_Watched]:
    statement = (
        select(Budget, func.coalesce(Budget.user_id, ApiKey.user_id))
        .outerjoin(ApiKey, ApiKey.id == Budget.key_id)
        .where(Budget.id > after, Budget.alert_thresholds != literal_column("'{}'"))
        .order_by(Budget.id)
        .limit(_PAGE)
    )
    return [_Watched(*row) for row in await session.execute(statement)]


def _reached(watched: _Watched, spending: Spending, look: Look) -> Iterator[Observation]:
    budget = watched.budget
    reached = [each for each in budget.alert_thresholds if spending.spent >= each * budget.amount]
    # A rolling period begins anew at every moment; what a reset took back may be reached once more.
    begun = budget.since if budget.rolling else spending.since
    state = f"{_short(spending.spent)} of {_short(budget.amount)} credits since {spending.since:%Y-%m-%d %H:%M} UTC"
    for threshold in reached:
        subject = f"{budget.id}/{_short(threshold)}/{begun:%Y-%m-%dT%H:%M:%SZ}"
        if threshold == reached[-1] or subject in look.open:
            yield Observation(
                subject=Subject(id=subject, name=budget.name, user_id=watched.owner),
                verdict=Verdict.FIRING,
                summary=f"{_short(threshold * 100)} % of the budget “{budget.name}” is spent: {state}",
                measured={
                    "budget_id": str(budget.id),
                    "threshold": _short(threshold),
                    "spent": _short(spending.spent),
                    "amount": _short(budget.amount),
                },
            )


def _short(value: Decimal) -> str:
    return plain(value.normalize())
