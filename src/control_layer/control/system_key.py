"""The system key: what the control plane shows its own gateways. It opens every model (`snapshots.compiler`).

Its secret is derived from `secret_key`: every host of an instance knows it, and it is written down nowhere. Its row has
the nil id, belongs to the system user, is hidden like other keys the server itself uses, and nobody can reveal it.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.contract.sealing import derive_key
from control_layer.control.api_keys.secret import KeySecret
from control_layer.store.tables import NIL, ApiKey

__all__ = ["ensure_system_key", "system_key"]


def system_key(secret_key: str) -> KeySecret:
    """The secret of this instance's system key."""
    return KeySecret("sk-" + urlsafe_b64encode(derive_key(secret_key, "system-key")).rstrip(b"=").decode())


async def ensure_system_key(session: AsyncSession, secret: KeySecret) -> None:
    """Makes the row; gives it the digest of `secret` where another `secret_key` was in force before."""
    row = insert(ApiKey).values(
        id=NIL,
        name="Internal system key",
        purpose="realtime",
        user_id=NIL,
        created_by=NIL,
        secret_digest=secret.digest,
        secret_prefix=secret.prefix,
        hidden=True,
    )
    renewed = {"secret_digest": row.excluded.secret_digest, "secret_prefix": row.excluded.secret_prefix}
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["id"], set_=renewed, where=ApiKey.secret_digest != row.excluded.secret_digest
        )
    )
