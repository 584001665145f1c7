"""How late the event loop is: what every request on this worker waits for when something holds the loop up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from control_layer.gateway.histogram import Histogram

__all__ = ["LoopLag"]

_EVERY_SECONDS = 0.5
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class LoopLag:
    """Sets itself a timer again and again, and notes by how much it was late."""

    def __init__(self, loop: asyncio.AbstractEventLoop, monotonic: Callable[[], float]) -> None:
        self.histogram = Histogram(_BOUNDS)
        self._loop = loop
        self._monotonic = monotonic
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Goes on until `end`."""
        self._due = self._monotonic() + _EVERY_SECONDS
        self._timer = self._loop.call_later(_EVERY_SECONDS, self._tick)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        self.histogram.observe(max(0.0, self._monotonic() - self._due))
        self.begin()
