"""`/models/{id}/health`: how a model's deployments fare."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs
from control_layer.control.errors import not_found
from control_layer.control.leases.conditions import Seen
from control_layer.control.models import queries
from control_layer.control.models.components import rows_of
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.schema import Output
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/models/{model_id}/health", route_class=ControlRoute, tags=["models"])


class WorkerView(Output):
    """How a deployment fares, as one gateway worker of this host sees it."""

    worker_id: uuid.UUID
    state: Literal["closed", "open", "half_open", "limited"]
    """`closed`: all is well. `open`: it failed repeatedly and rests. `half_open`: one request tries it. `limited`: its
    provider said 429."""
    failures: int
    """In a row."""
    in_flight: int
    latency_seconds: float | None
    """To the first byte, lately."""
    ready_in_seconds: float
    """Until it may be asked."""
    seconds_ago: float
    """When the worker said so. It says nothing while nothing changes."""


class ProbeView(Output):
    """What scheduled runs of its probe say."""

    failing: bool
    """It failed several times in a row: gateways ask it only where there is no other."""
    failures: int
    """In a row."""
    since: datetime

    @classmethod
    def of(cls, row: tables.ProbeState) -> ProbeView:
        """What a row says."""
        return cls(failing=row.failing, failures=row.failures, since=row.since)


class DeploymentHealth(Output):
    """One deployment of a model."""

    deployment_id: uuid.UUID
    alias: str
    endpoint: str | None
    """The endpoint's name."""
    probe: ProbeView | None
    workers: list[WorkerView]
    """Those that have asked it since they began."""


@router.get("")
@needs(Operation.READ, Resource.MODELS)
async def read(model_id: uuid.UUID, session: Database, services: Served) -> list[DeploymentHealth]:
    """How a standard model, or each component of a composite one, fares at the gateways of this host."""
    row = await queries.find_model(session, model_id, tables.Model.deleted_at.is_(None))
    if row is None:
        raise not_found("Model", model_id)
    ids = [part.component_id for part in await rows_of(session, model_id)] if row.is_composite else [model_id]
    found = await _deployments(session, ids)
    return [
        DeploymentHealth(
            deployment_id=deployment.id,
            alias=deployment.alias,
            endpoint=endpoint,
            probe=None if state is None else ProbeView.of(state),
            workers=[_view(seen) for seen in services.conditions.of(str(deployment.id))],
        )
        for deployment, endpoint, state in sorted(found, key=lambda each: ids.index(each[0].id))
    ]


async def _deployments(
    session: AsyncSession, ids: Sequence[uuid.UUID]
) -> Sequence[tuple[tables.Model, str | None, tables.ProbeState | None]]:
    statement = (
        select(tables.Model, tables.Endpoint.name, tables.ProbeState)
        .join(tables.Endpoint, tables.Endpoint.id == tables.Model.hosted_on, isouter=True)
        .join(tables.ProbeState, tables.ProbeState.model_id == tables.Model.id, isouter=True)
        .where(tables.Model.id.in_(ids), tables.Model.deleted_at.is_(None))
    )
    return [(model, endpoint, state) for model, endpoint, state in await session.execute(statement)]


def _view(seen: Seen) -> WorkerView:
    condition = seen.condition
    return WorkerView(
        worker_id=uuid.UUID(seen.worker_id),
        state=condition.state,
        failures=condition.failures,
        in_flight=condition.in_flight,
        latency_seconds=condition.latency or None,
        ready_in_seconds=condition.ready_in,
        seconds_ago=seen.age,
    )
