"""What was asked of each model of a page, in one statement (§4.5.5)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, DateTime, FromClause, Select, func, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.analytics.sources import traffic
from control_layer.control.analytics.spans import Span, Unit
from control_layer.control.analytics.sums import added, counted, seconds
from control_layer.control.models.views import Metrics, Requests

__all__ = ["metrics_of"]


async def metrics_of(
    session: AsyncSession, models: Collection[uuid.UUID], *, since: datetime
) -> dict[uuid.UUID, Metrics]:
    """Everything that was ever asked; the time series has the hours from `since` on in which something was."""
    before, series = traffic(Span(end=since)), traffic(Span(start=since), by=Unit.HOUR)
    both = union_all(
        _by_model(before, null(), models), _by_model(series, func.date_trunc("hour", series.c.at), models)
    ).subquery()
    statement = select(both).order_by(both.c.model_id, both.c.hour)
    sums = {model: _Sum() for model in models}
    for model_id, *row in await session.execute(statement):
        sums[model_id].add(*row)
    return {model: each.metrics() for model, each in sums.items()}


def _by_model(source: FromClause, hour: ColumnElement[Any], models: Collection[uuid.UUID]) -> Select[*tuple[Any, ...]]:
    requests = counted(source.c.requests)
    return (
        select(
            source.c.model_id,
            hour.cast(DateTime(timezone=True)).label("hour"),
            requests,
            seconds(source.c.seconds),
            counted(source.c.timed),
            added(source.c.input_tokens),
            added(source.c.output_tokens),
            func.max(source.c.last_at),
        )
        .where(source.c.model_id.in_(models))
        .group_by("model_id", "hour")
        .having(requests > 0)
    )


class _Sum:
    """The hours of a model, added up."""

    def __init__(self) -> None:
        self._series: list[Requests] = []
        self._requests = self._timed = self._input_tokens = self._output_tokens = 0
        self._seconds = 0.0
        self._last: datetime | None = None

    def add(
        self,
        hour: datetime | None,
        requests: int,
        taken: float,
        timed: int,
        input_tokens: Decimal,
        output_tokens: Decimal,
        last: datetime,
    ) -> None:
        """An hour, or everything before the time series begins."""
        if hour is not None:
            self._series.append(Requests(timestamp=hour, requests=requests))
        self._requests += requests
        self._seconds += taken
        self._timed += timed
        self._input_tokens += int(input_tokens)
        self._output_tokens += int(output_tokens)
        self._last = last if self._last is None else max(last, self._last)

    def metrics(self) -> Metrics:
        """What they come to."""
        return Metrics(
            avg_latency_ms=self._seconds / self._timed * 1000 if self._timed else None,
            total_requests=self._requests,
            total_input_tokens=self._input_tokens,
            total_output_tokens=self._output_tokens,
            last_active_at=self._last,
            time_series=self._series,
        )
