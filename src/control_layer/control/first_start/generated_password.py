"""Whether the administrator's password is still the one that their first start made."""

from __future__ import annotations

from dataclasses import dataclass, field

from control_layer.store.tables import User

__all__ = ["GeneratedPassword"]


@dataclass(slots=True)
class GeneratedPassword:
    """A password that was made for the administrator holds until they choose one; a configured one at each start."""

    exists: bool = False
    """`False`: the configuration has a password."""
    _hash: str | None = field(default=None, repr=False)

    def seen_in_force(self, password_hash: str | None) -> None:
        """Notes the hash that a start found to be the generated password's."""
        self._hash = password_hash

    def is_in_force(self, user: User) -> bool:
        """Whether it opens this account, so that its holder should replace it."""
        return self._hash is not None and user.password_hash == self._hash
