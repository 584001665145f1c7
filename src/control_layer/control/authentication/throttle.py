"""How fast passwords may be guessed: a bucket of failed logins for each account and for each peer address.

Kept in memory, per host: it slows guessing down, it is no record of anything.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from control_layer.control.errors import TryLater

__all__ = ["LoginThrottle"]

_MAX_BUCKETS = 10_000
"""About 2 MB. Beyond it the longest unused are forgotten: they have mostly refilled."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class _Buckets:
    """Token buckets by name, of one size and one rate (tokens a second)."""

    def __init__(self, size: int, rate: float) -> None:
        self._size = size
        self._rate = rate
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, name: str, now: float) -> float:
        """Seconds until a token is there; 0 when one is."""
        bucket = self._bucket(name, now)
        return 0.0 if bucket.left >= 1 else (1 - bucket.left) / self._rate

    def take(self, name: str, now: float) -> None:
        self._bucket(name, now).left -= 1

    def give_back(self, name: str, now: float) -> None:
        bucket = self._bucket(name, now)
        bucket.left = min(bucket.left + 1, self._size)

    def _bucket(self, name: str, now: float) -> _Bucket:
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(self._size, now)
            if len(self._buckets) > _MAX_BUCKETS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
            bucket.left = min(bucket.left + max(now - bucket.at, 0.0) * self._rate, self._size)
            bucket.at = now
        return bucket


class LoginThrottle:
    """Counts an attempt before the password is looked at, so that attempts at once do not slip through."""

    def __init__(self) -> None:
        self._accounts = _Buckets(size=10, rate=1 / 30)
        # A peer may be a load balancer with a whole company behind it, so this one only stops floods.
        self._peers = _Buckets(size=300, rate=1.0)

    def begin(self, account: str, peer: str, now: datetime) -> None:
        """Counts an attempt. Raises 429, for a right password as well, where there were too many wrong ones."""
        at, account = now.timestamp(), account.casefold()
        wait = max(self._accounts.wait(account, at), self._peers.wait(peer, at))
        if wait > 0:
            message = "Too many failed logins; wait before you try again"
            raise TryLater(429, message, retry_after_seconds=int(wait) + 1)
        self._accounts.take(account, at)
        self._peers.take(peer, at)

    def succeeded(self, account: str, peer: str, now: datetime) -> None:
        """The attempt does not count: the password was right."""
        at = now.timestamp()
        self._accounts.give_back(account.casefold(), at)
        self._peers.give_back(peer, at)
