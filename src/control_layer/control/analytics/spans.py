"""How a stretch of time is covered: its whole days and hours by sums, what is left at its ends request by request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

__all__ = ["Piece", "Span", "Unit", "cover"]

_LAST = datetime.max.replace(tzinfo=UTC)
_INSTANT = timedelta(microseconds=1)  # Postgres's and ours


class Unit(StrEnum):
    """What sums are kept of, in UTC."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"

    @property
    def length(self) -> timedelta:
        return timedelta(**{f"{self}s": 1})

    def floor(self, at: datetime) -> datetime:
        """The start of the one that `at` is in."""
        if self is Unit.MINUTE:
            return at.replace(second=0, microsecond=0)
        return at.replace(hour=0 if self is Unit.DAY else at.hour, minute=0, second=0, microsecond=0)

    def ceiling(self, at: datetime) -> datetime:
        """The first start of one that is not before `at`; the end of time where there is none."""
        start = self.floor(at)
        if start == at:
            return at
        return start + self.length if _LAST - start > self.length else _LAST


@dataclass(frozen=True, slots=True)
class Span:
    """From `start`, inclusive, to `end`, exclusive, in UTC. `None`: from the beginning, to the end of time."""

    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def through(cls, start: datetime, last: datetime) -> Span:
        """Both ends inclusive."""
        return cls(start, min(last, _LAST - _INSTANT) + _INSTANT)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a span. `unit` is that of its sums; `None`: to be read request by request."""

    unit: Unit | None
    start: datetime | None
    end: datetime | None


def cover(span: Span, units: Sequence[Unit]) -> Iterator[Piece]:
    """The pieces that `span` is made of, in order. `units` are those that there are sums of, the largest first."""
    start, end = span.start, span.end
    if start is not None and end is not None and start >= end:
        return
    if not units:
        yield Piece(None, start, end)
        return
    unit, smaller = units[0], units[1:]
    first = None if start is None else unit.ceiling(start)
    last = None if end is None else unit.floor(end)
    if first is not None and last is not None and first >= last:
        yield from cover(span, smaller)
        return
    if first is not None:
        yield from cover(Span(start, first), smaller)
    yield Piece(unit, first, last)
    if last is not None:
        yield from cover(Span(last, end), smaller)
