"""`/groups` and memberships, from both sides (§4.3)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs, signed_in
from control_layer.control.errors import ControlError, not_found, protected
from control_layer.control.grants.queries import grant_counts
from control_layer.control.groups.inclusions import ListedGroup
from control_layer.control.groups.queries import (
    add_member,
    count_groups,
    find_group,
    groups_of,
    list_groups,
    member_counts,
    member_ids,
    members_of,
    remove_member,
)
from control_layer.control.groups.schemas import Group, GroupChanges, NewGroup
from control_layer.control.include import included
from control_layer.control.models.presentation import models_of_groups
from control_layer.control.models.views import Model
from control_layer.control.models.visibility import Sight
from control_layer.control.paging import Page, Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.text import not_blank
from control_layer.control.users.queries import find_staying_user, find_user, user_ids
from control_layer.store import tables
from control_layer.store.tables import NIL

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1", tags=["groups"], route_class=ControlRoute)


@router.get("/groups", response_model=Page[ListedGroup])
@needs(Operation.READ, Resource.GROUPS)
async def list_(
    session: Database,
    caller: Caller,
    services: Served,
    paging: Paging,
    include: str | None = None,
    search: str = "",
    sort_direction: Literal["asc", "desc"] = "asc",
) -> Response:
    """All groups by name, Everyone among them."""
    term = search.strip()
    rows = await list_groups(session, term, paging.skip, paging.limit, descending=sort_direction == "desc")
    total = await count_groups(session, term)
    ids, asked = [row.id for row in rows], included(include)
    people: dict[uuid.UUID, list[bytes]] = {}
    if "users" in asked and caller.may(Operation.READ, Resource.USERS):
        people = await members_of(session, ids)
    models: dict[uuid.UUID, list[Model]] = {}
    if "models" in asked:
        models = await models_of_groups(session, ids, Sight.of(caller), services.now())
    members: dict[uuid.UUID, int] = {}
    granted: dict[uuid.UUID, int] = {}
    if "counts" in asked:
        granted = await grant_counts(session, ids)
        if caller.may(Operation.READ, Resource.USERS):
            members = await member_counts(session, ids)
    groups = [
        ListedGroup.including(
            row, models.get(row.id, ()), member_count=members.get(row.id), model_count=granted.get(row.id)
        ).json_with(people.get(row.id, ()))
        for row in rows
    ]
    return Response(Page.in_json(groups, total, paging), media_type="application/json")


@router.post("/groups", status_code=201)
@needs(Operation.CREATE, Resource.GROUPS)
async def create(body: NewGroup, session: Database, caller: Caller) -> Group:
    """Makes an empty group."""
    row = tables.Group(
        id=uuid.uuid4(),
        name=not_blank("name", body.name),
        description=body.description,
        created_by=caller.id,
        source="native",
    )
    session.add(row)
    await session.flush()
    return Group.of(row)


@router.get("/groups/{group_id}")
@needs(Operation.READ, Resource.GROUPS)
async def read(group_id: uuid.UUID, session: Database) -> Group:
    """One group."""
    row = await find_group(session, group_id)
    if row is None:
        raise not_found("Group", group_id)
    return Group.of(row)


@router.patch("/groups/{group_id}")
@needs(Operation.UPDATE, Resource.GROUPS)
async def update(group_id: uuid.UUID, body: GroupChanges, session: Database, services: Served) -> Group:
    """Renames or describes a group."""
    row = await _own_group(session, group_id, "update")
    if body.name is not None:
        row.name = not_blank("name", body.name)
    if body.description is not None:
        row.description = body.description
    row.updated_at = services.now()
    await session.flush()
    return Group.of(row)


@router.delete("/groups/{group_id}", status_code=204)
@needs(Operation.DELETE, Resource.GROUPS)
async def delete(group_id: uuid.UUID, session: Database) -> None:
    """Deletes a group with its memberships and grants; its members and models stay."""
    await session.delete(await _own_group(session, group_id, "delete"))


@router.get("/groups/{group_id}/users", response_model=Sequence[uuid.UUID])
@needs(Operation.READ, Resource.USERS)
async def list_members(group_id: uuid.UUID, session: Database) -> Response:
    """Who is in a group."""
    ids = await user_ids(session) if group_id == NIL else await member_ids(session, group_id)
    return Response(ids, media_type="application/json")


@router.post("/groups/{group_id}/users/{user_id}", status_code=204)
@needs(Operation.UPDATE, Resource.GROUPS)
async def add_user(group_id: uuid.UUID, user_id: uuid.UUID, session: Database) -> None:
    """Puts a user into a group."""
    await _join(session, group_id, user_id)


@router.delete("/groups/{group_id}/users/{user_id}", status_code=204)
@needs(Operation.UPDATE, Resource.GROUPS)
async def remove_user(group_id: uuid.UUID, user_id: uuid.UUID, session: Database) -> None:
    """Takes a user out of a group."""
    await _leave(session, group_id, user_id)


@router.get("/users/{user_id}/groups", tags=["users"])
@signed_in
async def list_groups_of_user(user_id: uuid.UUID, session: Database, caller: Caller) -> list[Group]:
    """A user's groups by name, then Everyone."""
    caller.require_on(Operation.READ, Resource.USERS, user_id)
    if await find_user(session, user_id) is None:
        raise not_found("User", user_id)
    with_creator = caller.may(Operation.READ, Resource.USERS)
    rows = (await groups_of(session, [user_id]))[user_id]
    return [Group.of(row, with_creator=with_creator) for row in rows]


@router.post("/users/{user_id}/groups/{group_id}", status_code=204, tags=["users"])
@needs(Operation.UPDATE, Resource.USERS)
async def add_group(user_id: uuid.UUID, group_id: uuid.UUID, session: Database) -> None:
    """Puts a user into a group."""
    await _join(session, group_id, user_id)


@router.delete("/users/{user_id}/groups/{group_id}", status_code=204, tags=["users"])
@needs(Operation.UPDATE, Resource.USERS)
async def remove_group(user_id: uuid.UUID, group_id: uuid.UUID, session: Database) -> None:
    """Takes a user out of a group."""
    await _leave(session, group_id, user_id)


async def _own_group(session: AsyncSession, group_id: uuid.UUID, operation: str) -> tables.Group:
    """The group, to be changed. Raises 403 for Everyone, 404."""
    if group_id == NIL:
        raise protected(operation, "group", "Everyone belongs to the system")
    row = await find_group(session, group_id, lock=True)
    if row is None:
        raise not_found("Group", group_id)
    return row


async def _join(session: AsyncSession, group_id: uuid.UUID, user_id: uuid.UUID) -> None:
    if await find_group(session, group_id) is None:
        raise not_found("Group", group_id)
    if await find_staying_user(session, user_id) is None:
        raise not_found("User", user_id)
    if group_id != NIL:  # everybody is in Everyone, without a row
        await add_member(session, group_id, user_id)


async def _leave(session: AsyncSession, group_id: uuid.UUID, user_id: uuid.UUID) -> None:
    if group_id == NIL:
        raise protected("remove a user from", "group", "everybody belongs to Everyone")
    if not await remove_member(session, group_id, user_id):
        raise ControlError(404, "not_found", f"User {user_id} is not in group {group_id}")
