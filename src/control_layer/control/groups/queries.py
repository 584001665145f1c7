"""Groups and memberships in the database. Everyone has no membership rows: it is added here."""

from __future__ import annotations

import gc
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Text, cast, delete, func, literal, or_, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY, UUID, aggregate_order_by, insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.users.queries import count_users, visible
from control_layer.store.tables import NIL, Group, GroupMember, User, UserObject

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


async def members_of(session: AsyncSession, groups: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[bytes]]:
    """The people in each group by username, as JSON; groups without any are left out, and so is Everyone.

    They come one by one and in no order: to sort and to join megabytes takes Postgres longer than it takes us.
    """
    place = func.array_position(literal(groups, ARRAY(UUID(as_uuid=True))), GroupMember.group_id)
    statement = (
        select(place, UserObject.username, func.convert_to(UserObject.object, "UTF8"))
        .join(UserObject, UserObject.user_id == GroupMember.user_id)
        .where(GroupMember.group_id.in_(groups))
    )
    with _uncollected():
        found = await (await session.connection()).execute(statement)
        # As the driver has them: SQLAlchemy's own rows take as long as all the rest.
        people = _by_username(found.cursor.fetchall(), len(groups))
    return {group: members for group, members in zip(groups, people, strict=True) if members}


def _by_username(rows: Sequence[tuple[int, str, bytes]], groups: int) -> list[list[bytes]]:
    """The people of each group, of rows with its place from one on."""
    people: list[list[tuple[str, bytes]]] = [[] for _ in range(groups)]
    for place, username, person in rows:
        people[place - 1].append((username, person))
    return [[person for _, person in sorted(members)] for members in people]


@contextmanager
def _uncollected() -> Iterator[None]:
    """For tens of thousands of objects at once: they make the collector go through all that the process has."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


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
