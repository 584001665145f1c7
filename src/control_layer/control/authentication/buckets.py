"""Token buckets by name: so many at once, then so many a second. Memory is bounded whatever the names are."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

__all__ = ["Buckets", "Digest", "Remembered", "digest_of"]

_MAX_NAMES = 10_000
"""About 2 MB. Beyond it the longest unused are forgotten: they have mostly refilled."""
_DIGEST_BYTES = 16

Digest = bytes
"""A name as it is kept: a stranger chooses names, and may choose a very long one."""


def digest_of(*names: str) -> Digest:
    """The names, in this order, in a few bytes."""
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for name in names:
        encoded = name.encode()
        digest.update(b"%d:%b" % (len(encoded), encoded))
    return digest.digest()


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Buckets:
    """Buckets of one size and one rate (tokens a second). Times are seconds of one clock."""

    def __init__(self, *, size: int, rate: float) -> None:
        self._size = size
        self._rate = rate
        self._buckets: OrderedDict[Digest, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, name: Digest, now: float) -> float:
        """Seconds until a token is there; 0 when one is."""
        bucket = self._bucket(name, now)
        return 0.0 if bucket.left >= 1 else (1 - bucket.left) / self._rate

    def take(self, name: Digest, now: float) -> None:
        self._bucket(name, now).left -= 1

    def give_back(self, name: Digest, now: float) -> None:
        bucket = self._bucket(name, now)
        bucket.left = min(bucket.left + 1, self._size)

    def fill(self, name: Digest) -> None:
        self._buckets.pop(name, None)

    def _bucket(self, name: Digest, now: float) -> _Bucket:
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(self._size, now)
            if len(self._buckets) > _MAX_NAMES:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
            bucket.left = min(bucket.left + max(now - bucket.at, 0.0) * self._rate, self._size)
            bucket.at = now
        return bucket


class Remembered:
    """The last few thousand names that were added."""

    def __init__(self) -> None:
        self._names: OrderedDict[Digest, None] = OrderedDict()

    def __contains__(self, name: Digest) -> bool:
        return name in self._names

    def add(self, name: Digest) -> None:
        self._names[name] = None
        self._names.move_to_end(name)
        if len(self._names) > _MAX_NAMES:
            self._names.popitem(last=False)
