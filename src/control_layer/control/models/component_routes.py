"""`/models/{id}/components` (§4.5.6)."""

from __future__ import annotations

import uuid

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs
from control_layer.control.errors import Conflict, invalid, not_found
from control_layer.control.models import components, queries
from control_layer.control.models.schemas import ComponentChanges, NewComponent
from control_layer.control.models.views import Component
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Database
from control_layer.control.route import ControlRoute
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/models/{model_id}", route_class=ControlRoute, tags=["models"])


@router.get("/components")
@needs(Operation.READ, Resource.COMPOSITE_MODELS)
async def list_(model_id: uuid.UUID, session: Database) -> list[Component]:
    """A composite model's components in their order."""
    composite = await _composite(session, model_id)
    return (await components.components_of(session, [composite.id]))[composite.id]


@router.post("/components/{component_id}")
@needs(Operation.UPDATE, Resource.COMPOSITE_MODELS)
async def add(
    model_id: uuid.UUID, component_id: uuid.UUID, session: Database, body: NewComponent | None = None
) -> Component:
    """Adds a standard model as the last component."""
    composite = await _composite(session, model_id, lock=True)
    part = await queries.find_model(session, component_id, tables.Model.deleted_at.is_(None))
    if part is None:
        raise not_found("Model", component_id)
    if part.is_composite:
        raise invalid("A composite model cannot be a component of another")
    if any(row.component_id == component_id for row in await components.rows_of(session, composite.id)):
        raise Conflict("This model is a component already")
    wanted = body or NewComponent()
    weight = 1 if wanted.weight is None else _checked_weight(wanted.weight)
    await components.add_component(session, composite.id, component_id, weight, enabled=wanted.enabled is not False)
    return await _component(session, composite.id, component_id)


@router.patch("/components/{component_id}")
@needs(Operation.UPDATE, Resource.COMPOSITE_MODELS)
async def update(model_id: uuid.UUID, component_id: uuid.UUID, body: ComponentChanges, session: Database) -> Component:
    """Changes a component's weight, switch or place."""
    composite = await _composite(session, model_id, lock=True)
    rows = await components.rows_of(session, composite.id)
    row = next((row for row in rows if row.component_id == component_id), None)
    if row is None:
        raise not_found("Component", component_id)
    if body.weight is not None:
        row.weight = _checked_weight(body.weight)
    if body.enabled is not None:
        row.enabled = body.enabled
    if body.sort_order is not None:
        components.move_component(rows, row, body.sort_order)
    await session.flush()
    return await _component(session, composite.id, component_id)


@router.delete("/components/{component_id}")
@needs(Operation.UPDATE, Resource.COMPOSITE_MODELS)
async def remove(model_id: uuid.UUID, component_id: uuid.UUID, session: Database) -> str:
    """Takes a component out; the others close the gap."""
    composite = await _composite(session, model_id, lock=True)
    rows = await components.rows_of(session, composite.id)
    row = next((row for row in rows if row.component_id == component_id), None)
    if row is None:
        raise not_found("Component", component_id)
    await session.delete(row)
    components.renumber([other for other in rows if other is not row])
    return "Component removed"


async def _composite(session: AsyncSession, model_id: uuid.UUID, *, lock: bool = False) -> tables.Model:
    """The composite model; with `lock`, its components change in this transaction only. Raises 404 and 400."""
    row = await queries.find_model(session, model_id, tables.Model.deleted_at.is_(None), lock=lock)
    if row is None:
        raise not_found("Model", model_id)
    if not row.is_composite:
        raise invalid("Model is not a composite model")
    return row


async def _component(session: AsyncSession, composite_id: uuid.UUID, component_id: uuid.UUID) -> Component:
    found = (await components.components_of(session, [composite_id]))[composite_id]
    component = next((component for component in found if component.model.id == component_id), None)
    if component is None:
        raise not_found("Component", component_id)
    return component


def _checked_weight(weight: int) -> int:
    if not 1 <= weight <= 100:
        raise invalid("weight must be between 1 and 100")
    return weight
