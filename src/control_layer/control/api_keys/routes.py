"""`/users/{user_id}/api-keys` (§4.2)."""

from __future__ import annotations

import uuid
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import and_
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.contract.sealing import CannotOpen
from control_layer.control.access import signed_in
from control_layer.control.api_keys.caps import set_cap
from control_layer.control.api_keys.issuing import give_secret, take_pending_secret
from control_layer.control.api_keys.listing import Asked
from control_layer.control.api_keys.presentation import shown
from control_layer.control.api_keys.queries import count_keys, find_key, keys_of, list_keys
from control_layer.control.api_keys.rules import (
    apply_changes,
    check_changes,
    check_new_key,
    check_purpose,
    grace_of,
    holder_seen_by,
)
from control_layer.control.api_keys.schemas import Key, KeyChanges, NewKey, NewlyMadeKey, RevealedSecret, Rotation
from control_layer.control.api_keys.secret import KeySecret
from control_layer.control.authentication.queries import is_still_let_in
from control_layer.control.errors import Conflict, ControlError, forbidden, invalid, not_authenticated, not_found
from control_layer.control.paging import Page, Paging
from control_layer.control.people import Owner
from control_layer.control.permissions import Operation, Resource
from control_layer.control.principal import Principal
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.services import Services
from control_layer.control.users.accounts import check_administrator
from control_layer.control.users.queries import find_staying_user, find_user
from control_layer.control.webhooks.announcements import announce_api_key
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/users/{user_id}/api-keys", tags=["api-keys"], route_class=ControlRoute)


@router.get("")
@signed_in
async def list_(
    user_id: Owner,
    session: Database,
    caller: Caller,
    services: Served,
    paging: Paging,
    asked: Asked,
    created_by: uuid.UUID | None = None,
) -> Page[Key]:
    """A user's keys without their secrets, newest first unless another order is asked for."""
    holder = holder_seen_by(caller, user_id, created_by)
    await _require_user(session, user_id)
    which = and_(keys_of(user_id, holder), asked.condition())
    rows = await list_keys(session, which, asked.order(), paging.skip, paging.limit)
    total = await count_keys(session, which)
    keys = await shown(session, rows, services.settings.auth.rate_limits, services.now())
    return Page.of(keys, total, paging)


@router.post("", status_code=201)
@signed_in
async def create(user_id: Owner, body: NewKey, session: Database, caller: Caller, services: Served) -> NewlyMadeKey:
    """Makes a key. This answer is the only time its maker sees the secret."""
    now = services.now()
    check_new_key(body, now)
    caller.require_on(Operation.CREATE, Resource.API_KEYS, user_id)
    check_purpose(body)
    if body.member_id is not None:
        if not caller.may(Operation.CREATE, Resource.API_KEYS):
            raise forbidden(Operation.CREATE, Resource.API_KEYS)
        raise invalid("member_id is for the keys of organizations; this account is a person's")
    await _require_owner(session, user_id, caller, now)
    secret = KeySecret.new()
    row = tables.ApiKey(
        id=uuid.uuid4(),
        name=body.name,
        description=body.description,
        purpose=body.purpose or "realtime",
        user_id=user_id,
        created_by=user_id,
        requests_per_second=body.requests_per_second,
        burst_size=body.burst_size,
        expires_at=body.expires_at,
        model_aliases=body.models,
        zero_data_retention=body.zero_data_retention,
        caching=body.caching,
    )
    set_cap(row, body, now)
    give_secret(row, secret, to=caller.id, seal=services.key_secrets, now=now)
    session.add(row)
    await session.flush()
    await announce_api_key(session, row, now)
    return NewlyMadeKey.with_secret(await _shown(session, row, services, now), secret.text)


@router.get("/{key_id}")
@signed_in
async def read(user_id: Owner, key_id: uuid.UUID, session: Database, caller: Caller, services: Served) -> Key:
    """One key, without its secret."""
    return await _shown(session, await _found(session, user_id, key_id, caller), services, services.now())


@router.patch("/{key_id}")
@signed_in
async def update(
    user_id: Owner, key_id: uuid.UUID, body: KeyChanges, session: Database, caller: Caller, services: Served
) -> Key:
    """Renames, describes or limits a key."""
    now = services.now()
    check_changes(body, now)
    caller.require_on(Operation.UPDATE, Resource.API_KEYS, user_id)
    await _require_changeable(session, user_id, caller)
    row = await _found(session, user_id, key_id, caller, lock=True)
    apply_changes(row, body, now)
    await session.flush()
    return await _shown(session, row, services, now)


@router.post("/{key_id}/rotate")
@signed_in
async def rotate(
    user_id: Owner,
    key_id: uuid.UUID,
    session: Database,
    caller: Caller,
    services: Served,
    body: Rotation | None = None,
) -> RevealedSecret:
    """Gives a key a new secret; the old one dies at once, or after `grace_seconds`."""
    grace = grace_of(body)
    caller.require_on(Operation.UPDATE, Resource.API_KEYS, user_id)
    now = services.now()
    await _require_owner(session, user_id, caller, now)
    row = await _found(session, user_id, key_id, caller, lock=True)
    secret = KeySecret.new()
    give_secret(row, secret, to=caller.id, seal=services.key_secrets, now=now, grace=grace)
    row.updated_at = now
    return RevealedSecret(key=secret.text)


@router.post("/{key_id}/reveal")
@signed_in
async def reveal(
    user_id: Owner, key_id: uuid.UUID, session: Database, caller: Caller, services: Served
) -> RevealedSecret:
    """Shows the holder the secret of a key that somebody else made for them: once."""
    caller.require_on(Operation.READ, Resource.API_KEYS, user_id)
    row = await find_key(session, key_id, user_id, caller.id, lock=True)
    if row is None:
        raise _unknown(key_id)
    try:
        secret = take_pending_secret(row, services.key_secrets, services.now())
    except CannotOpen:
        raise Conflict("This key's secret cannot be read any more; rotate the key to get a new one") from None
    if secret is None:
        raise Conflict("This key's secret has been shown already; rotate the key to get a new one")
    return RevealedSecret(key=secret)


@router.delete("/{key_id}", status_code=204)
@signed_in
async def delete(user_id: Owner, key_id: uuid.UUID, session: Database, caller: Caller, services: Served) -> None:
    """Deletes a key; it is refused everywhere at once, and its name is free again."""
    caller.require_on(Operation.DELETE, Resource.API_KEYS, user_id)
    await _require_changeable(session, user_id, caller)
    row = await _found(session, user_id, key_id, caller, lock=True)
    row.deleted_at = services.now()
    row.pending_secret = None


async def _shown(session: AsyncSession, row: tables.ApiKey, services: Services, now: datetime) -> Key:
    (key,) = await shown(session, [row], services.settings.auth.rate_limits, now)
    return key


async def _found(
    session: AsyncSession, owner: uuid.UUID, key_id: uuid.UUID, caller: Principal, *, lock: bool = False
) -> tables.ApiKey:
    row = await find_key(session, key_id, owner, holder_seen_by(caller, owner), lock=lock)
    if row is None:
        raise _unknown(key_id)
    return row


async def _require_user(session: AsyncSession, user_id: uuid.UUID) -> None:
    if await find_user(session, user_id) is None:
        raise not_found("User", user_id)


async def _require_changeable(session: AsyncSession, user_id: uuid.UUID, caller: Principal) -> None:
    """Raises 403 for the keys of the administrator; whether there is such a person at all, their keys will tell."""
    user = None if user_id == caller.id else await find_user(session, user_id)
    if user is not None:
        check_administrator(user, caller)


async def _require_owner(session: AsyncSession, user_id: uuid.UUID, caller: Principal, now: datetime) -> None:
    """The account that gets a secret, which `caller` sees; it is not deleted meanwhile. Raises 401, 403, 404.

    Whoever waited here for a change of the account may have been let in with what the change has ended.
    """
    user = await find_staying_user(session, user_id)
    if user is None:
        raise not_found("User", user_id)
    check_administrator(user, caller)
    if not await is_still_let_in(session, caller, now):
        raise not_authenticated()


def _unknown(key_id: uuid.UUID) -> ControlError:
    return not_found("API key", key_id)
