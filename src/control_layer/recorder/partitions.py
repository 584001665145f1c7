"""A day's partition is there before its first row: made by whoever records one, or ahead of time.

Where one cannot be made at once, because somebody reads for long, rows go to the tables of those without a day and
move when it is made: recording never waits for readers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import date

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["LOCK_TIMEOUT", "Days", "is_lock_timeout"]

_EARLIEST, _LATEST = date(2020, 1, 1), date(2100, 1, 1)
"""Days outside are a clock's fault, and share the table of those without a day."""

LOCK_TIMEOUT = text("SET LOCAL lock_timeout = '1s'")
"""Whoever waits for the lock makes everybody behind it wait as well."""

_log = structlog.get_logger(__name__)
_TRY_AGAIN_SECONDS = 60.0
_LOCK_NOT_AVAILABLE = "55P03"
_MAKE = text("SELECT make_traffic_day(:day)")


class Days:
    """The days that are known to have their partitions."""

    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._known: set[date] = set()
        self._put_off: dict[date, float] = {}

    async def ensure(self, days: Iterable[date]) -> None:
        """Makes what is missing, or puts it off for a minute. Raises SQLAlchemy's errors and `DatabaseUnavailable`."""
        for day in days:
            if day in self._known or not _EARLIEST <= day <= _LATEST:
                continue
            if self._put_off.get(day, 0.0) > self._clock():
                continue
            try:
                async with self._engine.begin() as connection:
                    await connection.execute(LOCK_TIMEOUT)
                    await connection.execute(_MAKE, {"day": day})
            except DBAPIError as error:
                if not is_lock_timeout(error):
                    raise
                self._put_off[day] = self._clock() + _TRY_AGAIN_SECONDS
                _log.info("partition_put_off", day=day.isoformat(), retry_seconds=_TRY_AGAIN_SECONDS)
            else:
                self._put_off.pop(day, None)
                self._known.add(day)


def is_lock_timeout(error: DBAPIError) -> bool:
    """Whether somebody held what we wanted for longer than we wait."""
    return getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE
