"""`/users/{user_id}/purge-cache`, and the same of one key."""

from __future__ import annotations

import uuid

from fastapi import APIRouter

from control_layer.control.access import signed_in
from control_layer.control.api_keys.queries import find_key
from control_layer.control.api_keys.rules import holder_seen_by
from control_layer.control.errors import not_found
from control_layer.control.kept_answers.purges import purge_answers_of
from control_layer.control.people import Owner
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Caller, Database
from control_layer.control.route import ControlRoute
from control_layer.control.users.queries import find_user

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/users/{user_id}", tags=["api-keys"], route_class=ControlRoute)


@router.post("/purge-cache", status_code=204)
@signed_in
async def purge_user(user_id: Owner, session: Database, caller: Caller) -> None:
    """Forgets the answers that models keep of requests with any of a user's keys; in force within a second."""
    caller.require_on(Operation.UPDATE, Resource.API_KEYS, user_id)
    if await find_user(session, user_id) is None:
        raise not_found("User", user_id)
    await purge_answers_of(session, "user", user_id)


@router.post("/api-keys/{key_id}/purge-cache", status_code=204)
@signed_in
async def purge_key(user_id: Owner, key_id: uuid.UUID, session: Database, caller: Caller) -> None:
    """Forgets the answers that models keep of a key's requests, whoever may be given them; in force within a second."""
    caller.require_on(Operation.UPDATE, Resource.API_KEYS, user_id)
    if await find_key(session, key_id, user_id, holder_seen_by(caller, user_id)) is None:
        raise not_found("API key", key_id)
    await purge_answers_of(session, "key", key_id)
