"""The components of composite models (§4.5.6): an order without gaps, changed under the composite's lock."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.models.views import Component
from control_layer.store import tables

__all__ = ["add_component", "components_of", "heaviest_first", "models_asked", "move_component", "rows_of"]


async def components_of(session: AsyncSession, composites: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Component]]:
    """Component objects in their order, by composite model. Deleted models are no components of anything."""
    component, model, endpoint = tables.ModelComponent, tables.Model, tables.Endpoint
    statement = (
        select(component, model, endpoint)
        .join(model, model.id == component.component_id)
        .join(endpoint, endpoint.id == model.hosted_on, isouter=True)
        .where(component.composite_id.in_(composites), model.deleted_at.is_(None))
        .order_by(component.sort_order, component.component_id)
    )
    found: dict[uuid.UUID, list[Component]] = {composite: [] for composite in composites}
    for row, part, host in await session.execute(statement):
        found[row.composite_id].append(Component.of(row, part, host))
    return found


async def models_asked(session: AsyncSession, composites: Collection[uuid.UUID]) -> dict[uuid.UUID, list[tables.Model]]:
    """The components that requests go to, in their order, by composite model."""
    component, model = tables.ModelComponent, tables.Model
    statement = (
        select(component.composite_id, model)
        .join(model, model.id == component.component_id)
        .where(
            component.composite_id.in_(composites),
            component.enabled,
            model.deleted_at.is_(None),
            model.status == "active",
            model.hosted_on.is_not(None),
        )
        .order_by(component.sort_order, component.component_id)
    )
    found: dict[uuid.UUID, list[tables.Model]] = {}
    for composite_id, part in await session.execute(statement):
        found.setdefault(composite_id, []).append(part)
    return found


async def rows_of(session: AsyncSession, composite_id: uuid.UUID) -> list[tables.ModelComponent]:
    """The rows in their order."""
    component = tables.ModelComponent
    statement = select(component).where(component.composite_id == composite_id)
    return list(await session.scalars(statement.order_by(component.sort_order, component.component_id)))


async def add_component(
    session: AsyncSession, composite_id: uuid.UUID, component_id: uuid.UUID, weight: int, *, enabled: bool
) -> None:
    """Adds it as the last one."""
    component = tables.ModelComponent
    last = select(func.coalesce(func.max(component.sort_order) + 1, 0)).where(component.composite_id == composite_id)
    order = (await session.execute(last)).scalar_one()
    session.add(
        component(
            composite_id=composite_id, component_id=component_id, weight=weight, enabled=enabled, sort_order=order
        )
    )
    await session.flush()


def move_component(rows: Sequence[tables.ModelComponent], moved: tables.ModelComponent, to: int) -> None:
    """Moves a row to a place, or as near to it as there is one, and numbers all of them anew."""
    others = [row for row in rows if row is not moved]
    place = min(max(to, 0), len(others))
    renumber([*others[:place], moved, *others[place:]])


def heaviest_first(rows: Sequence[tables.ModelComponent]) -> None:
    """Orders by weight; equals keep their order."""
    renumber(sorted(rows, key=lambda row: -row.weight))


def renumber(rows: Sequence[tables.ModelComponent]) -> None:
    for order, row in enumerate(rows):
        row.sort_order = order
