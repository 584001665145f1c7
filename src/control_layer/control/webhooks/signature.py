"""Secrets and signatures of Standard Webhooks (https://www.standardwebhooks.com, symmetric signatures, `v1`). Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac

__all__ = ["SECRET_BYTES", "headers_of", "secret_of"]

SECRET_BYTES = 32
"""The specification asks for 24 to 64."""
_PREFIX = "whsec_"


def secret_of(random: bytes) -> str:
    """The secret as its owner gets it."""
    return _PREFIX + base64.b64encode(random).decode()


def headers_of(secret: str, message_id: str, body: bytes, unix_seconds: int) -> dict[str, str]:
    """The header fields of one attempt."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message_id}.{unix_seconds}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(unix_seconds),
        "webhook-signature": f"v1,{digest}",
        "webhook-version": "1",
    }
