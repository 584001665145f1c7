"""A token bucket that may owe: what was taken by others, or turned out to be more, is paid back before the next one."""

from __future__ import annotations

__all__ = ["TokenBucket"]

_MOST_BURSTS_OWED = 10.0
_MOST_SECONDS_OWED = 5.0
"""Debt beyond the larger of the two is forgiven: gateways that had not heard of each other for an hour start anew."""


class TokenBucket:
    """Fills by `rate` a second up to `burst`. Time is monotonic seconds, given, and never goes back."""

    __slots__ = ("_at", "_level", "_owed", "burst", "rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._level = burst
        self._at = now
        self.change(rate, burst, now)

    def change(self, rate: float, burst: float, now: float) -> None:
        """Other terms from now on. What a smaller bucket does not hold is gone; a larger one is not filled at once."""
        if self._at != now:
            self.level(now)
        self.rate, self.burst = rate, burst
        self._owed = -max(burst * _MOST_BURSTS_OWED, rate * _MOST_SECONDS_OWED)
        self._level = min(burst, self._level)

    def level(self, now: float) -> float:
        """How much may be taken; negative where something is owed."""
        level = self._level + (now - self._at) * self.rate
        if level > self.burst:
            level = self.burst
        self._level, self._at = level, now
        return level

    def wait(self, amount: float, now: float) -> float:
        """Seconds until so much is there; 0 where it is. More than the burst is let through by a full bucket."""
        level = self.level(now)
        if amount <= level:
            return 0.0
        lacking = min(amount, self.burst) - level
        return 0.0 if lacking <= 0.0 else lacking / self.rate

    def take(self, amount: float, now: float) -> None:
        """Takes so much, there or not; a negative amount gives back."""
        level = self.level(now) - amount
        self._level = min(self.burst, level) if level > self._owed else self._owed

    def full_in(self, now: float) -> float:
        """Seconds until it is full."""
        return (self.burst - self.level(now)) / self.rate
