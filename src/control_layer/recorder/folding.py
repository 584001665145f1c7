"""What is recorded is added to the sums that analytics read, once: the sums and the list of what they lack go together.

The last statement of a fold has done all of it or nothing. Any number of hosts may fold; one at a time does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from control_layer.contract.supervision import Sample
from control_layer.store.measures import ACCOUNT, COUNTS, LATENCIES, MEASURES, MODEL, SPARSE, bucket, deltas

__all__ = ["FOLD", "Folding"]

_log = structlog.get_logger(__name__)
_INTERVAL_SECONDS = 1.0
_COUNTING_SECONDS = 10.0
_MOST = 20_000
"""Requests at once: under a second."""
_MOST_COUNTED = 1_000_000
_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")
_LOCK_KEY = 0x666F6C64  # "fold", the key of the advisory lock
# Sums of a batch fit, and are not written to disk on the way.
_WORK_MEM = text("SET LOCAL work_mem = '32MB'")
_WAITING = text(f"SELECT count(*) FROM (SELECT FROM unfolded_requests LIMIT {_MOST_COUNTED}) AS found")  # noqa: S608 - a number


# Of a batch's tokens or requests, exactly: there are less than 2**53. Bigints would be added up as decimals.
_WHOLE = "sum({}::double precision)::bigint"


def _summed(unit: str, source: str, dimensions: Mapping[str, str]) -> str:
    sums = ", ".join(f"{_sum(name)} AS {name}" for name in MEASURES)
    return f"""
        SELECT date_trunc('{unit}', at, 'UTC') AS at, {", ".join(dimensions)}, {sums}, max(last_at) AS last_at
        FROM {source} GROUP BY {_places(1 + len(dimensions))}
    """  # noqa: S608 - made of names


def _added(unit: str, rollup: str, source: str, dimensions: Mapping[str, str]) -> str:
    key = ", ".join(("at", *dimensions))
    sums = ", ".join(f"{name} = {_both(name)}" for name in MEASURES)
    return f"""
        INSERT INTO {rollup} AS kept ({key}, {", ".join(MEASURES)}, last_at)
        {_summed(unit, source, dimensions)}
        ON CONFLICT ({key}) DO UPDATE SET {sums}, last_at = greatest(kept.last_at, excluded.last_at)
    """


def _sum(name: str) -> str:
    if name in COUNTS:
        return f"sum({name}::integer)"
    return f"nullif({_WHOLE.format(name)}, 0)" if name in SPARSE else f"sum({name})"


def _both(name: str) -> str:
    added = f"kept.{name} + excluded.{name}"
    return f"coalesce({added}, kept.{name}, excluded.{name})" if name in (*SPARSE, "saved_cost") else added


def _latencies_added(unit: str) -> str:
    listed = "array_agg(bucket ORDER BY bucket), array_agg(requests ORDER BY bucket)"
    return f"""
        INSERT INTO latency_{unit}s AS kept (model, measure, at, buckets, counts)
        SELECT model, measure, at, {listed} FROM {unit}_latencies GROUP BY 1, 2, 3
        ON CONFLICT (model, measure, at) DO UPDATE SET (buckets, counts) = (
            SELECT {listed} FROM (
                SELECT bucket, {_WHOLE.format("requests")} AS requests FROM (
                    SELECT unnest(kept.buckets) AS bucket, unnest(kept.counts) AS requests
                    UNION ALL SELECT unnest(excluded.buckets), unnest(excluded.counts)
                ) AS old_and_new GROUP BY bucket
            ) AS counted
        )
    """  # noqa: S608 - made of names


def _latencies_by(unit: str) -> str:
    return f"""
        SELECT coalesce(model, '') AS model, measure, date_trunc('{unit}', at, 'UTC') AS at, bucket,
            {_WHOLE.format("requests")} AS requests
        FROM latencies GROUP BY GROUPING SETS ((model, 2, 3, 4), (2, 3, 4))
    """  # noqa: S608 - made of a name


def _places(number: int) -> str:
    return ", ".join(map(str, range(1, number + 1)))


_LATENCIES_SEEN = " UNION ALL ".join(
    f"""
        SELECT date_trunc('hour', at, 'UTC') AS at, model, '{measure}' AS measure, {bucket(measure)} AS bucket,
            count(*) AS requests
        FROM events WHERE {measure} IS NOT NULL GROUP BY 1, 2, 4
    """  # noqa: S608 - made of names
    for measure in LATENCIES
)

# What has been erased stays so (`retention`).
_RECENT_MINUTES = """(
    SELECT * FROM minute_sums WHERE at >= (SELECT minutes_since - interval '1 hour' FROM traffic_horizon)
) AS recent"""

# The sums of a unit are made of those of the one below it, which are few. `count` at the end is all that it returns.
FOLD = text(f"""
    WITH taken AS (
        DELETE FROM unfolded_requests
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM unfolded_requests LIMIT :most)) RETURNING at, id, lost
    ),
    events AS MATERIALIZED ({deltas("taken")}),
    account_sums AS MATERIALIZED ({_summed("hour", "events", ACCOUNT)}),
    minute_sums AS MATERIALIZED ({_summed("minute", "events", MODEL)}),
    hour_sums AS MATERIALIZED ({_summed("hour", "minute_sums", MODEL)}),
    latencies AS MATERIALIZED ({_LATENCIES_SEEN}),
    hour_latencies AS MATERIALIZED ({_latencies_by("hour")}),
    day_latencies AS MATERIALIZED ({_latencies_by("day")}),
    to_account_hours AS ({_added("hour", "account_hours", "account_sums", ACCOUNT)}),
    to_account_days AS ({_added("day", "account_days", "account_sums", ACCOUNT)}),
    to_model_minutes AS ({_added("minute", "model_minutes", _RECENT_MINUTES, MODEL)}),
    to_model_hours AS ({_added("hour", "model_hours", "hour_sums", MODEL)}),
    to_model_days AS ({_added("day", "model_days", "hour_sums", MODEL)}),
    to_batch_hours AS (
        INSERT INTO batch_hours AS kept (user_id, at, batch_id, requests)
        SELECT user_id, date_trunc('hour', at, 'UTC'), batch_id, sum(requests) FROM events WHERE batch_id IS NOT NULL
        GROUP BY 1, 2, 3
        ON CONFLICT (user_id, at, batch_id) DO UPDATE SET requests = kept.requests + excluded.requests
    ),
    to_latency_hours AS ({_latencies_added("hour")}),
    to_latency_days AS ({_latencies_added("day")})
    SELECT count(*) FROM taken
""")  # noqa: S608 - made of the names above
"""Folds up to `most` requests, in whatever order, and returns how many. Two at once would wait for each other."""


class Folding:
    """Keeps the rollups up with what is recorded."""

    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], float] = time.monotonic, most: int = _MOST) -> None:
        self._engine = engine
        self._clock = clock
        self._most = most
        self._folded = 0
        self._waiting = 0
        self._count_at = clock()

    async def run(self) -> None:
        """Folds until cancelled; a database that is away is waited out."""
        while True:
            folded = 0
            try:
                folded = await self.fold()
                await self._count()
            except (SQLAlchemyError, ConnectionError, TimeoutError) as error:
                _log.warning("folding_failed", reason=str(error), retry_seconds=_INTERVAL_SECONDS)
            if folded < self._most:
                await asyncio.sleep(_INTERVAL_SECONDS)

    async def fold(self) -> int:
        """One batch; returns how many requests, 0 when another host is at it. Raises SQLAlchemy's errors."""
        async with self._engine.begin() as connection:
            if not (await connection.execute(_LOCK, {"key": _LOCK_KEY})).scalar_one():
                return 0
            await connection.execute(_WORK_MEM)
            folded: int = (await connection.execute(FOLD, {"most": self._most})).scalar_one()
        self._folded += folded
        return folded

    def samples(self) -> list[Sample]:
        """How folding goes."""
        values = (
            ("folded_requests_total", "counter", "Requests added to the sums of analytics by this host.", self._folded),
            ("unfolded_requests", "gauge", "Requests that no sum of analytics has yet.", self._waiting),
        )
        return [Sample(f"control_layer_{name}", kind, text, {}, float(value)) for name, kind, text, value in values]

    async def _count(self) -> None:
        if self._clock() < self._count_at:
            return
        self._count_at = self._clock() + _COUNTING_SECONDS
        async with self._engine.connect() as connection:
            self._waiting = (await connection.execute(_WAITING)).scalar_one()
