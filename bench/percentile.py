"""Percentiles of measured times."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

__all__ = ["percentile"]


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that is not below `percent` of all (nearest rank); NaN of nothing."""
    if not values:
        return float("nan")
    return sorted(values)[max(ceil(len(values) * percent / 100) - 1, 0)]
