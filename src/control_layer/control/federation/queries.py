"""Accounts of people who are known elsewhere. What is found to be changed is locked; deleted accounts are not found."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.store.tables import NIL, Identity, User

__all__ = [
    "accounts_of_address",
    "has_identity",
    "lock_people",
    "registered_account",
    "user_of_email",
    "user_of_external_id",
    "username_taken",
]

_LOCK = 0x66656465  # "fede", the key of the advisory lock


async def lock_people(session: AsyncSession) -> None:
    """Until the end of the transaction nobody else, on any host, opens or links accounts of people known elsewhere.

    Rare and short: it is what makes two first requests of one person open one account.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


async def user_of_external_id(session: AsyncSession, external_id: str, *, lock: bool = False) -> User | None:
    """The oldest account of this id."""
    statement = _people(User.external_user_id == external_id, lock=lock).limit(1)
    return (await session.execute(statement)).scalar_one_or_none()


async def user_of_email(session: AsyncSession, email: str, external_id: str, *, lock: bool = False) -> User | None:
    """The account with this address that has no other external id: the oldest that was made for somebody, else the
    oldest that somebody registered."""
    unbound = or_(User.external_user_id.is_(None), User.external_user_id == external_id)
    statement = _people(User.email == email, unbound, lock=lock, first=(User.auth_source == "native",)).limit(1)
    return (await session.execute(statement)).scalar_one_or_none()


async def accounts_of_address(session: AsyncSession, email: str) -> Sequence[User]:
    """All accounts with this address, oldest first, to be changed."""
    return (await session.execute(_people(User.email == email, lock=True))).scalars().all()


async def registered_account(session: AsyncSession, email: str) -> User | None:
    """The oldest account that somebody registered with this address, in whatever case, to be changed."""
    address = func.lower(User.email) == func.lower(email)
    statement = _people(address, User.auth_source == "native", lock=True).limit(1)
    return (await session.execute(statement)).scalar_one_or_none()


async def has_identity(session: AsyncSession, user_id: uuid.UUID, issuer: str) -> bool:
    """Whether the account's owner is known at the provider, as anybody."""
    known = exists().where(Identity.user_id == user_id, Identity.issuer == issuer)
    return (await session.execute(select(known))).scalar_one()


async def username_taken(session: AsyncSession, username: str) -> bool:
    """Whether a person or an organization has this name."""
    taken = exists().where(User.username == username, User.deleted_at.is_(None))
    return (await session.execute(select(taken))).scalar_one()


def _people(*conditions: ColumnElement[bool], lock: bool, first: tuple[ColumnElement[bool], ...] = ()) -> Select[User]:
    living = and_(User.deleted_at.is_(None), User.user_type == "individual", User.id != NIL)
    statement = select(User).where(living, *conditions).order_by(*first, User.created_at, User.id)
    if lock:
        # What was read before the lock is read again.
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return statement
