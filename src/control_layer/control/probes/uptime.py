"""How models fared: the results of their probes by stretches of time, and the incidents among them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from control_layer.control.probes.uptime_schemas import Bucket, Incident, ModelUptime
from control_layer.store.tables import Model, Probe, ProbeResult

__all__ = ["MAX_INCIDENTS", "Window", "is_down", "uptimes"]

MAX_INCIDENTS = 20
"""Of one model, the latest."""


class Window(StrEnum):
    """A stretch of time up to now."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"

    @property
    def bucket(self) -> timedelta:
        """How long each of its parts is. They begin at round times, of UTC."""
        return _BUCKETS[self]

    def starts(self, now: datetime) -> Sequence[datetime]:
        """When each of its parts begins, oldest first; the last one holds `now`."""
        last = now - (now - _ROUND) % self.bucket
        count = _LENGTHS[self] // self.bucket
        return [last - number * self.bucket for number in reversed(range(count))]


_ROUND = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
_LENGTHS = {Window.DAY: timedelta(hours=24), Window.WEEK: timedelta(days=7), Window.MONTH: timedelta(days=30)}
_BUCKETS = {Window.DAY: timedelta(minutes=30), Window.WEEK: timedelta(hours=3), Window.MONTH: timedelta(hours=12)}


@dataclass(frozen=True, slots=True)
class _Runs:
    total: int
    failed: int


def is_down(window: Window, now: datetime) -> ColumnElement[bool]:
    """Of a model: its probe runs by itself, and its latest run within the window failed."""
    failed = (
        select(~ProbeResult.success)
        .join(Probe, Probe.id == ProbeResult.probe_id)
        .where(Probe.model_id == Model.id, Probe.active, ProbeResult.executed_at >= window.starts(now)[0])
        .order_by(ProbeResult.executed_at.desc())
        .limit(1)
        .correlate(Model)
        .scalar_subquery()
    )
    return func.coalesce(failed, False)


async def uptimes(session: AsyncSession, models: Sequence[Model], window: Window, now: datetime) -> list[ModelUptime]:
    """Those of `models`, in their order; who has no probe is left out."""
    starts = window.starts(now)
    found = await session.scalars(select(Probe).where(Probe.model_id.in_([model.id for model in models])))
    probes = {probe.model_id: probe for probe in found}
    ids = [probe.id for probe in probes.values()]
    runs = await _runs(session, ids, window, starts[0])
    incidents = await _incidents(session, ids, starts[0])
    return [
        _uptime(model, probe, starts, runs.get(probe.id, {}), incidents.get(probe.id, []))
        for model in models
        if (probe := probes.get(model.id)) is not None
    ]


def _uptime(
    model: Model, probe: Probe, starts: Sequence[datetime], runs: Mapping[datetime, _Runs], incidents: list[Incident]
) -> ModelUptime:
    total, failed = (sum(getattr(each, name) for each in runs.values()) for name in ("total", "failed"))
    parts = [(start, runs.get(start, _Runs(0, 0))) for start in starts]
    return ModelUptime(
        model_id=model.id,
        alias=model.alias,
        display_name=model.display_name,
        probe_id=probe.id,
        active=probe.active,
        runs=total,
        failed_runs=failed,
        uptime_percentage=100.0 * (total - failed) / total if total else None,
        buckets=[Bucket(start=start, runs=each.total, failed_runs=each.failed) for start, each in parts],
        incidents=incidents,
    )


async def _runs(
    session: AsyncSession, probes: Collection[uuid.UUID], window: Window, since: datetime
) -> dict[uuid.UUID, dict[datetime, _Runs]]:
    result = ProbeResult
    start = func.date_bin(window.bucket, result.executed_at, _ROUND).label("start")
    statement = (
        select(result.probe_id, start, func.count(), func.count().filter(~result.success))
        .where(result.probe_id.in_(probes), result.executed_at >= since)
        .group_by(result.probe_id, start)
    )
    found: dict[uuid.UUID, dict[datetime, _Runs]] = {}
    for probe_id, begins, total, failed in await session.execute(statement):
        found.setdefault(probe_id, {})[begins] = _Runs(total, failed)
    return found


async def _incidents(
    session: AsyncSession, probes: Collection[uuid.UUID], since: datetime
) -> dict[uuid.UUID, list[Incident]]:
    """Runs that failed in a row, from the first of them to the success that followed; the latest first."""
    result, last = ProbeResult, aliased(ProbeResult)
    # Read backwards, the earliest success so far is the next one.
    next_success = (
        func.min(result.executed_at)
        .filter(result.success)
        .over(partition_by=result.probe_id, order_by=result.executed_at.desc())
    )
    run = (
        select(result.probe_id, result.executed_at, result.success, next_success.label("ended"))
        .where(result.probe_id.in_(probes), result.executed_at >= since)
        .subquery()
    )
    began = func.min(run.c.executed_at)
    row = (
        select(
            run.c.probe_id,
            began.label("began"),
            run.c.ended,
            func.count().label("failed"),
            func.max(run.c.executed_at).label("last"),
            func.row_number().over(partition_by=run.c.probe_id, order_by=began.desc()).label("place"),
        )
        .where(~run.c.success)
        .group_by(run.c.probe_id, run.c.ended)
        .subquery()
    )
    error = (
        select(last.error_message)
        .where(last.probe_id == row.c.probe_id, last.executed_at == row.c.last, ~last.success)
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(row.c.probe_id, row.c.began, row.c.ended, row.c.failed, error)
        .where(row.c.place <= MAX_INCIDENTS)
        .order_by(row.c.began.desc())
    )
    found: dict[uuid.UUID, list[Incident]] = {}
    for probe_id, start, end, failed, message in await session.execute(statement):
        incident = Incident(start=start, end=end, failed_runs=failed, error_message=message)
        found.setdefault(probe_id, []).append(incident)
    return found
