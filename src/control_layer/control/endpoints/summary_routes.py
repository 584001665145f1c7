"""`/endpoint-summaries`: the endpoints as a page shows them, with what is known of their models.

`/endpoints` itself is a bare array of the contract's (§4.4), which knows neither a total nor an order.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs
from control_layer.control.endpoints.schemas import Endpoint
from control_layer.control.leases.conditions import Conditions
from control_layer.control.paging import Page, Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.schema import Output
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/endpoint-summaries", route_class=ControlRoute, tags=["endpoints"])


class HostedModels(Output):
    """How many models an endpoint has, and how they fare. Deleted ones are not counted."""

    active: int
    inactive: int
    """The provider listed them no more when the endpoint was synchronised."""
    watched: int
    """Active ones that a probe looks after."""
    failing: int
    """Active ones whose probe says that they fail."""
    resting: int
    """Active ones that a gateway of this host leaves alone for now, because they failed or their provider said 429."""


class EndpointSummary(Endpoint):
    """An endpoint with its models, counted."""

    models: HostedModels
    synced_at: datetime | None
    """When they were last brought in step with what the provider lists; null where they never were."""


@router.get("")
@needs(Operation.READ, Resource.ENDPOINTS)
async def list_(
    session: Database,
    services: Served,
    paging: Paging,
    search: Annotated[str, Query(description="A part of the name, the description or the URL.")] = "",
    sort: Literal["created_at", "name"] = "created_at",
    sort_direction: Literal["asc", "desc"] | None = None,
) -> Page[EndpointSummary]:
    """Endpoints with the number of their models and how those fare; newest first unless asked otherwise."""
    wanted = _matching(search.strip())
    total = await session.scalar(select(func.count()).select_from(tables.Endpoint).where(wanted))
    descending = sort != "name" if sort_direction is None else sort_direction == "desc"
    column = func.lower(tables.Endpoint.name) if sort == "name" else tables.Endpoint.created_at
    statement = (
        select(tables.Endpoint)
        .where(wanted)
        .order_by(column.desc() if descending else column.asc(), tables.Endpoint.id)
        .offset(paging.skip)
        .limit(paging.limit)
    )
    rows = (await session.scalars(statement)).all()
    counted = await _hosted(session, [row.id for row in rows], services.conditions)
    found = [EndpointSummary(**dict(Endpoint.of(row)), models=counted[row.id], synced_at=row.synced_at) for row in rows]
    return Page[EndpointSummary].of(found, total or 0, paging)


def _matching(search: str) -> ColumnElement[bool]:
    if not search:
        return true()
    endpoint = tables.Endpoint
    columns = (endpoint.name, endpoint.description, endpoint.url)
    return or_(*(column.icontains(search, autoescape=True) for column in columns))


async def _hosted(
    session: AsyncSession, endpoint_ids: Collection[uuid.UUID], conditions: Conditions
) -> dict[uuid.UUID, HostedModels]:
    endpoint, model, probe, state = tables.Endpoint, tables.Model, tables.Probe, tables.ProbeState
    statement = (
        select(endpoint.id, model.id, model.status == "active", probe.id.is_not(None), state.failing)
        .join(model, model.hosted_on == endpoint.id)
        .join(probe, (probe.model_id == model.id) & probe.active, isouter=True)
        .join(state, state.model_id == model.id, isouter=True)
        .where(endpoint.id.in_(endpoint_ids), model.deleted_at.is_(None))
    )
    hosted: dict[uuid.UUID, list[tuple[uuid.UUID, bool, bool, bool]]] = {each: [] for each in endpoint_ids}
    for endpoint_id, model_id, active, watched, failing in await session.execute(statement):
        hosted[endpoint_id].append((model_id, active, watched, failing is True))
    return {endpoint_id: _counted(models, conditions) for endpoint_id, models in hosted.items()}


def _counted(models: Sequence[tuple[uuid.UUID, bool, bool, bool]], conditions: Conditions) -> HostedModels:
    active = [(model_id, watched, failing) for model_id, is_active, watched, failing in models if is_active]
    return HostedModels(
        active=len(active),
        inactive=len(models) - len(active),
        watched=sum(watched for _, watched, _ in active),
        failing=sum(watched and failing for _, watched, failing in active),
        resting=sum(_rests(model_id, conditions) for model_id, _, _ in active),
    )


def _rests(model_id: uuid.UUID, conditions: Conditions) -> bool:
    return any(seen.condition.state != "closed" for seen in conditions.of(str(model_id)))
