"""Accounts in the database. Deleted ones and the system user are never found."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, UnaryExpression, and_, cast, delete, func, literal_column, or_, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.store.tables import (
    NIL,
    Alert,
    ApiKey,
    GroupMember,
    Identity,
    PasswordReset,
    StoredResponse,
    User,
    UserSession,
    Webhook,
)

__all__ = [
    "count_users",
    "find_staying_user",
    "find_user",
    "find_user_by_email",
    "forget_belongings",
    "list_users",
    "user_ids",
    "users_by_id",
    "visible",
]


def visible() -> ColumnElement[bool]:
    """People: neither deleted, nor an organization, nor the system."""
    # The type is no parameter, so that the partial index is known to have all of them whatever is asked.
    return and_(User.deleted_at.is_(None), User.user_type == literal_column("'individual'"), User.id != NIL)


async def find_user(session: AsyncSession, user_id: uuid.UUID, *, lock: bool = False) -> User | None:
    """The account; with `lock`, nobody else changes it before the end of the transaction."""
    statement = select(User).where(User.id == user_id, visible())
    if lock:
        statement = statement.with_for_update(key_share=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_staying_user(session: AsyncSession, user_id: uuid.UUID) -> User | None:
    """The account; nobody changes or deletes it before the end of the transaction, but others may ask for the same.

    For what is added to an account: a deletion takes it along, or comes first.
    """
    statement = select(User).where(User.id == user_id, visible()).with_for_update(read=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_user_by_email(session: AsyncSession, email: str, *, with_password: bool = False) -> User | None:
    """The oldest account with this address; with `with_password`, of those that can log in with one.

    The administrator's comes before all: whoever registered its address first must not shut it out.
    """
    order = (User.is_admin.desc(), User.created_at, User.id)
    statement = select(User).where(User.email == email, visible()).order_by(*order).limit(1)
    if with_password:
        statement = statement.where(User.password_hash.is_not(None), User.disabled_at.is_(None))
    return (await session.execute(statement)).scalar_one_or_none()


async def list_users(
    session: AsyncSession, which: ColumnElement[bool], order: Sequence[UnaryExpression[Any]], skip: int, limit: int
) -> Sequence[User]:
    """Those for whom `which` holds."""
    statement = select(User).where(which).order_by(*order).offset(skip).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def count_users(session: AsyncSession, which: ColumnElement[bool]) -> int:
    """How many `list_users` goes through."""
    return (await session.execute(select(func.count()).select_from(User).where(which))).scalar_one()


async def users_by_id(session: AsyncSession, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, User]:
    """The accounts with these ids, deleted ones too."""
    rows = (await session.execute(select(User).where(User.id.in_(ids)))).scalars()
    return {row.id: row for row in rows}


async def user_ids(session: AsyncSession) -> str:
    """Everybody as a JSON array, which for a hundred thousand is made sooner where they are."""
    ids = func.json_agg(aggregate_order_by(User.id, User.created_at, User.id))
    return (await session.execute(select(cast(func.coalesce(ids, text("'[]'")), Text)).where(visible()))).scalar_one()


async def forget_belongings(session: AsyncSession, user_id: uuid.UUID) -> None:
    """Erases a user's keys, memberships, identities elsewhere, sessions, reset links, webhooks, alerts, responses."""
    await session.execute(delete(ApiKey).where(or_(ApiKey.user_id == user_id, ApiKey.created_by == user_id)))
    for table in (GroupMember, Identity, UserSession, PasswordReset, Webhook, Alert, StoredResponse):
        await session.execute(delete(table).where(table.user_id == user_id))
