"""Answers that are given again: the ones used last, as many as there is room for, and requests that wait for one.

Knows no socket and no clock. Keys are digests of everything that an answer depends on, its boundary included.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from control_layer.contract.usage import Tokens

__all__ = ["CachedAnswer", "Flights", "Landed", "Maker", "ResponseCache"]

_OVERHEAD_BYTES = 512
"""Of an entry beside its body, about."""


@dataclass(frozen=True, slots=True)
class Maker:
    """For whom an answer was made, and when in the order of purges."""

    key_id: str
    user_id: str
    generation: int
    """The last purge of the two that was known when the answer was asked for; 0 for none."""

    @classmethod
    def now(cls, key_id: str, user_id: str, purges: Mapping[str, int]) -> Maker:
        """The maker of an answer that is about to be asked for. `purges` has the generation of each key and user."""
        return cls(key_id, user_id, max(purges.get(key_id, 0), purges.get(user_id, 0)) if purges else 0)

    def purged(self, purges: Mapping[str, int]) -> bool:
        """Whether there was a purge since."""
        return max(purges.get(self.key_id, 0), purges.get(self.user_id, 0)) > self.generation


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """A whole answer, as a client got it."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    tokens: Tokens
    """What it had cost."""
    finish_reason: str | None
    expires_at: float
    """On the monotonic clock."""
    maker: Maker


class ResponseCache:
    """The most recently used answers, within a number of bytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[bytes, CachedAnswer] = OrderedDict()
        self.bytes = 0
        """What the entries take."""
        self.evictions = 0
        """Entries that made room for others."""

    def get(self, key: bytes, now: float, purges: Mapping[str, int]) -> CachedAnswer | None:
        """The answer, while it is fresh and was not purged."""
        answer = self._entries.get(key)
        if answer is None:
            return None
        if answer.expires_at <= now or (purges and answer.maker.purged(purges)):
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return answer

    def put(self, key: bytes, answer: CachedAnswer) -> None:
        """Keeps an answer, in place of an older one, if there can be room for it at all."""
        size = _size(answer)
        if size > self._max_bytes:
            return
        if key in self._entries:
            self._drop(key)
        self._entries[key] = answer
        self.bytes += size
        while self.bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))
            self.evictions += 1

    def __len__(self) -> int:
        return len(self._entries)

    def _drop(self, key: bytes) -> None:
        self.bytes -= _size(self._entries.pop(key))


def _size(answer: CachedAnswer) -> int:
    return len(answer.body) + _OVERHEAD_BYTES


Landed = Callable[[CachedAnswer | None, bool], None]
"""Is told the answer, or that there is none, and whether others wait for whoever is told."""


@dataclass(slots=True)
class _Flight:
    """A request that is being answered, and those that wait for the same answer, in the order in which they came."""

    waiting: dict[object, Landed] = field(default_factory=dict)


class Flights:
    """Of identical requests at the same time, one is sent (a flight); the others wait for its answer."""

    def __init__(self) -> None:
        self._flights: dict[bytes, _Flight] = {}

    def join(self, key: bytes, who: object, then: Landed) -> bool:
        """True for the first one, which is to be sent and must `land`. For the others `then` is called once, with the
        answer, or without one when they must be sent themselves: then, if others wait for it, it must `land` too.
        """
        flight = self._flights.get(key)
        if flight is None:
            self._flights[key] = _Flight()
            return True
        flight.waiting[who] = then
        return False

    def leave(self, key: bytes, who: object) -> None:
        """One who waits does not wait any more."""
        flight = self._flights.get(key)
        if flight is not None:
            flight.waiting.pop(who, None)

    def land(self, key: bytes, answer: CachedAnswer | None, *, again: bool) -> None:
        """The first one has ended. Without an answer, one of those who wait is sent, where that may help (`again`), and
        the others go on waiting; else all of them are.
        """
        flight = self._flights.pop(key, None)
        if flight is None or not flight.waiting:
            return
        if answer is None and again:
            self._flights[key] = flight
            first = next(iter(flight.waiting))
            flight.waiting.pop(first)(None, True)
            return
        for then in list(flight.waiting.values()):
            then(answer, False)
