"""People and groups as SCIM lists them: without the system, organizations and Everyone, and without accounts that
people registered themselves, which the directory has not vouched for. A page is a few queries.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    UUID,
    ColumnElement,
    and_,
    any_,
    delete,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.federation.changed_hands import is_unproven
from control_layer.control.scim.filters import Attributes, Flag, Identifier, Moment, Rows, Text
from control_layer.control.users.queries import find_user, visible
from control_layer.store.tables import NIL, Group, GroupMember, User

__all__ = [
    "GROUP_ATTRIBUTES",
    "USER_ATTRIBUTES",
    "Membership",
    "MembershipStamp",
    "count_groups",
    "count_users",
    "find_person",
    "groups_of",
    "join",
    "leave",
    "list_groups",
    "list_users",
    "members_of",
    "missing_users",
    "stamps",
    "username_taken",
]

_NOT_EVERYONE = Group.id != NIL
_PROVEN = User.auth_source != "native"


@dataclass(frozen=True, slots=True)
class Membership:
    """A group that a user is in."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True)
class MembershipStamp:
    """What differs when the members of a group do: how many there are, and since when the last one is there."""

    members: int = 0
    newest: datetime | None = field(default=None)


def _listed() -> ColumnElement[bool]:
    return and_(visible(), _PROVEN)


def _in_group(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the user at hand is in a group for which the condition holds."""
    joined = select(GroupMember.user_id).join(Group, Group.id == GroupMember.group_id)
    return exists(joined.where(GroupMember.user_id == User.id, _NOT_EVERYONE, condition).correlate(User))


def _with_member(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the group at hand has a member for whom the condition holds."""
    joined = select(GroupMember.group_id).join(User, User.id == GroupMember.user_id)
    return exists(joined.where(GroupMember.group_id == Group.id, _listed(), condition).correlate(Group))


def _of_itself(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """An attribute with exactly one value, which stands in the row."""
    return condition


USER_ATTRIBUTES = Attributes(
    columns={
        ("id", None): Identifier(User.id),
        ("external_id", None): Text(User.external_user_id, exact=True),
        ("user_name", None): Text(User.username),
        ("name", "given_name"): Text(User.given_name),
        ("name", "family_name"): Text(User.family_name),
        ("display_name", None): Text(User.display_name),
        ("active", None): Flag(User.disabled_at.is_(None)),
        ("meta", "created"): Moment(User.created_at),
        ("meta", "last_modified"): Moment(User.updated_at),
        ("meta", "resource_type"): Text(literal("User"), exact=True),
    },
    rows={
        "emails": Rows(
            _of_itself,
            {"value": Text(User.email), "type": Text(literal("work")), "primary": Flag(User.email_primary.is_(True))},
        ),
        "groups": Rows(_in_group, {"value": Identifier(Group.id), "display": Text(Group.name)}),
    },
)

GROUP_ATTRIBUTES = Attributes(
    columns={
        ("id", None): Identifier(Group.id),
        ("external_id", None): Text(Group.external_id, exact=True),
        ("display_name", None): Text(Group.name),
        ("meta", "created"): Moment(Group.created_at),
        ("meta", "last_modified"): Moment(Group.updated_at),
        ("meta", "resource_type"): Text(literal("Group"), exact=True),
    },
    rows={
        "members": Rows(
            _with_member,
            {"value": Identifier(User.id), "type": Text(literal("User"))},
        ),
    },
)


async def list_users(session: AsyncSession, where: ColumnElement[bool], skip: int, limit: int) -> Sequence[User]:
    """Oldest first, so that who comes while a client pages comes last."""
    # The order of ix_users_visible, backwards.
    oldest = select(User).where(_listed(), where).order_by(User.created_at, User.id)
    return (await session.execute(oldest.offset(skip).limit(limit))).scalars().all()


async def count_users(session: AsyncSession, where: ColumnElement[bool]) -> int:
    """How many `list_users` goes through."""
    return (await session.execute(select(func.count()).select_from(User).where(_listed(), where))).scalar_one()


async def find_person(session: AsyncSession, user_id: uuid.UUID, *, lock: bool = False) -> User | None:
    """One of those that `list_users` goes through; with `lock`, nobody else changes it meanwhile."""
    user = await find_user(session, user_id, lock=lock)
    return None if user is None or is_unproven(user) else user


async def list_groups(session: AsyncSession, where: ColumnElement[bool], skip: int, limit: int) -> Sequence[Group]:
    """By name."""
    by_name = select(Group).where(_NOT_EVERYONE, where).order_by(Group.name)
    return (await session.execute(by_name.offset(skip).limit(limit))).scalars().all()


async def count_groups(session: AsyncSession, where: ColumnElement[bool]) -> int:
    """How many `list_groups` goes through."""
    return (await session.execute(select(func.count()).select_from(Group).where(_NOT_EVERYONE, where))).scalar_one()


async def groups_of(session: AsyncSession, users: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Membership]]:
    """Each user's groups by name; users without any are left out."""
    statement = (
        select(GroupMember.user_id, Group.id, Group.name)
        .join(Group, Group.id == GroupMember.group_id)
        .where(GroupMember.user_id.in_(users), _NOT_EVERYONE)
        .order_by(Group.name)
    )
    found: dict[uuid.UUID, list[Membership]] = {}
    for user_id, group_id, name in await session.execute(statement):
        found.setdefault(user_id, []).append(Membership(group_id, name))
    return found


async def members_of(session: AsyncSession, groups: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The people in each group; groups without any are left out."""
    statement = (
        select(GroupMember.group_id, User.id)
        .join(User, User.id == GroupMember.user_id)
        .where(GroupMember.group_id.in_(groups), _listed())
        .order_by(GroupMember.created_at, User.id)
    )
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    for group_id, user_id in await session.execute(statement):
        found.setdefault(group_id, []).append(user_id)
    return found


async def stamps(session: AsyncSession, groups: Sequence[uuid.UUID]) -> dict[uuid.UUID, MembershipStamp]:
    """Of each group that has members."""
    statement = (
        select(GroupMember.group_id, func.count(), func.max(GroupMember.created_at))
        .where(GroupMember.group_id.in_(groups))
        .group_by(GroupMember.group_id)
    )
    return {
        group_id: MembershipStamp(members, newest) for group_id, members, newest in await session.execute(statement)
    }


async def username_taken(session: AsyncSession, username: str, *, besides: uuid.UUID | None = None) -> bool:
    """Whether somebody else has the username, in whatever case."""
    statement = select(User.id).where(func.lower(User.username) == func.lower(username), User.deleted_at.is_(None))
    if besides is not None:
        statement = statement.where(User.id != besides)
    return (await session.execute(statement.limit(1))).scalar_one_or_none() is not None


async def missing_users(session: AsyncSession, users: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the ids that nobody has. The others are nobody's to delete before the end of the transaction."""
    staying = select(User.id).where(User.id == _any(users), _listed()).order_by(User.id).with_for_update(read=True)
    found = await session.execute(staying)
    return set(users) - set(found.scalars())


async def join(session: AsyncSession, group_id: uuid.UUID, users: Collection[uuid.UUID]) -> bool:
    """Puts users into a group; whether any of them was not in it."""
    rows = select(literal(group_id), func.unnest(_array(sorted(users))))
    statement = insert(GroupMember).from_select(["group_id", "user_id"], rows).on_conflict_do_nothing()
    return bool((await session.execute(statement.returning(GroupMember.user_id))).scalars().all())


async def leave(session: AsyncSession, group_id: uuid.UUID, users: Collection[uuid.UUID]) -> bool:
    """Takes users out of a group; whether any of them was in it."""
    statement = delete(GroupMember).where(GroupMember.group_id == group_id, GroupMember.user_id == _any(users))
    return bool((await session.execute(statement.returning(GroupMember.user_id))).scalars().all())


def _array(ids: Collection[uuid.UUID]) -> ColumnElement[Any]:
    """One parameter for any number of ids: the protocol has room for 32,767 parameters."""
    return literal([*ids], ARRAY(UUID(as_uuid=True)))


def _any(ids: Collection[uuid.UUID]) -> ColumnElement[Any]:
    return any_(_array(ids))
