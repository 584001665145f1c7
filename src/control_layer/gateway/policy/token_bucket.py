"""A token bucket that may owe: what was taken by others, or turned out to be more, is paid back before the next one."""

from __future__ import annotations

__all__ = ["TokenBucket"]

_MOST_BURSTS_OWED = 10.0
_MOST_SECONDS_OWED = 5.0
"""Debt beyond the larger of the two is forgiven: gateways that had not heard of each other for an hour start anew."""


class TokenBucket:
    """Fills by `rate` a second up to `burst`. Time is monotonic seconds, given, and never goes back."""

    __slots__ = ("_at", "_owed", "burst", "left", "rate", "taken")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.left = burst
        """The level when it was last looked at, less what was taken since; it may be above the burst."""
        self.taken = 0.0
        """All that `afford`, `take` and `give_back` took, less what they gave back."""
        self._at = now
        self.change(rate, burst, now)

    def change(self, rate: float, burst: float, now: float) -> None:
        """Other terms from now on. What a smaller bucket does not hold is gone; a larger one is not filled at once."""
        if self._at != now:
            self.level(now)
        self.rate, self.burst = rate, burst
        self._owed = -max(burst * _MOST_BURSTS_OWED, rate * _MOST_SECONDS_OWED)
        self.left = min(burst, self.left)

    def level(self, now: float) -> float:
        """How much may be taken; negative where something is owed."""
        level = self.left + (now - self._at) * self.rate
        if level > self.burst:
            level = self.burst
        self.left, self._at = level, now
        return level

    def wait(self, amount: float, now: float) -> float:
        """Seconds until so much is there; 0 where it is. More than the burst is let through by a full bucket."""
        level = self.level(now)
        if amount <= level:
            return 0.0
        lacking = min(amount, self.burst) - level
        return 0.0 if lacking <= 0.0 else lacking / self.rate

    def afford(self, amount: float, now: float) -> bool:
        """Takes so much where it is there."""
        level = self.left + (now - self._at) * self.rate
        if level > self.burst:
            level = self.burst
        self._at = now
        if level < amount:
            self.left = level
            return False
        self.left = level - amount
        self.taken += amount
        return True

    def give_back(self, amount: float) -> None:
        """So much of what was taken was not needed. What goes beyond the burst is gone at the next look."""
        self.left += amount
        self.taken -= amount

    def take(self, amount: float, now: float) -> None:
        """Takes so much, there or not; a negative amount gives back."""
        level = self.left + (now - self._at) * self.rate
        if level > self.burst:
            level = self.burst
        self._at = now
        level -= amount
        if level > self.burst:
            level = self.burst
        self.left = max(self._owed, level)
        self.taken += amount

    def lose(self, amount: float, now: float) -> None:
        """Somebody else took so much."""
        self.take(amount, now)
        self.taken -= amount

    def full_in(self, now: float) -> float:
        """Seconds until it is full."""
        return (self.burst - self.level(now)) / self.rate
