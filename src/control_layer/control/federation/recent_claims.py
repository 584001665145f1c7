"""Claims that were settled a moment ago, so that a page's twenty requests look into the database for one of them."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from datetime import datetime, timedelta

__all__ = ["RecentClaims"]

_MAX_CLAIMS = 10_000
"""About 2 MB; beyond it the longest unused are forgotten."""
_LIFETIME = timedelta(seconds=30)


class RecentClaims:
    """Whose account a claim belongs to, by the claim's digest. Kept in memory, per host."""

    def __init__(self) -> None:
        self._claims: OrderedDict[bytes, tuple[uuid.UUID, datetime]] = OrderedDict()

    def get(self, digest: bytes, now: datetime) -> uuid.UUID | None:
        """The account, where the claim was settled within the last half minute."""
        user_id, settled = self._claims.get(digest, (None, now))
        if user_id is None or now - settled > _LIFETIME:
            return None
        self._claims.move_to_end(digest)
        return user_id

    def remember(self, digest: bytes, user_id: uuid.UUID, now: datetime) -> None:
        """Notes that the claim is settled."""
        self._claims[digest] = (user_id, now)
        self._claims.move_to_end(digest)
        if len(self._claims) > _MAX_CLAIMS:
            self._claims.popitem(last=False)

    def forget(self, digest: bytes) -> None:
        """The account is gone."""
        self._claims.pop(digest, None)
