"""How long a child that died is left dead: exponential backoff with jitter, forgotten after a healthy while."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Restarts"]

_HEALTHY_SECONDS = 30.0


class Restarts:
    """One child's history. The clock (seconds) and randomness (0 to 1) are given."""

    __slots__ = ("_clock", "_failures", "_first", "_last", "_random", "_started", "count")

    def __init__(self, clock: Callable[[], float], random: Callable[[], float], *, first: float, last: float) -> None:
        """The first restart waits up to `first` seconds, each next one twice as long, up to `last`."""
        self._clock = clock
        self._random = random
        self._first = first
        self._last = last
        self._failures = 0
        self._started = clock()
        self.count = 0
        """Deaths so far."""

    def started(self) -> None:
        """It runs again."""
        self._started = self._clock()

    def died(self) -> float:
        """Seconds to wait before it is started again."""
        if self._clock() - self._started >= _HEALTHY_SECONDS:
            self._failures = 0
        delay = min(self._first * 2.0**self._failures, self._last)
        self._failures += 1
        self.count += 1
        return delay * (0.5 + self._random() / 2)
