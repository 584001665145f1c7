"""`/scim/v2/Users` (RFC 7644, 3.3–3.6)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from scim2_models import Context
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs
from control_layer.control.errors import invalid, protected
from control_layer.control.permissions import Operation, Resource, Role
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.scim.addresses import BaseUrl, id_of
from control_layer.control.scim.errors import PREFIX, no_such
from control_layer.control.scim.filters import condition
from control_layer.control.scim.messages import (
    Asked,
    Payload,
    Search,
    answer,
    list_answer,
    page_of,
    read_patch,
    read_search,
    selects,
)
from control_layer.control.scim.people import (
    account_of,
    claimed_account,
    patched,
    read_new_user,
    read_replacement,
    user_of,
    write,
)
from control_layer.control.scim.queries import USER_ATTRIBUTES, count_users, find_person, groups_of, list_users
from control_layer.control.scim.resources import User
from control_layer.control.scim.versions import not_modified, require_version, version_of
from control_layer.control.users.accounts import open_account, scrub_account
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix=f"{PREFIX}/Users", route_class=ControlRoute, include_in_schema=False)


@router.get("")
@needs(Operation.READ, Resource.USERS, bearer_only=True)
async def list_(asked: Asked, session: Database, base_url: BaseUrl) -> Response:
    """People, oldest first."""
    return await _page(session, asked.search(User), base_url)


@router.post("/.search")
@needs(Operation.READ, Resource.USERS, bearer_only=True)
async def search(body: Payload, session: Database, base_url: BaseUrl) -> Response:
    """The same, with the query in the body."""
    return await _page(session, read_search(User, body), base_url)


@router.post("", status_code=201)
@needs(Operation.CREATE, Resource.USERS, bearer_only=True)
async def create(
    body: Payload, asked: Asked, session: Database, caller: Caller, services: Served, base_url: BaseUrl
) -> Response:
    """Opens an account, or gives the one that was registered with the address to its owner."""
    parameters = asked.selection(User)
    wanted = read_new_user(body)
    row = await claimed_account(session, wanted, by=caller.id, now=services.now())
    if row is None:
        roles = [Role(role) for role in services.settings.auth.default_user_roles]
        row = await account_of(session, wanted, roles, services.now())
        await open_account(session, services.key_secrets, row)
    made = await _whole(session, row, base_url)
    return answer(made, Context.RESOURCE_CREATION_RESPONSE, parameters, status=201)


@router.get("/{user_id}")
@needs(Operation.READ, Resource.USERS, bearer_only=True)
async def read(user_id: str, request: Request, asked: Asked, session: Database, base_url: BaseUrl) -> Response:
    """One account."""
    parameters = asked.selection(User)
    row = await _account(session, user_id)
    unchanged = not_modified(request, version_of(row.updated_at))
    if unchanged is not None:
        return unchanged
    return answer(await _whole(session, row, base_url), parameters=parameters)


@router.put("/{user_id}")
@needs(Operation.UPDATE, Resource.USERS, bearer_only=True)
async def replace(
    user_id: str,
    body: Payload,
    request: Request,
    asked: Asked,
    session: Database,
    caller: Caller,
    services: Served,
    base_url: BaseUrl,
) -> Response:
    """Makes an account what the body says; what it leaves out is cleared, but for state and address."""
    parameters = asked.selection(User)
    row = await _account(session, user_id, lock=True)
    require_version(request, version_of(row.updated_at))
    await write(session, row, read_replacement(body, row), by=caller.id, now=services.now())
    changed = await _whole(session, row, base_url)
    return answer(changed, Context.RESOURCE_REPLACEMENT_RESPONSE, parameters)


@router.patch("/{user_id}")
@needs(Operation.UPDATE, Resource.USERS, bearer_only=True)
async def update(
    user_id: str,
    body: Payload,
    request: Request,
    asked: Asked,
    session: Database,
    caller: Caller,
    services: Served,
    base_url: BaseUrl,
) -> Response:
    """Changes parts of an account."""
    parameters = asked.selection(User)
    patch = read_patch(User, body)
    row = await _account(session, user_id, lock=True)
    require_version(request, version_of(row.updated_at))
    after = patched(await _whole(session, row, base_url), patch)
    await write(session, row, after, by=caller.id, now=services.now())
    changed = await _whole(session, row, base_url)
    return answer(changed, Context.RESOURCE_PATCH_RESPONSE, parameters)


@router.delete("/{user_id}", status_code=204)
@needs(Operation.DELETE, Resource.USERS, bearer_only=True)
async def delete(user_id: str, request: Request, session: Database, caller: Caller, services: Served) -> None:
    """Deletes an account for good, as the management API does; `active: false` is the way that can be gone back."""
    row = await _account(session, user_id, lock=True)
    require_version(request, version_of(row.updated_at))
    if row.id == caller.id:
        raise invalid("You cannot delete your own account", code="own_account")
    if row.is_admin:
        raise protected("delete", "user", "the administrator belongs to the configuration")
    await scrub_account(session, row, services.now())


async def _account(session: AsyncSession, user_id: str, *, lock: bool = False) -> tables.User:
    found = id_of(user_id)
    row = None if found is None else await find_person(session, found, lock=lock)
    if row is None:
        raise no_such("User", user_id)
    return row


async def _whole(session: AsyncSession, row: tables.User, base_url: str) -> User:
    groups = await groups_of(session, [row.id])
    return user_of(row, groups.get(row.id, ()), base_url)


async def _page(session: AsyncSession, wanted: Search, base_url: str) -> Response:
    where = condition(User, wanted.filter, USER_ATTRIBUTES)
    skip, limit = page_of(wanted)
    total = await count_users(session, where)
    rows = await list_users(session, where, skip, limit) if limit else ()
    groups = await groups_of(session, [row.id for row in rows]) if selects(wanted, "groups") else {}
    users = [user_of(row, groups.get(row.id, ()), base_url) for row in rows]
    return list_answer(User, users, total, skip, wanted)
