"""Retries stay a fraction of the requests."""

from __future__ import annotations

__all__ = ["RetryBudget"]

_MOST_SAVED = 1000.0
"""So many requests may fail over at once when a deployment dies under load, if there were enough before."""


class RetryBudget:
    """Keeps retries a fraction of the requests, so that they cannot multiply an outage: what providers get in all is at
    most `1 + ratio` times the requests, and `reserve`.

    A request deposits `ratio`, a retry takes one; `reserve` is what there is to begin with.
    """

    __slots__ = ("_left", "_most", "_ratio")

    def __init__(self, ratio: float = 0.2, reserve: float = 20.0, most_saved: float = _MOST_SAVED) -> None:
        self._ratio = ratio
        self._left = reserve
        self._most = max(reserve, most_saved)

    @property
    def left(self) -> float:
        """How many retries may be made."""
        return self._left

    def deposit(self) -> None:
        """A request was let in."""
        if self._left < self._most:
            self._left += self._ratio

    def take(self) -> bool:
        """Whether another retry may be made; it then counts as made."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
