"""Sums over requests: by status, by model, by hour, by user."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.analytics.period import Period
from control_layer.control.analytics.sums import added, seconds
from control_layer.store.tables import Request, User

__all__ = ["Hour", "Latency", "Totals", "UserShare", "by_hour", "by_user", "hourly_statement", "totals"]


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
    duration = Request.duration_seconds
    statement = (
        select(Request.model, Request.status, func.count(), seconds(duration), func.count(duration))
        .where(*_asked(period, model))
        .group_by(Request.model, Request.status)
    )
    found = Totals()
    for alias, status, requests, taken, timed in await session.execute(statement):
        found.requests += requests
        found.statuses[status] += requests
        found.models[alias] += requests
        latency = found.latencies.setdefault(alias, Latency())
        latency.seconds += taken
        latency.requests += timed
    return found


def hourly_statement(period: Period, model: str | None) -> Select[*tuple[Any, ...]]:
    """The query behind `by_hour`."""
    milliseconds = Request.duration_seconds * 1000
    hour = func.date_trunc("hour", Request.at)
    return (
        select(
            hour,
            func.count(),
            added(Request.input_tokens),
            added(Request.output_tokens),
            func.avg(milliseconds),
            func.percentile_cont(0.95).within_group(milliseconds),
            func.percentile_cont(0.99).within_group(milliseconds),
        )
        .where(*_asked(period, model))
        .group_by(hour)
    )


async def by_hour(session: AsyncSession, period: Period, model: str | None) -> dict[datetime, Hour]:
    """Every hour of the period, also those in which nothing happened."""
    quiet = Hour(0, 0, 0, None, None, None)
    hours = dict.fromkeys(period.hours(), quiet)
    for hour, requests, given, said, *latencies in await session.execute(hourly_statement(period, model)):
        hours[hour] = Hour(requests, int(given), int(said), *latencies)
    return hours


async def by_user(session: AsyncSession, period: Period, model: str) -> Sequence[UserShare]:
    """Who asked a model how much in a period, the busiest first."""
    requests = func.count()
    statement = (
        select(
            Request.user_id,
            User.email,
            requests,
            added(Request.input_tokens),
            added(Request.output_tokens),
            func.sum(Request.cost),
            func.max(Request.at),
        )
        .outerjoin(User, User.id == Request.user_id)
        .where(*_asked(period, model))
        .group_by(Request.user_id, User.email)
        .order_by(requests.desc(), Request.user_id)
    )
    rows: Sequence[Row[*tuple[Any, ...]]] = (await session.execute(statement)).all()
    return [
        UserShare(user_id, email, count, int(given), int(said), cost, last)
        for user_id, email, count, given, said, cost, last in rows
    ]


def _asked(period: Period, model: str | None) -> list[ColumnElement[bool]]:
    within = period.condition()
    return [within] if model is None else [within, Request.model == model]
