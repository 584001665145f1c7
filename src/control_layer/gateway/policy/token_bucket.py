"""A token bucket that may owe: what was taken by others, or turned out to be more, is paid back before the next one."""

from __future__ import annotations

__all__ = ["TokenBucket"]

_MOST_BURSTS_OWED = 10.0
_MOST_SECONDS_OWED = 5.0
"""Debt beyond the larger of the two is forgiven: gateways that had not heard of each other for an hour start anew."""


class TokenBucket:
    """Fills by `rate` a second up to `burst`. Time is monotonic seconds, given."""

    __slots__ = ("_at", "_level", "burst", "rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self._level = burst
        self._at = now

    def level(self, now: float) -> float:
        """How much may be taken; negative where something is owed."""
        return min(self.burst, self._level + (now - self._at) * self.rate)

    def wait(self, amount: float, now: float) -> float:
        """Seconds until so much is there; 0 where it is. More than the burst is let through by a full bucket."""
        lacking = min(amount, self.burst) - self.level(now)
        return 0.0 if lacking <= 0.0 else lacking / self.rate

    def take(self, amount: float, now: float) -> None:
        """Takes so much, there or not; a negative amount gives back."""
        owed = -max(self.burst * _MOST_BURSTS_OWED, self.rate * _MOST_SECONDS_OWED)
        self._level = min(self.burst, max(self.level(now) - amount, owed))
        self._at = now

    def change(self, rate: float, burst: float, now: float) -> None:
        """Other terms from now on. What a smaller bucket does not hold is gone; a larger one is not filled at once."""
        self._level = min(burst, self.level(now))
        self._at = now
        self.rate, self.burst = rate, burst

    def full_in(self, now: float) -> float:
        """Seconds until it is full."""
        return (self.burst - self.level(now)) / self.rate
