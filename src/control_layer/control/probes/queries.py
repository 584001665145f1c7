"""SQL of probes and their results."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.models.views import Status
from control_layer.control.probes.schemas import Statistics
from control_layer.store import tables
from control_layer.store.tables import Model, Probe, ProbeResult

__all__ = [
    "MAX_RESULTS",
    "Target",
    "delete_probe",
    "delete_results",
    "find_probe",
    "find_target",
    "find_target_model",
    "last_runs",
    "list_probes",
    "list_results",
    "scheduled_probes",
    "statistics",
    "statuses",
]

MAX_RESULTS = 10_000
"""The most results that one answer holds: a week of a probe that runs every minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The model that a probe asks."""

    model_id: uuid.UUID
    alias: str
    model_type: str | None


async def list_probes(session: AsyncSession, *, active_only: bool) -> Sequence[Probe]:
    """Newest first."""
    condition = Probe.active if active_only else true()
    return (await session.scalars(select(Probe).where(condition).order_by(Probe.created_at.desc(), Probe.id))).all()


async def find_probe(session: AsyncSession, probe_id: uuid.UUID, *, lock: bool = False) -> Probe | None:
    """The probe as it is now; with `lock`, nobody else changes it before the end of the transaction."""
    statement = select(Probe).where(Probe.id == probe_id).execution_options(populate_existing=True)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def delete_probe(session: AsyncSession, probe_id: uuid.UUID) -> None:
    """Erases a probe with its results, if there is one."""
    await session.execute(delete(Probe).where(Probe.id == probe_id))


async def find_target(session: AsyncSession, probe_id: uuid.UUID) -> tuple[Probe, Target] | None:
    """A probe and its model, which may be soft-deleted."""
    statement = (
        select(Probe, Model.id, Model.alias, Model.model_type)
        .join(Model, Model.id == Probe.model_id)
        .where(Probe.id == probe_id)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], Target(model_id=row[1], alias=row[2], model_type=row[3]))


async def find_target_model(session: AsyncSession, model_id: uuid.UUID) -> Target | None:
    """A model that can be probed: one that is not deleted."""
    statement = select(Model.alias, Model.model_type).where(Model.id == model_id, Model.deleted_at.is_(None))
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else Target(model_id=model_id, alias=row[0], model_type=row[1])


# -- the schedule ----------------------------------------------------------------------------------------------------


async def scheduled_probes(session: AsyncSession) -> dict[uuid.UUID, int]:
    """The interval, in seconds, of every active probe whose model is not deleted."""
    statement = (
        select(Probe.id, Probe.interval_seconds)
        .join(Model, Model.id == Probe.model_id)
        .where(Probe.active, Model.deleted_at.is_(None))
    )
    return {row.id: row.interval_seconds for row in await session.execute(statement)}


async def last_runs(session: AsyncSession, probes: Collection[uuid.UUID]) -> dict[uuid.UUID, datetime | None]:
    """When each probe has begun to run last."""
    latest = (
        select(ProbeResult.executed_at)
        .where(ProbeResult.probe_id == Probe.id)
        .order_by(ProbeResult.executed_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    found: dict[uuid.UUID, datetime | None] = dict.fromkeys(probes)
    found.update(
        (row[0], row[1]) for row in await session.execute(select(Probe.id, latest).where(Probe.id.in_(probes)))
    )
    return found


# -- results ---------------------------------------------------------------------------------------------------------


def _between(statement: Select[Any], probe_id: uuid.UUID, start: datetime | None, end: datetime | None) -> Select[Any]:
    """The results of a probe that began from `start` to `end`, both included."""
    statement = statement.where(ProbeResult.probe_id == probe_id)
    if start is not None:
        statement = statement.where(ProbeResult.executed_at >= start)
    if end is not None:
        statement = statement.where(ProbeResult.executed_at <= end)
    return statement


async def list_results(
    session: AsyncSession, probe_id: uuid.UUID, start: datetime | None, end: datetime | None, limit: int | None
) -> Sequence[ProbeResult]:
    """Newest first, `MAX_RESULTS` at most."""
    statement = _between(select(ProbeResult), probe_id, start, end)
    statement = statement.order_by(ProbeResult.executed_at.desc(), ProbeResult.id)
    most = MAX_RESULTS if limit is None else min(max(limit, 0), MAX_RESULTS)
    return (await session.scalars(statement.limit(most))).all()


async def statistics(
    session: AsyncSession, probe_id: uuid.UUID, start: datetime | None, end: datetime | None
) -> Statistics:
    """What `list_results` would show without its limit, in numbers."""
    result = ProbeResult
    milliseconds, succeeded = result.response_time_ms, result.success

    def percentile(fraction: float) -> Any:
        return func.percentile_cont(fraction).within_group(milliseconds).filter(succeeded)

    numbers = select(
        func.count(),
        func.count().filter(succeeded),
        func.avg(milliseconds).filter(succeeded),
        func.min(milliseconds).filter(succeeded),
        func.max(milliseconds).filter(succeeded),
        *(percentile(fraction) for fraction in (0.5, 0.95, 0.99)),
        func.max(result.executed_at),
        func.max(result.executed_at).filter(succeeded),
        func.max(result.executed_at).filter(~succeeded),
    ).select_from(result)
    row = (await session.execute(_between(numbers, probe_id, start, end))).one()
    total, successes, average, least, most, p50, p95, p99, last, last_success, last_failure = row
    return Statistics(
        total_executions=total,
        successful_executions=successes,
        failed_executions=total - successes,
        success_rate=100.0 * successes / total if total else 0.0,
        avg_response_time_ms=None if average is None else float(average),
        min_response_time_ms=least,
        max_response_time_ms=most,
        p50_response_time_ms=p50,
        p95_response_time_ms=p95,
        p99_response_time_ms=p99,
        last_execution=last,
        last_success=last_success,
        last_failure=last_failure,
    )


async def delete_results(session: AsyncSession, *, before: datetime, limit: int) -> int:
    """Erases up to `limit` results that began before then, oldest first; how many. Hosts do not wait for each other."""
    old = (
        select(ProbeResult.id)
        .where(ProbeResult.executed_at < before)
        .order_by(ProbeResult.executed_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone = await session.execute(delete(ProbeResult).where(ProbeResult.id.in_(old)).returning(ProbeResult.id))
    return len(gone.all())


# -- models ----------------------------------------------------------------------------------------------------------


async def statuses(
    session: AsyncSession, models: Collection[uuid.UUID], *, since: datetime
) -> Mapping[uuid.UUID, Status]:
    """What probes say of each of `models`; the uptime is that since `since`."""
    result = tables.ProbeResult
    latest = (
        select(result.executed_at, result.success)
        .where(result.probe_id == Probe.id)
        .order_by(result.executed_at.desc())
        .limit(1)
        .lateral()
    )
    recent = (
        select(func.count().label("runs"), func.count().filter(result.success).label("successes"))
        .where(result.probe_id == Probe.id, result.executed_at >= since)
        .lateral()
    )
    statement = (
        select(Probe, latest.c.executed_at, latest.c.success, recent.c.runs, recent.c.successes)
        .select_from(Probe)
        .outerjoin(latest, true())
        .join(recent, true())
        .where(Probe.model_id.in_(models))
    )
    found = {model: Status.unprobed() for model in models}
    for probe, last_check, last_success, runs, successes in await session.execute(statement):
        found[probe.model_id] = Status(
            probe_id=probe.id,
            active=probe.active,
            interval_seconds=probe.interval_seconds,
            last_check=last_check,
            last_success=last_success,
            uptime_percentage=100.0 * successes / runs if runs else 100.0,
        )
    return found
