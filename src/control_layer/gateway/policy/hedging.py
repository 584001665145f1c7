"""When a second attempt begins beside one that has brought nothing yet, and how many there may be."""

from __future__ import annotations

from control_layer.contract.routing import Hedging
from control_layer.gateway.policy.retry_budget import RetryBudget

__all__ = ["HedgePace"]

_KEPT = 256
"""So many of the latest answers say how long one takes."""
_ENOUGH = 32
"""Fewer of them say nothing."""
_WORKED_OUT_EVERY = 16
_RESERVE = 1.0
_MOST_SAVED = 20.0
"""When every answer becomes slow at once, so many requests are hedged without having earned it."""


class HedgePace:
    """One model's, in one worker. What its providers get in all is at most `1 + share` times the requests, and one."""

    __slots__ = ("_at", "_budget", "_delay", "_latencies", "_percentile")

    def __init__(self, rules: Hedging) -> None:
        self._budget = RetryBudget(rules.share, _RESERVE, _MOST_SAVED)
        self._percentile = rules.percentile
        self._delay = rules.after
        self._latencies: list[float] = []
        self._at = 0

    @property
    def delay(self) -> float | None:
        """Seconds after which the second attempt begins; `None` while too little is known."""
        return self._delay

    @property
    def left(self) -> float:
        """How many second attempts may be made now."""
        return self._budget.left

    def begin(self) -> None:
        """A request is sent that may be hedged."""
        self._budget.deposit()

    def take(self) -> bool:
        """Whether another second attempt may be made; it then counts as made."""
        return self._budget.take()

    def note(self, seconds: float) -> None:
        """An answer's head came so long after its attempt began."""
        if self._percentile is None:
            return
        latencies, at = self._latencies, self._at % _KEPT
        if at < len(latencies):
            latencies[at] = seconds
        else:
            latencies.append(seconds)
        self._at += 1
        if len(latencies) >= _ENOUGH and self._at % _WORKED_OUT_EVERY == 0:
            ordered = sorted(latencies)
            self._delay = ordered[min(int(len(ordered) * self._percentile / 100), len(ordered) - 1)]
