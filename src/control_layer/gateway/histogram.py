"""Counts of durations by upper bound: a bisection and an addition each."""

from __future__ import annotations

from bisect import bisect_left

from control_layer.contract.supervision import Sample

__all__ = ["Histogram"]


class Histogram:
    """`bounds` are the buckets' upper bounds in seconds, ascending; what is above them all is counted too."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self._bounds, seconds)] += 1
        self.total += seconds

    def sample(self, name: str, text: str, labels: dict[str, str]) -> Sample:
        running = 0
        buckets = []
        for bound, count in zip((*self._bounds, float("inf")), self.counts, strict=True):
            running += count
            buckets.append((bound, running))
        return Sample(name, "histogram", text, labels, running, self.total, tuple(buckets))
