"""A budget is spent to one of its `alert_thresholds`: told once for each in each of its periods."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.alerts.episodes import STALE
from control_layer.control.alerts.observation import Look, Observation, Subject, Verdict
from control_layer.control.budgets.spending import Counted, spending_of
from control_layer.control.money import plain
from control_layer.settings import Alerts
from control_layer.store.tables import NIL, ApiKey, Budget

__all__ = ["BUDGET_THRESHOLD", "BudgetThresholdKind"]

BUDGET_THRESHOLD = "budget_threshold"
_PAGE = 500
_BEFORE = timedelta(seconds=1)
"""So long before a period begins is in the one before it."""


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
            counted = [_counted(each.budget, look.now) for each in watched]
            ended = [
                _counted(each.budget, now.since - _BEFORE)
                for each, now in zip(watched, counted, strict=True)
                if _just_ended(each.budget, now, look)
            ]
            spending = await spending_of(session, counted)
            before = await spending_of(session, ended)
            for each in watched:
                budget, now = each.budget, spending[each.budget.id]
                observations = [*_reached(each, now.since, now.spent, look)]
                if (both := before.get(budget.id)) is not None:
                    observations += _reached(each, both.since, both.spent - now.spent, look)
                found |= {observation.subject.id: observation for observation in observations}
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


def _counted(budget: Budget, at: datetime) -> Counted:
    return Counted.at(at, budget_id=budget.id, period=budget.period, rolling=budget.rolling, since=budget.since)


def _just_ended(budget: Budget, now: Counted, look: Look) -> bool:
    """Whether the period before must be looked at again, for what was spent in it after the last look.

    Not where the budget was changed since: what it was then is not known.
    """
    recent = look.now - now.since <= STALE + look.settings.interval
    return not budget.rolling and recent and budget.since < now.since and budget.updated_at < now.since


def _reached(watched: _Watched, since: datetime, spent: Decimal, look: Look) -> Iterator[Observation]:
    budget = watched.budget
    reached = [each for each in budget.alert_thresholds if spent >= each * budget.amount]
    # A rolling period begins anew at every moment; what a reset took back may be reached once more.
    begun = budget.since if budget.rolling else since
    state = f"{_short(spent)} of {_short(budget.amount)} credits since {since:%Y-%m-%d %H:%M} UTC"
    for threshold in reached:
        # Of another amount the same share is news.
        subject = f"{budget.id}/{_short(threshold)}/{_short(budget.amount)}/{begun:%Y-%m-%dT%H:%M:%SZ}"
        if threshold == reached[-1] or subject in look.open:
            yield Observation(
                subject=Subject(id=subject, name=budget.name, user_id=watched.owner, once=not budget.rolling),
                verdict=Verdict.FIRING,
                summary=f"{_short(threshold * 100)} % of the budget “{budget.name}” is spent: {state}",
                measured={
                    "budget_id": str(budget.id),
                    "threshold": _short(threshold),
                    "spent": _short(spent),
                    "amount": _short(budget.amount),
                },
            )


def _short(value: Decimal) -> str:
    return plain(value.normalize())
