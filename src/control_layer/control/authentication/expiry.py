"""What has expired goes: sessions, reset links and lent secrets that open nothing any more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.store.authorship import Author
from control_layer.store.tables import LentSecret, PasswordReset, UserSession

__all__ = ["forget_expired"]

_BATCH = 1000


async def forget_expired(services: Services) -> None:
    """All that has expired by now, a thousand rows in a transaction. Raises `ControlError`."""
    for table in (UserSession, PasswordReset, LentSecret):
        gone = _BATCH
        while gone == _BATCH:
            async with transaction(services, Author.system("expiry")) as session:
                gone = await _forget(session, table, services.now())


async def _forget(session: AsyncSession, table: type[UserSession | PasswordReset | LentSecret], now: datetime) -> int:
    # Other hosts do the same at the same time.
    some = select(table.id).where(table.expires_at <= now).limit(_BATCH).with_for_update(skip_locked=True)
    statement = delete(table).where(table.id.in_(some)).returning(table.id)
    result = await session.execute(statement, execution_options={"synchronize_session": False})
    return len(result.all())
