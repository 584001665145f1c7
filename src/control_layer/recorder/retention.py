"""What is too old, or too much, goes by the day: its partition is dropped. Days to come get theirs ahead of time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from control_layer.recorder.partitions import LOCK_TIMEOUT, Days, is_lock_timeout
from control_layer.store.tables import ACCOUNT_ROLLUPS, LATENCY_ROLLUPS, MODEL_ROLLUPS, BatchHour

__all__ = ["Keep", "Retention"]

_log = structlog.get_logger(__name__)
_INTERVAL_SECONDS = 600.0
_DAYS_AHEAD = 2
_BATCH = 5000
"""Rows; a transaction of a fraction of a second."""
_ONE_DAY = timedelta(days=1)
_LONGER_THAN_ANY_QUESTION = timedelta(hours=1)
_SUMS = (
    BatchHour.__tablename__,
    *(rollups[unit].name for unit in ("hour", "day") for rollups in (MODEL_ROLLUPS, ACCOUNT_ROLLUPS, LATENCY_ROLLUPS)),
)
_DAY = re.compile(r"_(\d{8})$")
_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")
_LOCK_KEY = 0x72657461696E  # "retain", the key of the advisory lock

# What is being recorded must not be missed: whoever drops a day locks the whole in any case.
_NO_RECORDING = text("LOCK TABLE ONLY requests")
_WHOLLY_FOLDED = text("""
    SELECT NOT EXISTS (SELECT FROM unfolded_requests WHERE at >= :beginning AND at < :ending)
""")

_UNDATED_AND_FOLDED = (
    "NOT EXISTS (SELECT FROM unfolded_requests AS new WHERE new.at = requests_default.at "
    "AND new.id = requests_default.id)"
)

_REQUESTS_SINCE, _MINUTES_SINCE, _SUMS_SINCE = (
    text(f"UPDATE traffic_horizon SET {what}_since = :since WHERE {what}_since < :since")  # noqa: S608 - names of ours
    for what in ("requests", "minutes", "sums")
)

_PARTS = text("""
    SELECT part.relname AS name, pg_total_relation_size(part.oid) AS bytes
    FROM pg_inherits JOIN pg_class AS part ON part.oid = pg_inherits.inhrelid
    WHERE pg_inherits.inhparent = CAST(:parent AS regclass)
    ORDER BY part.relname
""")


@dataclass(frozen=True, slots=True)
class Keep:
    """How much is kept of a table. `None`: all."""

    max_age: timedelta | None
    max_bytes: int | None


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    bytes: int
    day: date | None
    """`None` for the one of those without a day."""

    @property
    def beginning(self) -> datetime:
        """Of its day."""
        assert self.day is not None
        return datetime.combine(self.day, time(), UTC)


class Retention:
    """Keeps requests, bodies and sums within bounds; any number of hosts may do so at once."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        requests: Keep,
        bodies: Keep,
        minutes: timedelta,
        sums: timedelta | None,
        now: Callable[[], datetime],
    ) -> None:
        """`minutes` and `sums` (`None`: all) are how long sums by the minute, and all other sums, are kept."""
        self._engine = engine
        self._keep = {"requests": requests, "request_bodies": bodies}
        self._minutes = minutes
        self._sums = sums
        self._now = now
        self._days = Days(engine)

    async def run(self) -> None:
        """Does it at once and every ten minutes, until cancelled; a database that is away is waited out."""
        while True:
            try:
                await self.apply()
            except (SQLAlchemyError, ConnectionError, TimeoutError) as error:
                _log.warning("retention_failed", reason=str(error), retry_seconds=_INTERVAL_SECONDS)
            await asyncio.sleep(_INTERVAL_SECONDS)

    async def apply(self) -> None:
        """Does it now. Raises SQLAlchemy's errors and `DatabaseUnavailable`."""
        today = self._now().astimezone(UTC).date()
        await self._days.ensure(today + ahead * _ONE_DAY for ahead in range(_DAYS_AHEAD + 1))
        for table, keep in self._keep.items():
            parts = await self._parts(table)
            if keep.max_age is not None:
                await self._erase_undated(f"{table}_default", self._now() - keep.max_age)
            left = sum(part.bytes for part in parts)
            for part in _expendable(parts, keep, today):
                if not await self._drop(part):
                    break
                left -= part.bytes
            if keep.max_bytes is not None and left > keep.max_bytes:
                _log.warning("retention_over_limit", table=table, bytes=left, limit_bytes=keep.max_bytes)
        await self._erase_sums()

    async def _parts(self, table: str) -> list[_Part]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(_PARTS, {"parent": table})
            return [_Part(row.name, row.bytes, _day_of(row.name)) for row in rows]

    async def _drop(self, part: _Part) -> bool:
        """Whether it is gone; not when somebody reads the table for long, or another host is about it."""
        try:
            async with self._engine.begin() as connection:
                if not (await connection.execute(_LOCK, {"key": _LOCK_KEY})).scalar_one():
                    return False
                await connection.execute(LOCK_TIMEOUT)
                if part.name.startswith("requests_"):
                    if not await _is_folded(connection, part):
                        _log.info("partition_kept_for_now", partition=part.name, retry_seconds=_INTERVAL_SECONDS)
                        return False
                    await connection.execute(_REQUESTS_SINCE, {"since": part.beginning + _ONE_DAY})
                await connection.execute(text(f"DROP TABLE IF EXISTS {part.name}"))
        except DBAPIError as error:
            if not is_lock_timeout(error):
                raise
            _log.info("partition_kept_for_now", partition=part.name, retry_seconds=_INTERVAL_SECONDS)
            return False
        _log.info("partition_dropped", partition=part.name, bytes=part.bytes)
        return True

    async def _erase_undated(self, table: str, before: datetime) -> None:
        """What has no day of its own goes row by row, when it has been folded."""
        if table != "requests_default":
            await self._erase(table, before)
        elif await self._erase(table, before, only=_UNDATED_AND_FOLDED):
            async with self._engine.begin() as connection:
                await connection.execute(_REQUESTS_SINCE, {"since": before})

    async def _erase_sums(self) -> None:
        """Nobody asks for what is behind the horizon; what goes has been so for longer than any question takes."""
        horizon = self._now() - self._minutes
        async with self._engine.begin() as connection:
            await connection.execute(_MINUTES_SINCE, {"since": horizon})
        await self._erase("model_minutes", horizon - _LONGER_THAN_ANY_QUESTION)
        if self._sums is not None:
            before = (self._now() - self._sums).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            async with self._engine.begin() as connection:
                await connection.execute(_SUMS_SINCE, {"since": before})
            for table in _SUMS:
                await self._erase(table, before)

    async def _erase(self, table: str, before: datetime, *, only: str = "true") -> int:
        """Returns how many rows are gone."""
        statement = text(
            f"DELETE FROM {table} WHERE ctid = ANY (ARRAY("  # noqa: S608 - names of ours
            f"SELECT ctid FROM {table} WHERE at < :before AND {only} LIMIT {_BATCH}))"
        )
        total, erased = 0, _BATCH
        while erased == _BATCH:
            async with self._engine.begin() as connection:
                erased = (await connection.execute(statement, {"before": before})).rowcount
            total += erased
        return total


async def _is_folded(connection: AsyncConnection, part: _Part) -> bool:
    """Whether no request of a day waits to be added up; none comes meanwhile."""
    await connection.execute(_NO_RECORDING)
    found = await connection.execute(_WHOLLY_FOLDED, {"beginning": part.beginning, "ending": part.beginning + _ONE_DAY})
    return bool(found.scalar_one())


def _expendable(parts: list[_Part], keep: Keep, today: date) -> list[_Part]:
    """The days that may go, the oldest first: those that are over and too old, then as many as are too much."""
    total = sum(part.bytes for part in parts)
    over = sorted((part for part in parts if part.day is not None and part.day < today), key=lambda part: part.name)
    expendable = []
    for part in over:
        assert part.day is not None
        too_old = keep.max_age is not None and part.day + _ONE_DAY <= today - keep.max_age
        too_much = keep.max_bytes is not None and total > keep.max_bytes
        if not (too_old or too_much):
            break
        expendable.append(part)
        total -= part.bytes
    return expendable


def _day_of(name: str) -> date | None:
    found = _DAY.search(name)
    return None if found is None else datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=UTC).date()
