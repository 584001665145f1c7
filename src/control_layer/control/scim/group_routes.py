"""`/scim/v2/Groups` (RFC 7644, 3.3–3.6)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from scim2_models import Context, ResponseParameters
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs
from control_layer.control.groups.queries import find_group
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.scim.addresses import BaseUrl, id_of
from control_layer.control.scim.errors import PREFIX, no_such
from control_layer.control.scim.filters import condition
from control_layer.control.scim.findings import refusing
from control_layer.control.scim.membership import group_of, member_changes, replace_members, set_members, write
from control_layer.control.scim.messages import (
    POLICY,
    Asked,
    Payload,
    Search,
    answer,
    list_answer,
    page_of,
    read_patch,
    read_resource,
    read_search,
    selects,
)
from control_layer.control.scim.queries import (
    GROUP_ATTRIBUTES,
    MembershipStamp,
    count_groups,
    list_groups,
    members_of,
    stamps,
)
from control_layer.control.scim.resources import Group
from control_layer.control.scim.versions import not_modified, require_version
from control_layer.control.text import not_blank
from control_layer.store import tables
from control_layer.store.tables import NIL

__all__ = ["router"]

router = APIRouter(prefix=f"{PREFIX}/Groups", route_class=ControlRoute, include_in_schema=False)
_NO_MEMBERS = MembershipStamp()


@router.get("")
@needs(Operation.READ, Resource.GROUPS, bearer_only=True)
async def list_(asked: Asked, session: Database, base_url: BaseUrl) -> Response:
    """Groups by name."""
    return await _page(session, asked.search(Group), base_url)


@router.post("/.search")
@needs(Operation.READ, Resource.GROUPS, bearer_only=True)
async def search(body: Payload, session: Database, base_url: BaseUrl) -> Response:
    """The same, with the query in the body."""
    return await _page(session, read_search(Group, body), base_url)


@router.post("", status_code=201)
@needs(Operation.CREATE, Resource.GROUPS, bearer_only=True)
async def create(
    body: Payload, asked: Asked, session: Database, caller: Caller, services: Served, base_url: BaseUrl
) -> Response:
    """Makes a group, with its members."""
    parameters = asked.selection(Group)
    wanted = read_resource(Group, body, Context.RESOURCE_CREATION_REQUEST, {})
    row = tables.Group(
        id=uuid.uuid4(),
        name=not_blank("displayName", wanted.display_name or ""),
        created_by=caller.id,
        source="scim",
        external_id=wanted.external_id or None,
    )
    session.add(row)
    await session.flush()
    await replace_members(session, row, wanted, services.now())
    made = await _group(session, row, parameters, base_url)
    return answer(made, Context.RESOURCE_CREATION_RESPONSE, parameters, status=201)


@router.get("/{group_id}")
@needs(Operation.READ, Resource.GROUPS, bearer_only=True)
async def read(group_id: str, request: Request, asked: Asked, session: Database, base_url: BaseUrl) -> Response:
    """One group."""
    parameters = asked.selection(Group)
    row = await _row(session, group_id)
    unchanged = not_modified(request, await _version(session, row, base_url))
    if unchanged is not None:
        return unchanged
    return answer(await _group(session, row, parameters, base_url), parameters=parameters)


@router.put("/{group_id}")
@needs(Operation.UPDATE, Resource.GROUPS, bearer_only=True)
async def replace(
    group_id: str, body: Payload, request: Request, asked: Asked, session: Database, services: Served, base_url: BaseUrl
) -> Response:
    """Makes a group, and its members, what the body says."""
    parameters = asked.selection(Group)
    wanted = read_resource(Group, body, Context.RESOURCE_REPLACEMENT_REQUEST, {})
    row = await _row(session, group_id, lock=True)
    require_version(request, await _version(session, row, base_url))
    await write(session, row, wanted, services.now())
    await replace_members(session, row, wanted, services.now())
    changed = await _group(session, row, parameters, base_url)
    return answer(changed, Context.RESOURCE_REPLACEMENT_RESPONSE, parameters)


@router.patch("/{group_id}")
@needs(Operation.UPDATE, Resource.GROUPS, bearer_only=True)
async def update(
    group_id: str, body: Payload, request: Request, asked: Asked, session: Database, services: Served, base_url: BaseUrl
) -> Response:
    """Changes parts of a group. 204 where no attributes are asked for: the members may be many."""
    parameters = asked.selection(Group)
    patch = read_patch(Group, body)
    changes = member_changes(patch)
    row = await _row(session, group_id, lock=True)
    require_version(request, await _version(session, row, base_url))
    if changes is not None:
        await set_members(session, row, changes, services.now())
    else:
        after = await _group(session, row, ResponseParameters(), base_url)
        with refusing():
            patch.patch(after, scim_policy=POLICY)
        await write(session, row, after, services.now())
        await replace_members(session, row, after, services.now())
    if not parameters.attributes and not parameters.excluded_attributes:
        return Response(status_code=204, headers={"etag": await _version(session, row, base_url)})
    changed = await _group(session, row, parameters, base_url)
    return answer(changed, Context.RESOURCE_PATCH_RESPONSE, parameters)


@router.delete("/{group_id}", status_code=204)
@needs(Operation.DELETE, Resource.GROUPS, bearer_only=True)
async def delete(group_id: str, request: Request, session: Database, base_url: BaseUrl) -> None:
    """Deletes a group with its memberships and grants; its members stay."""
    row = await _row(session, group_id, lock=True)
    require_version(request, await _version(session, row, base_url))
    await session.delete(row)


async def _row(session: AsyncSession, group_id: str, *, lock: bool = False) -> tables.Group:
    found = id_of(group_id)
    row = None if found in (None, NIL) else await find_group(session, found, lock=lock)
    if row is None:
        raise no_such("Group", group_id)
    return row


async def _version(session: AsyncSession, row: tables.Group, base_url: str) -> str:
    stamp = (await stamps(session, [row.id])).get(row.id, _NO_MEMBERS)
    meta = group_of(row, (), stamp, base_url).meta
    assert meta is not None
    assert meta.version is not None
    return meta.version


async def _group(
    session: AsyncSession, row: tables.Group, parameters: ResponseParameters[Group], base_url: str
) -> Group:
    return (await _groups(session, [row], parameters, base_url))[0]


async def _groups(
    session: AsyncSession, rows: Sequence[tables.Group], parameters: ResponseParameters[Any], base_url: str
) -> list[Group]:
    """With their members, where the answer shows them."""
    ids = [row.id for row in rows]
    members = await members_of(session, ids) if selects(parameters, "members") else {}
    stamped = await stamps(session, ids)
    return [group_of(row, members.get(row.id, ()), stamped.get(row.id, _NO_MEMBERS), base_url) for row in rows]


async def _page(session: AsyncSession, wanted: Search, base_url: str) -> Response:
    where = condition(Group, wanted.filter, GROUP_ATTRIBUTES)
    skip, limit = page_of(wanted)
    total = await count_groups(session, where)
    rows = await list_groups(session, where, skip, limit) if limit else ()
    return list_answer(Group, await _groups(session, rows, wanted, base_url), total, skip, wanted)
