"""A new password: whoever sets one ends what others may have begun with the old one."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.authentication.password_resets import forget_resets
from control_layer.control.authentication.session_records import end_sessions
from control_layer.store.tables import User

__all__ = ["replace_password"]


async def replace_password(
    session: AsyncSession, user: User, password_hash: str, now: datetime, *, but: uuid.UUID | None = None
) -> None:
    """Writes it into a locked row, so that no session and no link of the old password's comes after this.

    Sessions end, except `but`, and so do links in mails.
    """
    user.password_hash = password_hash
    user.updated_at = now
    await end_sessions(session, user.id, but=but)
    await forget_resets(session, user.id)
