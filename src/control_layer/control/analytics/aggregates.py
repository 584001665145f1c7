"""What was asked: by status, by model, by hour, by user."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Row, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.analytics.percentiles import percentiles
from control_layer.control.analytics.period import Period
from control_layer.control.analytics.sources import latencies, roomy, traffic
from control_layer.control.analytics.spans import Unit
from control_layer.control.analytics.sums import added, charged, counted, seconds
from control_layer.store.tables import User

__all__ = ["Hour", "Latency", "Totals", "UserShare", "by_hour", "by_user", "totals"]


@dataclass(slots=True)
class Latency:
    """Seconds that requests took, and how many it is known of."""

    seconds: float = 0.0
    requests: int = 0

    @property
    def average_ms(self) -> float | None:
        return self.seconds / self.requests * 1000 if self.requests else None


@dataclass(slots=True)
class Totals:
    """How many requests there were, and of what kind."""

    requests: int = 0
    statuses: Counter[int | None] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    latencies: dict[str, Latency] = field(default_factory=dict)


class Hour(NamedTuple):
    """The requests of an hour. Latencies are milliseconds."""

    requests: int
    input_tokens: int
    output_tokens: int
    avg_latency_ms: float | None
    p95_latency_ms: float | None
    p99_latency_ms: float | None


class UserShare(NamedTuple):
    """What one user asked of a model."""

    user_id: uuid.UUID
    user_email: str | None
    requests: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    last_active_at: datetime


async def totals(session: AsyncSession, period: Period, model: str | None) -> Totals:
    """What was asked in a period, of every model or of one."""
    source = traffic(period.span())
    requests, timed = counted(source.c.requests), counted(source.c.timed)
    statement = (
        select(source.c.model, source.c.status, requests, seconds(source.c.seconds), timed)
        .where(*_of(source, model))
        .group_by(source.c.model, source.c.status)
        .having(requests > 0)
    )
    found = Totals()
    for alias, status, asked, taken, known in await session.execute(statement):
        found.requests += asked
        found.statuses[status] += asked
        found.models[alias] += asked
        latency = found.latencies.setdefault(alias, Latency())
        latency.seconds += taken
        latency.requests += known
    return found


async def by_hour(session: AsyncSession, period: Period, model: str | None) -> dict[datetime, Hour]:
    """Every hour of the period, also those in which nothing happened."""
    source = traffic(period.span(), by=Unit.HOUR)
    hour = func.date_trunc("hour", source.c.at).label("hour")
    requests, timed = counted(source.c.requests).label("requests"), counted(source.c.timed)
    sums = (
        select(
            hour,
            requests,
            added(source.c.input_tokens),
            added(source.c.output_tokens),
            case((timed > 0, seconds(source.c.seconds) / timed * 1000)),
        )
        .where(*_of(source, model))
        .group_by(hour)
        .having(requests > 0)
        .subquery()
    )
    taken = latencies(period.span(), "total", each_model=model is not None, by=Unit.HOUR)
    slow = percentiles(
        taken, [func.date_trunc("hour", taken.c.at).label("hour")], {"p95": 0.95, "p99": 0.99}, *_of(taken, model)
    )
    await roomy(session)
    statement = select(sums, slow.c.p95 * 1000, slow.c.p99 * 1000).outerjoin(slow, slow.c.hour == sums.c.hour)
    quiet = Hour(0, 0, 0, None, None, None)
    hours = dict.fromkeys(period.hours(), quiet)
    for at, asked, given, said, *times in await session.execute(statement):
        hours[at] = Hour(asked, int(given), int(said), *times)
    return hours


async def by_user(session: AsyncSession, period: Period, model: str) -> Sequence[UserShare]:
    """Who asked a model how much in a period, the busiest first."""
    source = traffic(period.span(), accounts=True)
    requests = counted(source.c.requests)
    statement = (
        select(
            source.c.user_id,
            User.email,
            requests,
            added(source.c.input_tokens),
            added(source.c.output_tokens),
            charged(source),
            func.max(source.c.last_at),
        )
        .outerjoin(User, User.id == source.c.user_id)
        .where(source.c.model == model)
        .group_by(source.c.user_id, User.email)
        .having(requests > 0)
        .order_by(requests.desc(), source.c.user_id)
    )
    rows: Sequence[Row[*tuple[Any, ...]]] = (await session.execute(statement)).all()
    return [
        UserShare(user_id, email, count, int(given), int(said), cost, last)
        for user_id, email, count, given, said, cost, last in rows
    ]


def _of(source: FromClause, model: str | None) -> list[ColumnElement[bool]]:
    return [] if model is None else [source.c.model == model]
