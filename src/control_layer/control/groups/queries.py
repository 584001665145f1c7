"""Groups and memberships in the database. Everyone has no membership rows: it is added here."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Text, cast, delete, func, or_, select, text, true
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.users.queries import count_users, visible
from control_layer.control.users.user_json import USER_OBJECT, users_by_username
from control_layer.store.tables import NIL, Group, GroupMember, User

__all__ = [
    "add_member",
    "count_groups",
    "find_group",
    "groups_of",
    "list_groups",
    "member_counts",
    "member_ids",
    "members_of",
    "remove_member",
]


async def find_group(session: AsyncSession, group_id: uuid.UUID, *, lock: bool = False) -> Group | None:
    """The group; with `lock`, nobody else changes it before the end of the transaction."""
    statement = select(Group).where(Group.id == group_id)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return (await session.execute(statement)).scalar_one_or_none()


def _matching(search: str) -> ColumnElement[bool]:
    if not search:
        return true()
    return or_(*(column.icontains(search, autoescape=True) for column in (Group.name, Group.description)))


async def list_groups(
    session: AsyncSession, search: str, skip: int, limit: int, *, descending: bool = False
) -> Sequence[Group]:
    """By name; with `descending`, from its end."""
    order = [column.desc() if descending else column.asc() for column in (Group.name, Group.id)]
    by_name = select(Group).where(_matching(search)).order_by(*order)
    return (await session.execute(by_name.offset(skip).limit(limit))).scalars().all()


async def count_groups(session: AsyncSession, search: str) -> int:
    """How many `list_groups` goes through."""
    return (await session.execute(select(func.count()).select_from(Group).where(_matching(search)))).scalar_one()


async def groups_of(session: AsyncSession, users: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Group]]:
    """Every user's groups by name, then Everyone."""
    statement = (
        select(GroupMember.user_id, Group)
        .join(Group, Group.id == GroupMember.group_id)
        .where(GroupMember.user_id.in_(users))
        .order_by(Group.name, Group.id)
    )
    groups: dict[uuid.UUID, list[Group]] = {user: [] for user in users}
    for user_id, group in await session.execute(statement):
        groups[user_id].append(group)
    everyone = await find_group(session, NIL)
    if everyone is not None:
        for own in groups.values():
            own.append(everyone)
    return groups


async def members_of(session: AsyncSession, groups: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The people in each group by username, as a JSON array; groups without any are left out, and so is Everyone."""
    statement = (
        select(GroupMember.group_id, users_by_username())
        .join(User, User.id == GroupMember.user_id)
        .join(USER_OBJECT, true())
        .where(GroupMember.group_id.in_(groups), User.deleted_at.is_(None))
        .group_by(GroupMember.group_id)
    )
    return dict((await session.execute(statement)).all())


async def member_ids(session: AsyncSession, group_id: uuid.UUID) -> str:
    """The people in a group other than Everyone as a JSON array; nobody where the group is unknown."""
    ids = func.json_agg(aggregate_order_by(User.id, GroupMember.created_at, User.id))
    statement = (
        select(cast(func.coalesce(ids, text("'[]'")), Text))
        .join(GroupMember, GroupMember.user_id == User.id)
        .where(GroupMember.group_id == group_id, User.deleted_at.is_(None))
    )
    return (await session.execute(statement)).scalar_one()


async def member_counts(session: AsyncSession, groups: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How many people are in each group."""
    members = GroupMember.group_id
    statement = select(members, func.count()).where(members.in_(groups)).group_by(members)
    counts = dict.fromkeys(groups, 0) | dict((await session.execute(statement)).all())
    if NIL in counts:
        counts[NIL] = await count_users(session, visible())
    return counts


async def add_member(session: AsyncSession, group_id: uuid.UUID, user_id: uuid.UUID) -> None:
    """Puts a user into a group; nothing happens where they are in it."""
    row = insert(GroupMember).values(group_id=group_id, user_id=user_id)
    await session.execute(row.on_conflict_do_nothing())


async def remove_member(session: AsyncSession, group_id: uuid.UUID, user_id: uuid.UUID) -> bool:
    """Takes a user out of a group; whether they were in it."""
    statement = delete(GroupMember).where(GroupMember.group_id == group_id, GroupMember.user_id == user_id)
    gone = await session.execute(statement.returning(GroupMember.user_id))
    return gone.scalar_one_or_none() is not None
