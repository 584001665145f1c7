"""`/probes` (§4.6)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import AfterValidator
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs
from control_layer.control.errors import invalid, not_found
from control_layer.control.permissions import Operation, Resource
from control_layer.control.probes import queries
from control_layer.control.probes.execution import executed_by_hand, request_of
from control_layer.control.probes.request import DEFAULT_METHOD, checked_method, checked_path, request_for
from control_layer.control.probes.schemas import NewProbe, Probe, ProbeChanges, ProbeTest, Result, Statistics
from control_layer.control.request_context import Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.text import not_blank
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1", route_class=ControlRoute, tags=["probes"])


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("is before the year 1 or after the year 9999 in UTC") from None


Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""A time in a query; UTC where it does not say."""


@router.get("/probes")
@needs(Operation.READ, Resource.PROBES)
async def list_(session: Database, status: str | None = None) -> list[Probe]:
    """All probes, newest first; with `status=active`, the active ones."""
    return [Probe.of(row) for row in await queries.list_probes(session, active_only=status == "active")]


@router.post("/probes", status_code=201)
@needs(Operation.CREATE, Resource.PROBES)
async def create(body: NewProbe, session: Database) -> Probe:
    """Makes a probe, which runs for the first time within moments."""
    row = tables.Probe(
        id=uuid.uuid4(),
        name=not_blank("name", body.name),
        model_id=body.deployment_id,
        active=True,
        http_method=DEFAULT_METHOD,
        request_path=None,
        request_body=None,
    )
    _define(row, body, body.interval_seconds)
    if await queries.find_target_model(session, body.deployment_id) is None:
        raise not_found("Model", body.deployment_id)
    session.add(row)
    await session.flush()
    return Probe.of(row)


@router.post("/probes/test/{model_id}")
@needs(Operation.READ, Resource.PROBES)
async def test(
    model_id: uuid.UUID, body: Annotated[ProbeTest | None, Body()], session: Database, services: Served
) -> Result:
    """Asks a model as a probe would, and keeps nothing. A model that fails is a result with `success: false`."""
    asked = body or ProbeTest()
    method = DEFAULT_METHOD if asked.http_method is None else checked_method(asked.http_method)
    path = checked_path(asked.request_path) if asked.request_path else None
    target = await queries.find_target_model(session, model_id)
    if target is None:
        raise not_found("Model", model_id)
    await session.commit()
    request = request_for(target.alias, target.model_type, method=method, path=path, body=_body_of(asked))
    return Result.of(await executed_by_hand(services, model_id, request, target.alias))


@router.get("/probes/{probe_id}")
@needs(Operation.READ, Resource.PROBES)
async def read(probe_id: uuid.UUID, session: Database) -> Probe:
    """One probe."""
    row = await queries.find_probe(session, probe_id)
    if row is None:
        raise not_found("Probe", probe_id)
    return Probe.of(row)


@router.patch("/probes/{probe_id}")
@needs(Operation.UPDATE, Resource.PROBES)
async def update(probe_id: uuid.UUID, body: ProbeChanges, session: Database, services: Served) -> Probe:
    """Changes what a probe asks, or how often."""
    row = await _locked(session, probe_id)
    _define(row, body, body.interval_seconds)
    if body.model_fields_set:
        row.updated_at = services.now()
    await session.flush()
    return Probe.of(row)


@router.delete("/probes/{probe_id}", status_code=204)
@needs(Operation.DELETE, Resource.PROBES)
async def delete(probe_id: uuid.UUID, session: Database) -> None:
    """Erases a probe with its results. Doing so twice is no error."""
    await queries.delete_probe(session, probe_id)


@router.patch("/probes/{probe_id}/activate")
@needs(Operation.UPDATE, Resource.PROBES)
async def activate(probe_id: uuid.UUID, session: Database, services: Served) -> Probe:
    """Lets a probe run at its interval."""
    return await _set_active(session, probe_id, now=services.now(), active=True)


@router.patch("/probes/{probe_id}/deactivate")
@needs(Operation.UPDATE, Resource.PROBES)
async def deactivate(probe_id: uuid.UUID, session: Database, services: Served) -> Probe:
    """Lets a probe run only when somebody asks."""
    return await _set_active(session, probe_id, now=services.now(), active=False)


@router.post("/probes/{probe_id}/execute", status_code=201)
@needs(Operation.UPDATE, Resource.PROBES)
async def execute(probe_id: uuid.UUID, session: Database, services: Served) -> Result:
    """Runs a probe now and keeps the result. A model that fails is a result with `success: false`."""
    found = await queries.find_target(session, probe_id)
    if found is None:
        raise not_found("Probe", probe_id)
    probe, target = found
    await session.commit()
    row = await executed_by_hand(services, probe_id, request_of(probe, target), target.alias)
    await _locked(session, probe_id)  # it may be gone by now
    session.add(row)
    await session.flush()
    return Result.of(row)


@router.get("/probes/{probe_id}/results")
@needs(Operation.READ, Resource.PROBES)
async def list_results(
    probe_id: uuid.UUID,
    session: Database,
    start_time: Moment | None = None,
    end_time: Moment | None = None,
    limit: int | None = None,
) -> list[Result]:
    """A probe's runs, newest first, 10,000 at most; both times are included."""
    rows = await queries.list_results(session, probe_id, start_time, end_time, limit)
    return [Result.of(row) for row in rows]


@router.get("/probes/{probe_id}/statistics")
@needs(Operation.READ, Resource.PROBES)
async def read_statistics(
    probe_id: uuid.UUID, session: Database, start_time: Moment | None = None, end_time: Moment | None = None
) -> Statistics:
    """A probe's runs in numbers; both times are included."""
    return await queries.statistics(session, probe_id, start_time, end_time)


def _define(row: tables.Probe, body: ProbeTest, interval_seconds: int | None) -> None:
    """Puts what `body` says into the row. Raises 400."""
    if interval_seconds is not None:
        if interval_seconds < 1:
            raise invalid("interval_seconds must be at least 1", code="invalid_interval")
        row.interval_seconds = interval_seconds
    if body.http_method is not None:
        row.http_method = checked_method(body.http_method)
    if body.request_path is not None:
        row.request_path = checked_path(body.request_path) if body.request_path else None
    if body.request_body is not None:
        row.request_body = _body_of(body)


def _body_of(asked: ProbeTest) -> Any | None:
    return None if asked.request_body == "" else asked.request_body


async def _set_active(session: AsyncSession, probe_id: uuid.UUID, *, now: datetime, active: bool) -> Probe:
    row = await _locked(session, probe_id)
    if row.active is not active:
        row.active, row.updated_at = active, now
    await session.flush()
    return Probe.of(row)


async def _locked(session: AsyncSession, probe_id: uuid.UUID) -> tables.Probe:
    row = await queries.find_probe(session, probe_id, lock=True)
    if row is None:
        raise not_found("Probe", probe_id)
    return row
