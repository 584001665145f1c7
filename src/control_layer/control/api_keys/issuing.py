"""Making keys and giving them new secrets: who may look at a secret, and when.

A secret is shown to whoever makes it. Where that is not the key's holder, it also waits, sealed, for the holder's
first look.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.contract.sealing import Seal
from control_layer.contract.snapshot import Purpose
from control_layer.control.api_keys.secret import KeySecret
from control_layer.store.tables import ApiKey

__all__ = ["give_secret", "issue_hidden_keys", "take_pending_secret"]

_HIDDEN: tuple[Purpose, ...] = ("batch", "playground")


def give_secret(
    key: ApiKey, secret: KeySecret, *, to: uuid.UUID, seal: Seal, now: datetime, grace: timedelta = timedelta(0)
) -> None:
    """Makes `secret` the key's secret, shown to the user `to` at this moment.

    The secret before it is good for another `grace`, the one before that is dead: at most two work at once.
    """
    key.previous_digest, key.previous_expires_at = (key.secret_digest, now + grace) if grace else (None, None)
    key.secret_digest = secret.digest
    key.secret_prefix = secret.prefix
    if to == key.created_by:
        key.pending_secret, key.secret_revealed_at = None, now
    else:
        key.pending_secret, key.secret_revealed_at = seal.seal(secret.text, str(key.id)), None


def take_pending_secret(key: ApiKey, seal: Seal, now: datetime) -> str | None:
    """The secret that waits for the holder's first look; `None` where there was one. Raises `CannotOpen`."""
    if key.pending_secret is None:
        return None
    secret = seal.open(key.pending_secret, str(key.id))
    key.pending_secret, key.secret_revealed_at = None, now
    return secret


def issue_hidden_keys(session: AsyncSession, seal: Seal, user_id: uuid.UUID) -> None:
    """Adds the keys that the server itself uses in a user's name; nobody ever sees them.

    Batches run for days with the secret of theirs. That of the playground's is thrown away: its secrets are lent.
    """
    for purpose in _HIDDEN:
        secret, key_id = KeySecret.new(), uuid.uuid4()
        session.add(
            ApiKey(
                id=key_id,
                name=f"Internal {purpose} key",
                purpose=purpose,
                user_id=user_id,
                created_by=user_id,
                secret_digest=secret.digest,
                secret_prefix=secret.prefix,
                hidden=True,
                hidden_secret=seal.seal(secret.text, str(key_id)) if purpose == "batch" else None,
            )
        )
