"""`/uptime`: how models fared, for everybody who sees them. Ours; the contract has results of one probe at a time."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select

from control_layer.control.access import signed_in
from control_layer.control.models import queries
from control_layer.control.models.listing import Asked, asked_for, ordering
from control_layer.control.models.visibility import Sight
from control_layer.control.paging import Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.probes.uptime import Window, is_down, uptimes
from control_layer.control.probes.uptime_schemas import Incident, ModelUptime, UptimePage
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1", route_class=ControlRoute, tags=["probes"])


@router.get("/uptime")
@signed_in
async def read(
    session: Database,
    caller: Caller,
    services: Served,
    asked: Asked,
    paging: Paging,
    window: Annotated[Window, Query(description="Up to now.")] = Window.DAY,
    model: Annotated[uuid.UUID | None, Query(description="Only this one.")] = None,
    down_first: Annotated[bool, Query(description="Those whose latest check failed come before the others.")] = False,
) -> UptimePage:
    """How the models fared that the caller sees and a probe watches; filters and order are those of `/models`."""
    condition = await asked_for(session, Sight.of(caller).listed(deleted=False, inactive=False), asked)
    if model is not None:
        condition &= tables.Model.id == model
    watched = tables.Model.id.in_(select(tables.Probe.model_id))
    now = services.now()
    down = is_down(window, now)
    order = [down.desc(), *ordering(asked)] if down_first else ordering(asked)
    rows = await queries.list_models(session, condition & watched, order, paging.skip, paging.limit)
    total = await queries.count_models(session, condition & watched)
    found = await uptimes(session, rows, window, now)
    if not caller.may(Operation.READ, Resource.PROBES):
        found = [_without_errors(each) for each in found]
    return UptimePage(
        data=found,
        total_count=total,
        skip=paging.skip,
        limit=paging.limit,
        bucket_seconds=int(window.bucket.total_seconds()),
        down=await queries.count_models(session, condition & watched & down),
        unwatched=await queries.count_models(session, condition & ~watched),
    )


def _without_errors(uptime: ModelUptime) -> ModelUptime:
    """An error is the provider's word, and the contract tells it to administrators only."""
    incidents: list[Incident] = [each.model_copy(update={"error_message": None}) for each in uptime.incidents]
    return uptime.model_copy(update={"incidents": incidents})
