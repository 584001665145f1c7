"""`/models/{id}/traffic-policy`."""

from __future__ import annotations

import uuid

from fastapi import APIRouter
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs
from control_layer.control.errors import invalid, not_found
from control_layer.control.models import queries
from control_layer.control.models.components import rows_of
from control_layer.control.models.traffic_policy import TrafficPolicy, WrittenPolicy, purge_answers, set_policy
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Database
from control_layer.control.route import ControlRoute
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/models/{model_id}/traffic-policy", route_class=ControlRoute, tags=["models"])


@router.get("")
@needs(Operation.READ, Resource.MODELS)
async def read(model_id: uuid.UUID, session: Database) -> WrittenPolicy:
    """How requests for the model find their deployment, and how long it may take to answer."""
    return WrittenPolicy.of(await _live(session, model_id))


@router.put("")
@needs(Operation.UPDATE, Resource.MODELS)
async def write(model_id: uuid.UUID, body: TrafficPolicy, session: Database) -> WrittenPolicy:
    """Sets all of it; in force within a second."""
    row = await _live(session, model_id, lock=True)
    for other in (body.on_context_overflow, body.on_content_refusal):
        if other is not None and await queries.find_model(session, other, tables.Model.deleted_at.is_(None)) is None:
            raise invalid(f"No model has the id {other}", code="invalid_reference")
    if body.canary is not None and row.is_composite:
        parts = await rows_of(session, model_id)
        if all(part.component_id != body.canary.component_id for part in parts):
            raise invalid("The canary is no component of this model; add it first", code="invalid_reference")
    set_policy(row, body)
    row.updated_at = func.now()
    await session.flush()
    await session.refresh(row)
    return WrittenPolicy.of(row)


@router.delete("", status_code=204)
@needs(Operation.UPDATE, Resource.MODELS)
async def reset(model_id: uuid.UUID, session: Database) -> None:
    """Takes the defaults again."""
    row = await _live(session, model_id, lock=True)
    set_policy(row, TrafficPolicy())
    row.updated_at = func.now()


@router.post("/purge-cache", status_code=204)
@needs(Operation.UPDATE, Resource.MODELS)
async def purge(model_id: uuid.UUID, session: Database) -> None:
    """Forgets the answers of the model that are kept; in force within a second."""
    purge_answers(await _live(session, model_id, lock=True))


async def _live(session: AsyncSession, model_id: uuid.UUID, *, lock: bool = False) -> tables.Model:
    row = await queries.find_model(session, model_id, tables.Model.deleted_at.is_(None), lock=lock)
    if row is None:
        raise not_found("Model", model_id)
    return row
