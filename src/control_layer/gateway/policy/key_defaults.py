"""What keys may take that have no rate of their own: so much as the tier of their owner's account says.

Nothing is kept for a key: its limit is made when the limits of a request are looked for, which the requests of a
connection do once.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from control_layer.contract.limits import TIERED_PURPOSES, Limit, TierRate
from control_layer.contract.snapshot import SYSTEM_USER, Key, User

__all__ = ["KeyDefaults", "is_default"]

_PREFIX = "default/"
"""Of the ids of these limits, which gateways exchange as others'; it does not stand in any other's."""


class KeyDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """The tiers of this instance; `None` where keys of one have no limit."""

    verified: TierRate | None = None
    """Of accounts that have proven a payment method."""
    unverified: TierRate | None = None

    def limit_of(self, key: Key, user: User, own: Iterable[Limit]) -> Limit | None:
        """The limit of a key, by its owner's tier; `None` where it has a rate of its own, which has its id among `own`,
        where its purpose has no tiers, and for the system key.
        """
        rate = self.verified if user.verified else self.unverified
        if rate is None or key.purpose not in TIERED_PURPOSES or user.id == SYSTEM_USER:
            return None
        if any(limit.id == key.id for limit in own):
            return None
        tier = "verified" if user.verified else "unverified"
        return Limit(
            id=_PREFIX + key.id,
            name=f"default of {tier} accounts",
            scope="key",
            scope_id=key.id,
            kind="requests",
            amount=rate.requests_per_second,
            burst=rate.burst,
        )


def is_default(limit_id: str) -> bool:
    """Whether a limit is one of these."""
    return limit_id.startswith(_PREFIX)
