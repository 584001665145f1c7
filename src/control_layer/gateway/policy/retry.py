"""When a failed attempt may be followed by another, and after how long."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["FIRST_BACKOFF_SECONDS", "LAST_BACKOFF_SECONDS", "RetryBudget", "attempts_allowed", "backoff"]

FIRST_BACKOFF_SECONDS = 0.05
LAST_BACKOFF_SECONDS = 2.0
_ALONE = 2


def attempts_allowed(deployments: int) -> int:
    """Each deployment once; a deployment that is alone twice."""
    return max(deployments, _ALONE)


def backoff(failures: int, random: Callable[[], float]) -> float:
    """Seconds to wait after the given number of failed attempts: exponential with full jitter."""
    return min(FIRST_BACKOFF_SECONDS * 2.0 ** (failures - 1), LAST_BACKOFF_SECONDS) * random()


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
