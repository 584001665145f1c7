"""A stretch of time that a question is about: bounded, both ends inclusive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from control_layer.control.analytics.spans import Span

__all__ = ["HOUR", "Period"]

HOUR = timedelta(hours=1)
_USUAL = timedelta(hours=24)
_LONGEST = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to `end`, in UTC."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, start: datetime | None, end: datetime | None, now: datetime, *, usual: timedelta = _USUAL) -> Period:
        """What was asked for: until `now`, for the usual length, where nothing is said; never more than 180 days."""
        last = end or now
        first = _before(last, usual) if start is None else start
        return cls(max(first, _before(last, _LONGEST)), last)

    @classmethod
    def within_cap(cls, start: datetime | None, end: datetime | None, now: datetime) -> Period | None:
        """The same for a question that is about all time where nothing is said: `None`."""
        return None if start is None and end is None else cls.of(start, end, now, usual=_LONGEST)

    def hours(self) -> Iterator[datetime]:
        """The beginning of each hour that the period touches."""
        first = self.start.replace(minute=0, second=0, microsecond=0)
        return (first + number * HOUR for number in range((self.end - first) // HOUR + 1))

    def span(self) -> Span:
        """The same, without its end."""
        return Span.through(self.start, self.end)


def _before(time: datetime, length: timedelta) -> datetime:
    """`length` before `time`, or the beginning of time."""
    earliest = datetime.min.replace(tzinfo=time.tzinfo)
    return time - length if time - earliest > length else earliest
