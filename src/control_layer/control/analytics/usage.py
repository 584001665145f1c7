"""What one account used, by model."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.analytics.period import Period
from control_layer.control.analytics.sources import batches, traffic
from control_layer.control.analytics.spans import Span
from control_layer.control.analytics.sums import added, counted

__all__ = ["BatchUse", "ModelUse", "batch_use_of", "use_by_model"]


class ModelUse(NamedTuple):
    """What was asked of a model."""

    model: str
    input_tokens: int
    output_tokens: int
    cost: Decimal
    requests: int


class BatchUse(NamedTuple):
    """Batches, and the requests in them."""

    batches: int
    requests: int


async def use_by_model(session: AsyncSession, user_id: uuid.UUID, period: Period | None) -> Sequence[ModelUse]:
    """The models that an account asked in a period, or ever; the most asked first."""
    source = traffic(Span() if period is None else period.span(), accounts=True)
    requests = counted(source.c.requests)
    statement = (
        select(
            source.c.model,
            added(source.c.input_tokens),
            added(source.c.output_tokens),
            added(source.c.cost),
            requests,
        )
        .where(source.c.user_id == user_id)
        .group_by(source.c.model)
        .having(requests > 0)
        .order_by(requests.desc(), source.c.model)
    )
    return [
        ModelUse(model, int(given), int(said), cost, count)
        for model, given, said, cost, count in await session.execute(statement)
    ]


async def batch_use_of(session: AsyncSession, user_id: uuid.UUID, period: Period | None) -> BatchUse:
    """How much of it came in batches."""
    source = batches(Span() if period is None else period.span())
    statement = select(func.count(source.c.batch_id.distinct()), counted(source.c.requests)).where(
        source.c.user_id == user_id
    )
    return BatchUse(*(await session.execute(statement)).one())
