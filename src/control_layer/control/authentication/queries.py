"""Whose key, whose session: what is read at every request, in one query each."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.permissions import Role
from control_layer.control.principal import Principal
from control_layer.store.tables import ApiKey, User

__all__ = ["principal_of_key", "principal_of_user", "record_key_use", "record_login"]


async def principal_of_user(session: AsyncSession, user_id: uuid.UUID) -> Principal | None:
    """The living person with this id."""
    statement = select(User).where(User.id == user_id, User.deleted_at.is_(None), User.user_type == "individual")
    user = (await session.execute(statement)).scalar_one_or_none()
    return None if user is None else _principal(user, None)


async def principal_of_key(
    session: AsyncSession, digest: bytes, now: datetime, *, any_purpose: bool
) -> Principal | None:
    """The living person who holds the living key with this digest (SHA-256 of the secret)."""
    statement = (
        select(User, ApiKey)
        .join(ApiKey, ApiKey.created_by == User.id)
        .where(User.deleted_at.is_(None), ApiKey.secret_digest == digest, ApiKey.deleted_at.is_(None))
        .where(or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now))
    )
    if not any_purpose:
        statement = statement.where(ApiKey.purpose == "platform")
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else _principal(row[0], row[1])


async def record_login(session: AsyncSession, user_id: uuid.UUID) -> None:
    """Notes that the person was here. `updated_at` stays: nobody changed anything."""
    await session.execute(update(User).where(User.id == user_id).values(last_login=func.now()))


async def record_key_use(session: AsyncSession, key_id: uuid.UUID) -> None:
    """Notes that the key was used for the management API; the recorder does it for AI requests."""
    await session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used=func.now()))


def _principal(user: User, key: ApiKey | None) -> Principal:
    known = {role.value for role in Role}
    return Principal(
        id=user.id,
        email=user.email,
        is_admin=user.is_admin,
        roles=frozenset(Role(role) for role in user.roles if role in known),
        last_login=user.last_login,
        key_id=None if key is None else key.id,
        key_last_used=None if key is None else key.last_used,
    )
