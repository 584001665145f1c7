"""Whose key, whose session: what is read at every request, in one query each."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, SQLColumnExpression, func, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.permissions import Role
from control_layer.control.principal import Principal
from control_layer.store.tables import ApiKey, User

__all__ = ["principal_of_key", "principal_of_user", "record_key_use", "record_login"]

_APART = {"synchronize_session": False}  # rows that are in memory stay as they are


async def principal_of_user(session: AsyncSession, user_id: uuid.UUID) -> Principal | None:
    """The person with this id, unless they are deleted or disabled."""
    row = (await session.execute(_people(null(), null()).where(User.id == user_id))).one_or_none()
    return None if row is None else _principal(row)


async def principal_of_key(
    session: AsyncSession, digest: bytes, now: datetime, *, any_purpose: bool
) -> Principal | None:
    """The person, neither deleted nor disabled, who holds the living key with this digest, or had it until lately."""
    in_grace = (ApiKey.previous_digest == digest) & (ApiKey.previous_expires_at > now)
    statement = (
        _people(ApiKey.id, ApiKey.last_used)
        .join(ApiKey, ApiKey.created_by == User.id)
        .where(or_(ApiKey.secret_digest == digest, in_grace), ApiKey.deleted_at.is_(None))
        .where(or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now))
    )
    if not any_purpose:
        statement = statement.where(ApiKey.purpose == "platform")
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else _principal(row)


async def record_login(session: AsyncSession, user_id: uuid.UUID) -> None:
    """Notes that the person was here. `updated_at` stays: nobody changed anything."""
    statement = update(User).where(User.id == user_id).values(last_login=func.now())
    await session.execute(statement, execution_options=_APART)


async def record_key_use(session: AsyncSession, key_id: uuid.UUID) -> None:
    """Notes that the key was used for the management API; the recorder does it for AI requests."""
    statement = update(ApiKey).where(ApiKey.id == key_id).values(last_used=func.now())
    await session.execute(statement, execution_options=_APART)


def _people(key_id: SQLColumnExpression[Any], key_last_used: SQLColumnExpression[Any]) -> Select[*tuple[Any, ...]]:
    # Columns, not entities: handlers read the same rows again, later and locked, and must not get these back.
    columns = (User.id, User.email, User.is_admin, User.roles, User.last_login)
    return select(*columns, key_id.label("key_id"), key_last_used.label("key_last_used")).where(
        User.deleted_at.is_(None), User.disabled_at.is_(None), User.user_type == "individual"
    )


def _principal(row: Row[*tuple[Any, ...]]) -> Principal:
    known = {role.value for role in Role}
    return Principal(
        id=row.id,
        email=row.email,
        is_admin=row.is_admin,
        roles=frozenset(Role(role) for role in row.roles if role in known),
        last_login=row.last_login,
        key_id=row.key_id,
        key_last_used=row.key_last_used,
    )
