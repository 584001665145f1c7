"""An account passes from whoever registered it to whom its address belongs.

Whoever registers says what their address is, and nobody checks it. When somebody else vouches for the address's owner,
nothing that the first may still have opens the account any more: password, sessions, links in mails, identities
elsewhere, API keys. Keys are not erased but expire: the owner, who may well be the one who made them, sees them and can
bring them back.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import structlog
from sqlalchemy import delete, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.authentication.password_resets import forget_resets
from control_layer.control.authentication.session_records import end_sessions
from control_layer.store.tables import ApiKey, Identity, User

__all__ = ["hand_over", "is_unproven"]

_REGISTERED = "native"
_APART = {"synchronize_session": False}
_log = structlog.get_logger(__name__)


def is_unproven(user: User) -> bool:
    """Whether somebody opened the account for themself, with an address that nobody has checked."""
    return user.auth_source == _REGISTERED


async def hand_over(session: AsyncSession, user: User, source: str, now: datetime) -> None:
    """Makes a locked account that of somebody whom `source` vouches for."""
    user.password_hash = None
    user.auth_source = source
    await end_sessions(session, user.id)
    await forget_resets(session, user.id)
    await session.execute(delete(Identity).where(Identity.user_id == user.id), execution_options=_APART)
    expired = await _expire_keys(session, user.id, now)
    _log.warning("account_handed_over", user_id=str(user.id), to=source, expired_keys=expired)


async def _expire_keys(session: AsyncSession, user_id: uuid.UUID, now: datetime) -> int:
    """How many keys worked until now. Hidden ones go on: nobody has their secrets."""
    statement = (
        update(ApiKey)
        .where(or_(ApiKey.user_id == user_id, ApiKey.created_by == user_id))
        .where(ApiKey.hidden.is_(False), ApiKey.deleted_at.is_(None))
        .where(or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now))
        .values(expires_at=now, previous_digest=None, previous_expires_at=None, updated_at=now)
        .returning(ApiKey.id)
    )
    return len((await session.execute(statement, execution_options=_APART)).all())
