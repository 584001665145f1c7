"""When a failed attempt may be followed by another, and after how long."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["FIRST_BACKOFF_SECONDS", "LAST_BACKOFF_SECONDS", "attempts_allowed", "backoff"]

FIRST_BACKOFF_SECONDS = 0.05
LAST_BACKOFF_SECONDS = 2.0
_ALONE = 2


def attempts_allowed(deployments: int) -> int:
    """Each deployment once; a deployment that is alone twice."""
    return max(deployments, _ALONE)


def backoff(failures: int, random: Callable[[], float]) -> float:
    """Seconds to wait after the given number of failed attempts: exponential with full jitter."""
    return min(FIRST_BACKOFF_SECONDS * 2.0 ** (failures - 1), LAST_BACKOFF_SECONDS) * random()
