"""`/alerts`, which is ours."""

from __future__ import annotations

import uuid
from typing import Literal

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs
from control_layer.control.alerts.queries import count_alerts, find_alert, list_alerts
from control_layer.control.alerts.schemas import Alert
from control_layer.control.errors import not_found
from control_layer.control.paging import Page, Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/alerts", tags=["alerts"], route_class=ControlRoute)


@router.get("")
@needs(Operation.READ, Resource.SYSTEM)
async def list_(
    session: Database,
    paging: Paging,
    state: Literal["open", "resolved"] | None = None,
    kind: str | None = None,
) -> Page[Alert]:
    """What was noticed, newest first; with `state=open`, what is not over."""
    rows = await list_alerts(session, state, kind, paging.skip, paging.limit)
    total = await count_alerts(session, state, kind)
    return Page.of([Alert.of(row) for row in rows], total, paging)


@router.get("/{alert_id}")
@needs(Operation.READ, Resource.SYSTEM)
async def read(alert_id: uuid.UUID, session: Database) -> Alert:
    """One alert."""
    return Alert.of(await _found(session, alert_id))


@router.post("/{alert_id}/acknowledge")
@needs(Operation.UPDATE, Resource.SYSTEM)
async def acknowledge(alert_id: uuid.UUID, session: Database, caller: Caller, services: Served) -> Alert:
    """Says that the caller looks after it. Who said so first stays."""
    row = await _found(session, alert_id, lock=True)
    if row.acknowledged_at is None:
        row.acknowledged_at, row.acknowledged_by = services.now(), caller.id
    await session.flush()
    return Alert.of(row)


@router.delete("/{alert_id}/acknowledge")
@needs(Operation.UPDATE, Resource.SYSTEM)
async def take_back(alert_id: uuid.UUID, session: Database) -> Alert:
    """Says that nobody looks after it any more."""
    row = await _found(session, alert_id, lock=True)
    row.acknowledged_at = row.acknowledged_by = None
    await session.flush()
    return Alert.of(row)


async def _found(session: AsyncSession, alert_id: uuid.UUID, *, lock: bool = False) -> tables.Alert:
    row = await find_alert(session, alert_id, lock=lock)
    if row is None:
        raise not_found("Alert", alert_id)
    return row
