"""`/users/{user_id}/sessions`: where a person is signed in, and how to end it."""

from __future__ import annotations

import uuid

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import signed_in
from control_layer.control.authentication.schemas import Session
from control_layer.control.authentication.session_records import (
    count_sessions,
    end_session,
    end_sessions,
    list_sessions,
)
from control_layer.control.errors import not_found
from control_layer.control.paging import Page, Paging
from control_layer.control.people import Owner
from control_layer.control.permissions import Operation, Resource
from control_layer.control.principal import Principal
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.users.accounts import check_administrator
from control_layer.control.users.queries import find_user

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/users/{user_id}/sessions", tags=["sessions"], route_class=ControlRoute)


@router.get("")
@signed_in
async def list_(user_id: Owner, session: Database, caller: Caller, paging: Paging, services: Served) -> Page[Session]:
    """Where a person is signed in, newest first. One's own, or everybody's with the right to read all users."""
    caller.require_on(Operation.READ, Resource.USERS, user_id)
    await _require_user(session, user_id)
    now = services.now()
    rows = await list_sessions(session, user_id, now, paging.skip, paging.limit)
    total = await count_sessions(session, user_id, now)
    return Page.of([Session.of(row, caller.session_id) for row in rows], total, paging)


@router.delete("/{session_id}", status_code=204)
@signed_in
async def delete(user_id: Owner, session_id: uuid.UUID, session: Database, caller: Caller, services: Served) -> None:
    """Ends one session: its cookie is refused at once."""
    caller.require_on(Operation.UPDATE, Resource.USERS, user_id)
    await _require_user(session, user_id, ending=caller)
    if not await end_session(session, user_id, session_id, services.now()):
        raise not_found("Session", session_id)


@router.delete("", status_code=204)
@signed_in
async def delete_all(user_id: Owner, session: Database, caller: Caller) -> None:
    """Ends all of a person's sessions but the one that asks."""
    caller.require_on(Operation.UPDATE, Resource.USERS, user_id)
    await _require_user(session, user_id, ending=caller)
    await end_sessions(session, user_id, but=caller.session_id)


async def _require_user(session: AsyncSession, user_id: uuid.UUID, *, ending: Principal | None = None) -> None:
    """Raises 404; 403 where the sessions that `ending` would end are the administrator's."""
    user = await find_user(session, user_id)
    if user is None:
        raise not_found("User", user_id)
    if ending is not None:
        check_administrator(user, ending)
