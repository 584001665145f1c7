"""The windows in which a budget counts. Calendar windows are those of UTC, weeks begin on Monday (ISO 8601).

A rolling window is counted in buckets: what was spent in one is free again when the last window that touches it is
over, so that no stretch of the period's length ever holds more than the budget.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

__all__ = ["Period", "Window", "counted_from", "window_at"]

Period = Literal["day", "week", "month", "total"]

_HOUR = 3600.0
_ROLLING: dict[Period, tuple[float, int]] = {"day": (_HOUR, 24), "week": (6 * _HOUR, 28), "month": (24 * _HOUR, 30)}
"""Length of a bucket in seconds, and how many make up the period. A rolling month has thirty days."""


class Window(NamedTuple):
    """From `start` up to, and without, `end`, in Unix seconds; `end` is `None` where it never ends."""

    start: float
    end: float | None


def window_at(period: Period, rolling: bool, since: float, at: float) -> Window:
    """The window, or the bucket of a rolling one, that holds the moment `at`.

    `since` is when the budget began to count: no window reaches back behind it. Raises ValueError for a `total` that
    rolls.
    """
    if rolling:
        size, _ = _rolling(period)
        start = at - at % size
        return Window(max(start, since), start + size)
    if period == "total":
        return Window(since, None)
    day = datetime.fromtimestamp(at, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        first, after = day, day + timedelta(days=1)
    elif period == "week":
        first = day - timedelta(days=day.weekday())
        after = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        after = (first + timedelta(days=31)).replace(day=1)
    return Window(max(first.timestamp(), since), after.timestamp())


def counted_from(period: Period, rolling: bool, since: float, window: Window) -> float:
    """The start of the earliest window, or bucket, whose spending counts together with `window`'s."""
    if not rolling or window.end is None:
        return window.start
    size, count = _rolling(period)
    return max(window.end - size * (count + 1), since)


def _rolling(period: Period) -> tuple[float, int]:
    try:
        return _ROLLING[period]
    except KeyError:
        raise ValueError(f"a budget for {period} cannot roll") from None
