"""In whose name the gateway is asked: a secret of minutes, lent to a session in the name of its owner's playground key.

Nobody sees it, the browser included. It is renewed while it is used, ends with its session, and expires by itself.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.contract.sealing import CannotOpen, Seal
from control_layer.control.api_keys.secret import KeySecret
from control_layer.control.principal import Principal
from control_layer.store.tables import ApiKey, LentSecret

__all__ = ["LIFETIME", "Lent", "lent_secret"]

LIFETIME = timedelta(minutes=10)
_RENEWED_BELOW = LIFETIME / 2
_LEAST_LEFT = timedelta(seconds=30)
"""What has less is not renewed: gateways may forget it before they hear of it."""
_FRESH = timedelta(seconds=30)
_APART = {"synchronize_session": False}  # no row of these is in memory


@dataclass(frozen=True, slots=True)
class Lent:
    """A secret and the id that snapshots have for it."""

    id: uuid.UUID
    secret: KeySecret
    fresh: bool
    """Gateways may not have heard of it."""


async def lent_secret(session: AsyncSession, seal: Seal, caller: Principal, now: datetime) -> Lent:
    """The one that the caller's session has, or a new one. `seal` is the one for key secrets.

    It holds once the transaction is committed, and at a gateway once it is in force there.
    """
    borrower = caller.session_id or caller.key_id or caller.id
    while True:
        found = await _found(session, seal, borrower, now)
        if found is not None:
            return found
        await _lend(session, seal, borrower, caller, now)


async def _found(session: AsyncSession, seal: Seal, borrower: uuid.UUID, now: datetime) -> Lent | None:
    """The living one, with enough left of its life; one that is past its life, or cannot be read, is taken back."""
    columns = (LentSecret.id, LentSecret.sealed_secret, LentSecret.created_at, LentSecret.expires_at)
    row = (await session.execute(select(*columns).where(LentSecret.borrower == borrower))).one_or_none()
    if row is None:
        return None
    try:
        secret = KeySecret(seal.open(row.sealed_secret, str(row.id)))
    except CannotOpen:
        secret = None
    if secret is None or row.expires_at < now + _LEAST_LEFT:
        await session.execute(delete(LentSecret).where(LentSecret.id == row.id), execution_options=_APART)
        return None
    if row.expires_at < now + _RENEWED_BELOW:
        renewed = update(LentSecret).where(LentSecret.id == row.id).values(expires_at=now + LIFETIME)
        await session.execute(renewed, execution_options=_APART)
    return Lent(row.id, secret, fresh=row.created_at > now - _FRESH)


async def _lend(session: AsyncSession, seal: Seal, borrower: uuid.UUID, caller: Principal, now: datetime) -> None:
    """Nothing happens where the borrower has been lent one meanwhile."""
    playground_key = select(ApiKey.id).where(
        ApiKey.user_id == caller.id, ApiKey.purpose == "playground", ApiKey.hidden, ApiKey.deleted_at.is_(None)
    )
    secret, secret_id = KeySecret.new(), uuid.uuid4()
    values = {
        "id": secret_id,
        "key_id": (await session.execute(playground_key)).scalar_one(),
        "borrower": borrower,
        "session_id": caller.session_id,
        "secret_digest": secret.digest,
        "sealed_secret": seal.seal(secret.text, str(secret_id)),
        "created_at": now,
        "expires_at": now + LIFETIME,
    }
    await session.execute(insert(LentSecret).values(values).on_conflict_do_nothing())
