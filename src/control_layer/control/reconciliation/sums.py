"""Whether the sums that analytics read are those of the requests: each rollup against what it is made of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.reconciliation.findings import Finding, found
from control_layer.store.measures import ACCOUNT, LATENCIES, MEASURES, MODEL, bucket, deltas, lengths_of, of_request

__all__ = ["check_sums", "days_of"]

_DAY = timedelta(days=1)
_WHERE = "sums"
_NEARLY = 1e-9
"""Seconds are floating point numbers, which are added up in different orders."""

# Those of larger units, and of models, are made of what an hour's accounts are, and so are these of days that are gone.
_MADE_OF = (
    ("account_days", "day", ACCOUNT, "account_hours"),
    ("model_hours", "hour", MODEL, "account_hours"),
    ("model_days", "day", MODEL, "model_hours"),
)


_DAYS = text("""
    SELECT to_date(right(relname, 8), 'YYYYMMDD')::timestamp AT TIME ZONE 'UTC'
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'requests'::regclass AND relname ~ '_[0-9]{8}$'
    UNION SELECT at FROM account_days WHERE isfinite(at)
    UNION SELECT at FROM model_days WHERE isfinite(at)
    UNION SELECT date_trunc('day', at, 'UTC') FROM requests_default WHERE isfinite(at)
    ORDER BY 1
""")


async def days_of(session: AsyncSession) -> list[datetime]:
    """The days that there may be requests or sums of."""
    return list((await session.execute(_DAYS)).scalars())


async def check_sums(session: AsyncSession, day: datetime, *, requests: bool, minutes: bool) -> AsyncIterator[Finding]:
    """Of one day. `requests` and `minutes` say whether all of them are kept of it."""
    bounds = {"start": day, "end": day + _DAY}
    comparisons = [_compared(rollup, unit, by, _sums_of(source, by)) for rollup, unit, by, source in _MADE_OF]
    comparisons += [_compared_latencies("latency_days", "latency_hours", "day")]
    if requests:
        comparisons += [
            _compared("account_hours", "hour", ACCOUNT, _recorded(), less=_unfolded()),
            _compared_latencies("latency_hours", None, "hour"),
            _compared_batches(),
        ]
    if minutes:
        comparisons.append(_compared("model_hours", "hour", MODEL, _sums_of("model_minutes", MODEL)))
    for rollup, statement in comparisons:
        async for row in found(session, statement, **bounds):
            yield Finding(_WHERE, f"{rollup} of {_told(row)}")


_WITHIN = "at >= :start AND at < :end"


def _recorded() -> str:
    return f"SELECT * FROM (SELECT {of_request()} FROM requests AS request) AS request WHERE {_WITHIN}"  # noqa: S608


def _unfolded() -> str:
    return deltas(f"(SELECT * FROM unfolded_requests WHERE {_WITHIN})")  # noqa: S608 - made of names


def _sums_of(rollup: str, dimensions: Mapping[str, str]) -> str:
    return f"SELECT at, {', '.join(dimensions)}, {', '.join(MEASURES)} FROM {rollup} WHERE {_WITHIN}"  # noqa: S608


def _compared(
    rollup: str, unit: str, dimensions: Mapping[str, str], source: str, less: str | None = None
) -> tuple[str, str]:
    """The rollup, and the groups in which it has more or less than `source` without what `less` says."""
    sides = [(1, _sums_of(rollup, dimensions)), (-1, source), *([(1, less)] if less else ())]
    sums = ", ".join(f"coalesce(sum({name} * sign), 0) AS {name}" for name in MEASURES)
    different = [f"{name} <> 0" for name in MEASURES if name != "seconds"]
    key = ", ".join(str(place) for place in range(1, 2 + len(dimensions)))
    statement = f"""
        SELECT * FROM (
            SELECT date_trunc('{unit}', at, 'UTC') AS at, {", ".join(dimensions)}, {sums}, sum(abs(seconds)) AS took
            FROM ({_signed(("at", *dimensions, *MEASURES), sides)}) AS entries GROUP BY {key}
        ) AS differences
        WHERE {" OR ".join(different)} OR abs(seconds) > {_NEARLY} * took
    """  # noqa: S608 - made of names
    return rollup, statement


def _compared_latencies(rollup: str, source: str | None, unit: str) -> tuple[str, str]:
    """The same of lengths; without a `source`, against those of the requests, each model's and all together."""
    sides = [(1, _lengths_of(rollup))]
    if source is not None:
        sides.append((-1, _lengths_of(source)))
    else:
        sides += [
            (sign, _lengths(measure, model, requests))
            for sign, requests in ((-1, _recorded()), (1, _unfolded()))
            for measure in LATENCIES
            for model in ("model", "''")
        ]
    statement = f"""
        SELECT date_trunc('{unit}', at, 'UTC') AS at, model, measure, bucket, sum(requests * sign) AS requests
        FROM ({_signed(("at", "model", "measure", "bucket", "requests"), sides)}) AS entries
        GROUP BY 1, 2, 3, 4 HAVING sum(requests * sign) <> 0
    """  # noqa: S608 - made of names
    return rollup, statement


def _compared_batches() -> tuple[str, str]:
    counted = "SELECT date_trunc('hour', at, 'UTC') AS at, user_id, batch_id, requests FROM ({}) AS requests"
    asked = f"{counted} WHERE batch_id IS NOT NULL"
    sides = [
        (1, f"SELECT * FROM batch_hours WHERE {_WITHIN}"),  # noqa: S608 - made of names
        (-1, asked.format(_recorded())),
        (1, asked.format(_unfolded())),
    ]
    statement = f"""
        SELECT at, user_id, batch_id, sum(requests * sign) AS requests
        FROM ({_signed(("at", "user_id", "batch_id", "requests"), sides)}) AS entries
        GROUP BY 1, 2, 3 HAVING sum(requests * sign) <> 0
    """  # noqa: S608 - made of names
    return "batch_hours", statement


def _lengths_of(rollup: str) -> str:
    return f"{lengths_of(rollup)} WHERE {_WITHIN}"


def _lengths(measure: str, model: str, requests: str) -> str:
    return f"""
        SELECT at, {model} AS model, '{measure}' AS measure, {bucket(measure)} AS bucket, requests
        FROM ({requests}) AS requests WHERE {measure} IS NOT NULL
    """  # noqa: S608 - made of names


def _signed(columns: Sequence[str], sides: Sequence[tuple[int, str]]) -> str:
    names = ", ".join(columns)
    return " UNION ALL ".join(f"SELECT {names}, {sign} AS sign FROM ({side}) AS side" for sign, side in sides)  # noqa: S608


def _told(row: RowMapping) -> str:
    at = row["at"].astimezone(UTC)
    named = " ".join(
        f"{name}={row[name]}" for name in (*ACCOUNT, "batch_id", "measure", "bucket") if row.get(name) is not None
    )
    more = ", ".join(f"{row[name]:+}" + f" {name}" for name in MEASURES if row.get(name))
    return f"{at:%Y-%m-%dT%H:%MZ} {named}: {more}"
