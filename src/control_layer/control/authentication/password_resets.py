"""Links that set a new password (§2.3): made, mailed, used once. The database keeps the digest of a link's token."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.mail.letter import Letter, Link
from control_layer.settings import Settings
from control_layer.store.tables import PasswordReset

__all__ = ["find_reset", "forget_resets", "make_reset", "reset_letter"]

_TOKEN_BYTES = 32  # 256 bits
_MAX_RESETS = 5
"""Links of one person that work. The oldest goes when another is made."""
_APART = {"synchronize_session": False}


async def make_reset(
    session: AsyncSession, user_id: uuid.UUID, now: datetime, lifetime: timedelta
) -> tuple[uuid.UUID, str]:
    """A new link's id and token."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    reset = PasswordReset(
        id=uuid.uuid4(), user_id=user_id, token_digest=_digest(token), created_at=now, expires_at=now + lifetime
    )
    session.add(reset)
    await session.flush()
    latest = select(PasswordReset.id).where(PasswordReset.user_id == user_id).order_by(PasswordReset.created_at.desc())
    surplus = delete(PasswordReset).where(PasswordReset.id.in_(latest.offset(_MAX_RESETS)))
    await session.execute(surplus, execution_options=_APART)
    return reset.id, token


async def find_reset(session: AsyncSession, reset_id: uuid.UUID, token: str, now: datetime) -> uuid.UUID | None:
    """Whose link it is; `None` when it was used, has expired, or never was."""
    statement = select(PasswordReset.user_id, PasswordReset.token_digest).where(
        PasswordReset.id == reset_id, PasswordReset.expires_at > now
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None or not hmac.compare_digest(row.token_digest, _digest(token)):
        return None
    found: uuid.UUID = row.user_id
    return found


async def forget_resets(session: AsyncSession, user_id: uuid.UUID) -> None:
    """No link of this person's works any more."""
    statement = delete(PasswordReset).where(PasswordReset.user_id == user_id)
    await session.execute(statement, execution_options=_APART)


def reset_letter(settings: Settings, *, to: str, reset_id: uuid.UUID, token: str, peer: str) -> Letter:
    """The mail with the link."""
    title, home = settings.metadata.title, settings.dashboard_url.rstrip("/")
    link = f"{home}/reset-password?{urlencode({'id': str(reset_id), 'token': token})}"
    minutes = max(int(settings.auth.native.password_reset_token_duration.total_seconds() // 60), 1)
    asked = f" from {peer}" if peer else ""
    return Letter(
        kind="password_reset",
        to=to,
        subject=f"Reset your password for {title}",
        paragraphs=(
            f"Somebody asked{asked} for a new password for your account {to} at {title} ({home}).",
            f"To choose one, open this link. It works once, for {minutes} minutes:",
            Link(link),
            "Was it not you? Then you need do nothing: your password stays as it is. Do not pass the link on.",
            f"If you get such mails again and again, tell the people who run {title} for you.",
        ),
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
