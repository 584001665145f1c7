"""Secrets that must be read back (provider credentials, secrets waiting for their first look) are sealed with AES-GCM.

One key per purpose is derived from `secret_key` with HKDF (RFC 5869), so that a sealed value is useless outside its
purpose; the `context` (the row's id) is authenticated, so that it is useless in another row. A value names the key it
was sealed with, so that `secret_key` can be changed while values of the keys before it still open.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["CannotOpen", "Seal", "derive_key"]

_UNNAMED = b"\x01"
"""Format: nonce, ciphertext. The key is not named, so each is tried."""
_NAMED = b"\x02"
"""Format: the key's name, nonce, ciphertext. Written today."""
_NAME_BYTES = 4
_NONCE_BYTES = 12  # NIST SP 800-38D, 8.2: 96-bit nonces; random ones are safe for 2^32 messages under one key


class CannotOpen(Exception):
    """A sealed value was made with another `secret_key`, for another row or purpose, or was altered."""


def derive_key(secret_key: str, purpose: str) -> bytes:
    """32 bytes for one purpose, such as `"provider-credential"`."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"control-layer/{purpose}".encode()).derive(
        secret_key.encode()
    )


class _Key:
    """One `secret_key`, for one purpose. Its name tells keys apart and nothing about them."""

    __slots__ = ("cipher", "name")

    def __init__(self, secret_key: str, purpose: str) -> None:
        self.cipher = AESGCM(derive_key(secret_key, purpose))
        self.name = derive_key(secret_key, f"{purpose}/name")[:_NAME_BYTES]


class Seal:
    """Seals values of one purpose with the current key, and opens those of earlier keys too."""

    __slots__ = ("_current", "_known", "mark")

    def __init__(self, secret_key: str, purpose: str, previous: Iterable[str] = ()) -> None:
        self._current = _Key(secret_key, purpose)
        self._known = [self._current, *(_Key(key, purpose) for key in previous)]
        self.mark = _NAMED + self._current.name
        """What every value sealed with the current key begins with."""

    def seal(self, value: str, context: str) -> bytes:
        """`value` sealed for the row named by `context`."""
        nonce = os.urandom(_NONCE_BYTES)
        return self.mark + nonce + self._current.cipher.encrypt(nonce, value.encode(), context.encode())

    def open(self, sealed: bytes, context: str) -> str:
        """The value again. Raises `CannotOpen`."""
        start = len(_UNNAMED)
        keys = self._known
        if sealed[:start] == _NAMED:
            start += _NAME_BYTES
            name = sealed[len(_NAMED) : start]
            keys = [key for key in keys if key.name == name]
        elif sealed[:start] != _UNNAMED:
            raise CannotOpen("sealed in an unknown format; was the database written by a newer release?")
        nonce, ciphertext = sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
        if len(nonce) < _NONCE_BYTES:
            raise CannotOpen("cut short; restore the value or enter it anew")
        for key in keys:
            try:
                return key.cipher.decrypt(nonce, ciphertext, context.encode()).decode()
            except InvalidTag:
                continue
        raise CannotOpen("sealed with another secret_key; add the key it was made with to previous_secret_keys")

    def resealed(self, sealed: bytes, context: str) -> bytes:
        """The same value, sealed with the current key. Raises `CannotOpen`."""
        return self.seal(self.open(sealed, context), context)
