"""What was asked of each model lately: now, and in the same length of time before."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.store.tables import Request

__all__ = ["NOTHING", "ModelTraffic", "Traffic", "traffic_of_models"]

_REFUSED = 400
_TOO_MANY = 429
_PROVIDERS = 500


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests that came to their end in a stretch of time; who left by themselves is not counted."""

    requests: int
    errors: int
    """Those that failed by no fault of who asked: no whole answer, 429, or 500 and beyond."""
    answered: int
    median_seconds: float | None
    """Half of the answers began sooner."""

    @property
    def error_rate(self) -> float:
        """0 to 1; 0 without any request."""
        return self.errors / self.requests if self.requests else 0.0


NOTHING = Traffic(0, 0, 0, None)


@dataclass(frozen=True, slots=True)
class ModelTraffic:
    """A model's."""

    name: str
    now: Traffic
    before: Traffic


async def traffic_of_models(
    session: AsyncSession, now: datetime, window: timedelta
) -> Mapping[uuid.UUID, ModelTraffic]:
    """Of each model that anything was asked of. Reads two windows of the request log by its time."""
    recent = case((Request.at >= now - window, True), else_=False)
    failed = or_(
        Request.outcome == "lost",
        Request.status == _TOO_MANY,
        Request.status >= _PROVIDERS,
        and_(Request.outcome == "failed", or_(Request.status.is_(None), Request.status < _REFUSED)),  # broken off
    )
    succeeded = and_(Request.outcome == "completed", Request.status < _REFUSED)
    statement = (
        select(
            Request.model_id,
            func.max(Request.model),
            recent,
            func.count(),
            func.count().filter(failed),
            func.count(Request.first_byte_seconds).filter(succeeded),
            func.percentile_cont(0.5).within_group(Request.first_byte_seconds).filter(succeeded),
        )
        .where(
            Request.at >= now - 2 * window,
            Request.at < now,
            Request.outcome.in_(("completed", "failed", "lost")),
        )
        .group_by(Request.model_id, recent)
    )
    names: dict[uuid.UUID, str] = {}
    stretches: dict[tuple[uuid.UUID, bool], Traffic] = {}
    for model_id, name, is_recent, *numbers in await session.execute(statement):
        names[model_id] = name
        stretches[model_id, is_recent] = Traffic(*numbers)
    return {
        model_id: ModelTraffic(
            name, stretches.get((model_id, True), NOTHING), stretches.get((model_id, False), NOTHING)
        )
        for model_id, name in names.items()
    }
