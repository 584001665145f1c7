"""Groups as SCIM groups, and which changes of members a request asks for."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from scim2_models import Meta, PatchOp, PatchOperation, Path, Reference
from scim2_models.path import AttrPath, CompareOperator, Comparison, ValuePath
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.scim.errors import ScimError
from control_layer.control.scim.queries import MembershipStamp, join, leave, members_of, missing_users
from control_layer.control.scim.resources import Group, Member
from control_layer.control.scim.versions import version_of
from control_layer.control.text import not_blank
from control_layer.store import tables

__all__ = ["group_of", "member_changes", "replace_members", "set_members", "write"]


def group_of(row: tables.Group, members: Sequence[uuid.UUID], stamp: MembershipStamp, base_url: str) -> Group:
    """The SCIM group of a row."""
    return Group(
        id=str(row.id),
        external_id=row.external_id,
        display_name=row.name,
        members=[
            Member(value=str(member), ref=Reference(f"{base_url}/Users/{member}"), type="User") for member in members
        ],
        meta=Meta(
            resource_type="Group",
            created=row.created_at,
            last_modified=row.updated_at,
            location=f"{base_url}/Groups/{row.id}",
            version=version_of(row.updated_at, stamp.members, stamp.newest),
        ),
    )


async def write(session: AsyncSession, row: tables.Group, group: Group, now: datetime) -> None:
    """Makes the group's own attributes what the SCIM group says. Raises 409 where the name is taken."""
    row.name = not_blank("displayName", group.display_name or "")
    row.external_id = group.external_id or None
    if session.is_modified(row):
        row.updated_at = now
        await session.flush()


async def replace_members(session: AsyncSession, row: tables.Group, group: Group, now: datetime) -> None:
    """Makes the members of a group those of the SCIM group. Raises 400 for somebody unknown."""
    before = set((await members_of(session, [row.id])).get(row.id, ()))
    after = _ids(member.value for member in group.members or ())
    changes = dict.fromkeys(before - after, False) | dict.fromkeys(after - before, True)
    await set_members(session, row, changes, now)


async def set_members(
    session: AsyncSession, row: tables.Group, changes: Mapping[uuid.UUID, bool], now: datetime
) -> None:
    """Puts into the group those for whom it is true, takes the others out. Raises 400 for somebody unknown."""
    coming = {user for user, wanted in changes.items() if wanted}
    if missing := await missing_users(session, coming):
        raise _unknown(str(min(missing)))
    joined = await join(session, row.id, coming)
    left = await leave(session, row.id, changes.keys() - coming)
    if joined or left:
        row.updated_at = now
        await session.flush()


def member_changes(patch: PatchOp[Group]) -> dict[uuid.UUID, bool] | None:
    """Who joins (true) and who leaves (false), where the operations do nothing but add and remove members by id.

    That is nearly every PATCH of a group, and so the members who stay need not be read. `None` for anything else.
    Raises 400 for a member that cannot be one.
    """
    changes: dict[uuid.UUID, bool] = {}
    for operation in patch.operations or ():
        ids = _named_members(operation)
        if ids is None:
            return None
        if operation.op is PatchOperation.Op.add:
            changes.update(dict.fromkeys(_ids(ids), True))
        else:
            changes.update(dict.fromkeys((user for text in ids if (user := _uuid(text))), False))
    return changes


def _named_members(operation: PatchOperation[Any]) -> list[object] | None:
    """The ids that an operation adds or removes; `None` where it is another kind of operation."""
    path = operation.path
    if path is None:
        return None
    node = Path[Group](path).ast
    if isinstance(node, ValuePath):
        inner = node.val_filter
        by_id = (
            operation.op is PatchOperation.Op.remove
            and _is_members(node.attr_path)
            and node.sub_attr is None
            and isinstance(inner, Comparison)
            and inner.op is CompareOperator.eq
            and (inner.attr_path.attr.lower(), inner.attr_path.sub_attr) == ("value", None)
        )
        return [inner.value] if by_id and isinstance(inner, Comparison) else None
    if operation.op is PatchOperation.Op.replace_ or not isinstance(node, AttrPath) or not _is_members(node):
        return None
    values = operation.value if isinstance(operation.value, list) else [operation.value]
    ids = [value["value"] for value in values if isinstance(value, dict) and "value" in value]
    return ids if ids and len(ids) == len(values) else None


def _is_members(path: AttrPath) -> bool:
    return path.attr.lower() == "members" and path.sub_attr is None


def _ids(texts: Iterable[object]) -> set[uuid.UUID]:
    found = set()
    for text in texts:
        user = _uuid(text)
        if user is None:
            raise _unknown(str(text))
        found.add(user)
    return found


def _uuid(text: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _unknown(member: str) -> ScimError:
    return ScimError(400, f"members: there is no user {member[:100]}; groups cannot be members", "invalidValue")
