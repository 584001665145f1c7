"""Whose key, whose session: what is read at every request, in one query each."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.permissions import Role
from control_layer.control.principal import Principal
from control_layer.store.tables import ApiKey, LentSecret, User, UserSession

__all__ = [
    "is_still_let_in",
    "lock_address",
    "principal_of_key",
    "principal_of_session",
    "principal_of_user",
    "record_key_use",
    "record_login",
]

_ADDRESS_LOCK = 0x61646472  # "addr", sets these advisory locks apart
_APART = {"synchronize_session": False}  # rows that are in memory stay as they are


async def principal_of_session(
    session: AsyncSession, user_id: uuid.UUID, digest: bytes, now: datetime
) -> Principal | None:
    """The person, neither deleted nor disabled, whose living session has the token with this digest."""
    statement = (
        _people()
        .add_columns(UserSession.id.label("session_id"), UserSession.last_seen)
        .join(UserSession, UserSession.user_id == User.id)
        .where(User.id == user_id, UserSession.token_digest == digest, UserSession.expires_at > now)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else _principal(row, session_id=row.session_id, session_last_seen=row.last_seen)


async def principal_of_user(session: AsyncSession, user_id: uuid.UUID) -> Principal | None:
    """The person with this id, unless they are deleted or disabled."""
    row = (await session.execute(_people().where(User.id == user_id))).one_or_none()
    return None if row is None else _principal(row)


async def principal_of_key(
    session: AsyncSession, digest: bytes, now: datetime, *, purposes: frozenset[str]
) -> Principal | None:
    """The person, neither deleted nor disabled, who holds the living key with this digest, had it until lately, or was
    lent it.

    `purposes`: of the key."""
    in_grace = (ApiKey.previous_digest == digest) & (ApiKey.previous_expires_at > now)
    lent = select(LentSecret.key_id).where(LentSecret.secret_digest == digest, LentSecret.expires_at > now)
    statement = (
        _people()
        .add_columns(ApiKey.id.label("key_id"), ApiKey.last_used)
        .join(ApiKey, ApiKey.created_by == User.id)
        .where(
            or_(ApiKey.secret_digest == digest, in_grace, ApiKey.id == lent.scalar_subquery()),
            ApiKey.deleted_at.is_(None),
        )
        .where(or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now), ApiKey.purpose.in_(purposes))
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else _principal(row, key_id=row.key_id, key_last_used=row.last_used)


async def is_still_let_in(session: AsyncSession, principal: Principal, now: datetime) -> bool:
    """Whether the session or key that the person was let in with is still there. A proxy's word is."""
    conditions: list[ColumnElement[bool]] = []
    if principal.session_id is not None:
        conditions.append(exists().where(UserSession.id == principal.session_id, UserSession.expires_at > now))
    if principal.key_id is not None:
        lasts = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
        conditions.append(exists().where(ApiKey.id == principal.key_id, ApiKey.deleted_at.is_(None), lasts))
    return not conditions or bool((await session.execute(select(and_(*conditions)))).scalar_one())


async def lock_address(session: AsyncSession, email: str) -> None:
    """Until the end of the transaction nobody else opens an account with this address."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(email, _ADDRESS_LOCK))))


async def record_login(session: AsyncSession, user_id: uuid.UUID) -> None:
    """Notes that the person was here. `updated_at` stays: nobody changed anything."""
    statement = update(User).where(User.id == user_id).values(last_login=func.now())
    await session.execute(statement, execution_options=_APART)


async def record_key_use(session: AsyncSession, key_id: uuid.UUID) -> None:
    """Notes that the key was used for the management API; the recorder does it for AI requests."""
    statement = update(ApiKey).where(ApiKey.id == key_id).values(last_used=func.now())
    await session.execute(statement, execution_options=_APART)


def _people() -> Select[*tuple[Any, ...]]:
    # Columns, not entities: handlers read the same rows again, later and locked, and must not get these back.
    columns = (User.id, User.email, User.is_admin, User.roles, User.last_login)
    return select(*columns).where(User.deleted_at.is_(None), User.disabled_at.is_(None), User.user_type == "individual")


def _principal(
    row: Row[*tuple[Any, ...]],
    *,
    key_id: uuid.UUID | None = None,
    key_last_used: datetime | None = None,
    session_id: uuid.UUID | None = None,
    session_last_seen: datetime | None = None,
) -> Principal:
    known = {role.value for role in Role}
    return Principal(
        id=row.id,
        email=row.email,
        is_admin=row.is_admin,
        roles=frozenset(Role(role) for role in row.roles if role in known),
        last_login=row.last_login,
        key_id=key_id,
        key_last_used=key_last_used,
        session_id=session_id,
        session_last_seen=session_last_seen,
    )
