"""Whether a new batch's models take it, and how much more may be asked of them (§4.15)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.errors import TryLater, invalid
from control_layer.control.services import Services
from control_layer.store.tables import Batch, BatchModel, FileRequest, Model, User

__all__ = ["Demand", "check_capacity", "check_models", "check_volume", "demands_of"]

_LOCK = 0x636170  # "cap": one batch at a time is counted against what waits


@dataclass(frozen=True, slots=True)
class Demand:
    """What a file asks of one model."""

    model: str
    requests: int
    model_id: uuid.UUID | None
    """None where the model is gone."""
    throughput: float | None
    """Requests a second, where its administrator says so."""
    windows: Sequence[str] | None
    """The completion windows that it takes; `None`: all."""


async def demands_of(session: AsyncSession, file_id: uuid.UUID) -> list[Demand]:
    """What a file asks, by model."""
    asked = _asked(file_id).subquery()
    statement = (
        select(asked.c.model, asked.c.requests, Model.id, Model.throughput, Model.allowed_batch_completion_windows)
        .outerjoin(Model, (Model.alias == asked.c.model) & Model.deleted_at.is_(None))
        .order_by(asked.c.model)
    )
    return [Demand(*row) for row in await session.execute(statement)]


def check_models(demands: Collection[Demand], window: str) -> None:
    """Raises 400 for a model that does not take the window, or is gone."""
    for demand in demands:
        if demand.windows is not None and window not in demand.windows:
            message = f"Model '{demand.model}' does not take completion window '{window}'"
            raise invalid(message, code="window_not_allowed")
    for demand in demands:
        if demand.model_id is None:
            message = f"Model '{demand.model}' is gone; upload the file anew with another model"
            raise invalid(message, code="model_gone")


async def check_volume(
    session: AsyncSession, services: Services, user_id: uuid.UUID, requests: int, life: timedelta
) -> None:
    """Raises 429 for an unverified account that would have made too many requests within the last `life`."""
    hourly = services.settings.batches.unverified_requests_per_completion_hour
    if not hourly:
        return
    # Locked, because two batches at a time would not know of each other.
    account = select(User.verified).where(User.id == user_id).with_for_update(key_share=True)
    if (await session.execute(account)).scalar_one():
        return
    since = services.now() - life
    recent = select(func.coalesce(func.sum(Batch.total), 0)).where(
        Batch.created_by == user_id, Batch.created_at > since
    )
    bound = hourly * life.total_seconds() / 3600
    if int((await session.execute(recent)).scalar_one()) + requests > bound:
        raise TryLater(429, f"Unverified accounts may make {bound:.0f} requests in such a window; try again later")


async def check_capacity(
    session: AsyncSession, services: Services, demands: Collection[Demand], window: str, life: timedelta
) -> None:
    """Raises 429 for a model that cannot take so many requests within the window."""
    settings = services.settings.batches
    waiting: dict[str, int] = {}
    if settings.pending_capacity_counts_enabled:
        await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        waiting = await _waiting(session, [demand.model for demand in demands], services.now() + life)
    for demand in demands:
        throughput = demand.throughput or settings.default_throughput
        capacity = throughput * life.total_seconds() * settings.window_relaxation_factors.get(window, 1.0)
        if waiting.get(demand.model, 0) + demand.requests > capacity:
            message = f"Model '{demand.model}' cannot take so many requests within {window}; try again later"
            raise TryLater(429, message)


async def _waiting(session: AsyncSession, models: Sequence[str], due: datetime) -> dict[str, int]:
    """The requests to each model that are not over yet and come first, because they are due by then."""
    unfinished = (Batch.active, Batch.expires_at <= due)
    left = BatchModel.total - BatchModel.completed - BatchModel.failed - BatchModel.cancelled
    queued = (
        select(BatchModel.model, func.sum(left))
        .join(Batch, Batch.id == BatchModel.batch_id)
        .where(*unfinished, BatchModel.model.in_(models))
        .group_by(BatchModel.model)
    )
    found = {model: int(count) for model, count in (await session.execute(queued)).all()}
    new = select(Batch.source_file_id).where(*unfinished, Batch.in_progress_at.is_(None))
    for file_id in (await session.execute(new)).scalars().all():
        for model, count in (await session.execute(_asked(file_id))).all():
            found[model] = found.get(model, 0) + count
    return found


def _asked(file_id: uuid.UUID) -> Select[str, int]:
    return (
        select(FileRequest.model, func.count().label("requests"))
        .where(FileRequest.file_id == file_id)
        .group_by(FileRequest.model)
    )
