"""The secret of an API key: shown once, kept as a digest."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

__all__ = ["SHOWN_CHARACTERS", "KeySecret"]

SHOWN_CHARACTERS = 7
"""Of a secret's beginning: "sk-" and four, which are enough to tell keys apart, and 24 of 256 bits."""


@dataclass(frozen=True, slots=True)
class KeySecret:
    """`sk-` and 43 base64url characters: 256 random bits."""

    text: str = field(repr=False)

    @classmethod
    def new(cls) -> KeySecret:
        """A fresh one."""
        return cls("sk-" + secrets.token_urlsafe(32))

    @property
    def digest(self) -> bytes:
        """SHA-256, which is enough for a secret that cannot be guessed: no salt, no stretching."""
        return hashlib.sha256(self.text.encode()).digest()

    @property
    def prefix(self) -> str:
        """The part that may be shown."""
        return self.text[:SHOWN_CHARACTERS]
