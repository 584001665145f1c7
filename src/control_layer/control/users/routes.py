"""`/users` (§4.1)."""

from __future__ import annotations

import uuid
from decimal import Decimal

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs, signed_in
from control_layer.control.authentication.native import require_native
from control_layer.control.authentication.queries import lock_address
from control_layer.control.errors import Conflict, ControlError, invalid, not_found, protected
from control_layer.control.groups.queries import groups_of
from control_layer.control.groups.schemas import Group
from control_layer.control.include import included
from control_layer.control.paging import Page, Paging
from control_layer.control.people import Owner
from control_layer.control.permissions import Operation, Resource
from control_layer.control.principal import Principal
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.text import not_blank
from control_layer.control.transactions.balances import balance_of, balances_of
from control_layer.control.users.accounts import (
    apply_changes,
    check_administrator,
    complete_roles,
    new_account,
    open_account,
    scrub_account,
    set_active,
    standing_of,
)
from control_layer.control.users.listing import Asked
from control_layer.control.users.queries import count_users, find_user, find_user_by_email, list_users
from control_layer.control.users.schemas import NewUser, Permission, User, UserChanges

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/users", tags=["users"], route_class=ControlRoute)

_SOURCES = {"password": "native", "proxy": "proxy-header"}


@router.get("")
@needs(Operation.READ, Resource.USERS)
async def list_(
    session: Database, caller: Caller, paging: Paging, asked: Asked, include: str | None = None
) -> Page[User]:
    """Everybody, newest first unless another order is asked for."""
    wanted = included(include)
    rows = await list_users(session, asked.condition(), asked.order(), paging.skip, paging.limit)
    total = await count_users(session, asked.condition())
    ids = [row.id for row in rows]
    balances: dict[uuid.UUID, Decimal] = {}
    if "billing" in wanted and caller.may(Operation.READ, Resource.CREDITS):
        balances = await balances_of(session, ids)
    groups: dict[uuid.UUID, list[Group]] = {}
    if "groups" in wanted:
        memberships = await groups_of(session, ids)
        groups = {user_id: [Group.of(group) for group in own] for user_id, own in memberships.items()}
    users = [User.of(row, credit_balance=balances.get(row.id), groups=groups.get(row.id)) for row in rows]
    return Page.of(users, total, paging)


@router.post("", status_code=201)
@needs(Operation.CREATE, Resource.USERS)
async def create(body: NewUser, session: Database, services: Served) -> User:
    """Opens an account for somebody whom a trusted proxy will sign in, or who gets a password from the next call."""
    email = not_blank("email", body.email)
    source = _SOURCES[body.sign_in]
    if source == "native":
        require_native(services)
        await _reserve_address(session, email)
    user = new_account(
        username=not_blank("username", body.username),
        email=email,
        roles=complete_roles(body.roles),
        auth_source=source,
        display_name=body.display_name,
        avatar_url=body.avatar_url,
    )
    await open_account(session, services.key_secrets, user)
    return User.of(user)


@router.get("/{user_id}")
@signed_in
async def read(user_id: Owner, session: Database, caller: Caller, services: Served, include: str = "") -> User:
    """One account; `current` is the caller's own, which may include what they are permitted."""
    caller.require_on(Operation.READ, Resource.USERS, user_id)
    row = await find_user(session, user_id)
    if row is None:
        raise _unknown(user_id)
    # The contract tests for substrings here (§1.4).
    sees_balance = "billing" in include and caller.may_on(Operation.READ, Resource.CREDITS, user_id)
    return User.of(
        row,
        credit_balance=await balance_of(session, user_id) if sees_balance else None,
        organizations=[] if "organizations" in include else None,
        permissions=_permissions(caller) if "permissions" in include and user_id == caller.id else None,
        must_change_password=user_id == caller.id and services.generated_password.is_in_force(row),
    )


@router.patch("/{user_id}")
@signed_in
async def update(user_id: uuid.UUID, body: UserChanges, session: Database, caller: Caller, services: Served) -> User:
    """Changes an account. Roles and `is_active` take the right to change everybody's; the administrator's standing is
    theirs alone to change."""
    caller.require_on(Operation.UPDATE, Resource.USERS, user_id)
    if body.roles is not None or body.is_active is not None:
        caller.require(Operation.UPDATE, Resource.USERS)
    row = await find_user(session, user_id, lock=True)
    if row is None:
        raise _unknown(user_id)
    now, standing = services.now(), standing_of(row)
    if body.is_active is not None:
        set_active(row, body.is_active, by=caller.id, now=now)
    apply_changes(row, body, now)
    if standing_of(row) != standing:
        check_administrator(row, caller)
    await session.flush()
    return User.of(row)


@router.delete("/{user_id}", status_code=204)
@needs(Operation.DELETE, Resource.USERS)
async def delete(user_id: uuid.UUID, session: Database, caller: Caller, services: Served) -> None:
    """Deletes an account for good: the person's data and keys are gone, the records of use stay."""
    if user_id == caller.id:
        raise invalid("You cannot delete your own account", code="own_account")
    row = await find_user(session, user_id, lock=True)
    if row is None:
        raise _unknown(user_id)
    if row.is_admin:
        raise protected("delete", "user", "the administrator belongs to the configuration")
    await scrub_account(session, row, services.now())


async def _reserve_address(session: AsyncSession, email: str) -> None:
    """Raises 409 where somebody has it: of two people who sign in with one address, one would be shut out."""
    await lock_address(session, email)
    if await find_user_by_email(session, email) is not None:
        raise Conflict("An account with this email address already exists", resource="user")


def _permissions(caller: Principal) -> list[Permission]:
    return [
        Permission(resource=resource, all=_ordered(rights.all), own=_ordered(rights.own))
        for resource, rights in caller.permissions()
    ]


def _ordered(operations: frozenset[Operation]) -> list[Operation]:
    return [operation for operation in Operation if operation in operations]


def _unknown(user_id: uuid.UUID) -> ControlError:
    return not_found("User", user_id)
