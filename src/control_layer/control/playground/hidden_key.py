"""In whose name the gateway is asked: a person's hidden playground key, which nobody sees."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.contract.sealing import CannotOpen, Seal
from control_layer.control.api_keys.secret import KeySecret
from control_layer.store.tables import ApiKey

__all__ = ["playground_key"]


async def playground_key(session: AsyncSession, seal: Seal, user_id: uuid.UUID) -> KeySecret:
    """The key that was made with the account. `seal` is the one for key secrets. Raises `CannotOpen`."""
    statement = select(ApiKey.id, ApiKey.hidden_secret).where(
        ApiKey.user_id == user_id, ApiKey.purpose == "playground", ApiKey.hidden, ApiKey.deleted_at.is_(None)
    )
    row = (await session.execute(statement)).first()
    if row is None or row.hidden_secret is None:
        raise CannotOpen("the account has no playground key")
    return KeySecret(seal.open(row.hidden_secret, str(row.id)))
