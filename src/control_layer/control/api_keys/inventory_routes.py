"""`/api-keys`: everybody's keys, for whoever looks after them. Ours; the contract has none."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import and_

from control_layer.control.access import needs
from control_layer.control.api_keys.listing import Asked, Filters
from control_layer.control.api_keys.presentation import shown
from control_layer.control.api_keys.queries import count_keys, list_keys, visible
from control_layer.control.api_keys.schemas import KeyOwner, OwnedKey
from control_layer.control.paging import Page, Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.users.queries import users_by_id

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/api-keys", tags=["api-keys"], route_class=ControlRoute)


@router.get("")
@needs(Operation.READ, Resource.API_KEYS)
async def list_(session: Database, services: Served, paging: Paging, asked: Asked, filters: Filters) -> Page[OwnedKey]:
    """Everybody's keys without their secrets, newest first unless another order is asked for."""
    now = services.now()
    which = and_(visible(), asked.condition(), filters.condition(now))
    rows = await list_keys(session, which, asked.order(), paging.skip, paging.limit)
    total = await count_keys(session, which)
    keys = await shown(session, rows, services.settings.auth.rate_limits, now)
    owners = await users_by_id(session, {key.user_id for key in keys})
    found = [OwnedKey.with_owner(key, KeyOwner.of(owners[key.user_id])) for key in keys]
    return Page.of(found, total, paging)
