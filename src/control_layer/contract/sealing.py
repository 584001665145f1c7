"""Secrets that must be read back (provider credentials, secrets waiting for their first look) are sealed with AES-GCM.

One key per purpose is derived from `secret_key` with HKDF (RFC 5869), so that a sealed value is useless outside its
purpose; the `context` (the row's id) is authenticated, so that it is useless in another row.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["CannotOpen", "Seal", "derive_key"]

_VERSION = b"\x01"
_NONCE_BYTES = 12  # NIST SP 800-38D, 8.2: 96-bit nonces; random ones are safe for 2^32 messages under one key


class CannotOpen(Exception):
    """A sealed value was made with another `secret_key`, for another row or purpose, or was altered."""


def derive_key(secret_key: str, purpose: str) -> bytes:
    """32 bytes for one purpose, such as `"provider-credential"`."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"control-layer/{purpose}".encode()).derive(
        secret_key.encode()
    )


class Seal:
    """Seals and opens values of one purpose."""

    __slots__ = ("_cipher",)

    def __init__(self, secret_key: str, purpose: str) -> None:
        self._cipher = AESGCM(derive_key(secret_key, purpose))

    def seal(self, value: str, context: str) -> bytes:
        """`value` sealed for the row named by `context`."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, value.encode(), context.encode())

    def open(self, sealed: bytes, context: str) -> str:
        """The value again. Raises `CannotOpen`."""
        if sealed[:1] != _VERSION:
            raise CannotOpen("sealed with an unknown version; was the database written by a newer release?")
        start = 1 + _NONCE_BYTES
        if len(sealed) < start:
            raise CannotOpen("cut short; restore the value or enter it anew")
        try:
            return self._cipher.decrypt(sealed[1:start], sealed[start:], context.encode()).decode()
        except InvalidTag:
            raise CannotOpen("sealed with another secret_key; restore the key it was made with") from None
