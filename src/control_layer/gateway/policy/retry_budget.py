"""Retries stay a fraction of the requests."""

from __future__ import annotations

__all__ = ["RetryBudget"]


class RetryBudget:
    """Keeps retries a fraction of the requests, so that they cannot multiply an outage.

    A request deposits `ratio`, a retry takes one; `reserve` is what there is to begin with, and the most there can be.
    """

    __slots__ = ("_left", "_ratio", "_reserve")

    def __init__(self, ratio: float = 0.2, reserve: float = 20.0) -> None:
        self._ratio = ratio
        self._reserve = reserve
        self._left = reserve

    def deposit(self) -> None:
        """A request was let in."""
        self._left = min(self._left + self._ratio, self._reserve)

    def take(self) -> bool:
        """Whether another retry may be made; it then counts as made."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
