"""Where questions about traffic get their answers: sums as far as they go, and the requests that no sum covers or has.

A question is one statement, and so about one moment: what it reads as sums, with the requests that are recorded and not
yet folded into them, is exactly what was recorded at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, FromClause, SmallInteger, Text, bindparam, column, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from control_layer.control.analytics.spans import Piece, Span, Unit, cover
from control_layer.store.measures import ACCOUNT, MEASURES, MODEL, bucket, deltas, lengths_of, of_request
from control_layer.store.tables import ACCOUNT_ROLLUPS, LATENCY_ROLLUPS, MODEL_ROLLUPS

__all__ = ["batches", "latencies", "roomy", "traffic"]

_TIME = DateTime(timezone=True)
_WORK_MEM = text("SET LOCAL work_mem = '32MB'")
_REQUESTS = f"SELECT {of_request()} FROM requests AS request"  # noqa: S608 - made of names


@dataclass(frozen=True, slots=True)
class _Source:
    """Its columns, and how they are read."""

    columns: Mapping[str, TypeEngine[Any]]
    of_sums: Mapping[Unit, str]
    """Where that is the unit; each ends in a condition."""
    of_requests: str
    """What is made of `{requests}`, which has the columns of `measures.of_request`."""

    def of(self, requests: str) -> str:
        """The SELECT that reads a query of requests; without a condition."""
        return self.of_requests.format(requests=f"({requests})")


async def roomy(session: AsyncSession) -> None:
    """Gives the questions of this transaction the memory to add up a month; with the usual 4 MB they write files."""
    await session.execute(_WORK_MEM)


def traffic(
    span: Span, *, accounts: bool = False, by: Unit = Unit.DAY, minutes_since: datetime | None = None
) -> FromClause:
    """Sums of the requests made in `span`, to be summed further: `at`, `MODEL` or `ACCOUNT`, `MEASURES`, `last_at`.

    `SPARSE` and `saved_cost` may be null. Each row's `at` is in the minute, hour or day that its requests are in,
    whichever `by` is. Sums of which `requests` says 0 are to be left out. By minutes there is nothing of accounts, and
    of models only from `minutes_since` on: whatever else is asked for by minutes is read request by request.
    """
    rollups = ACCOUNT_ROLLUPS if accounts else MODEL_ROLLUPS
    names = ("at", *(ACCOUNT if accounts else MODEL), *MEASURES, "last_at")
    columns = f"SELECT {', '.join(names)} FROM"
    source = _Source(
        {name: rollups["hour"].c[name].type for name in names},
        {Unit(unit): f"{columns} {table.name} WHERE true" for unit, table in rollups.items()},
        f"{columns} {{requests}} AS request",
    )
    return _union("traffic", source, _pieces(span, by, None if accounts else minutes_since))


def latencies(span: Span, measure: str, *, each_model: bool = False, by: Unit = Unit.DAY) -> FromClause:
    """How many requests took how long, of `measures.LATENCIES`: `at`, `model`, `bucket`, `requests`, to be summed.

    Times are as in `traffic`. `model` is '' for all of them, or that of `each_model`.
    """
    models, model = ("<>", "model") if each_model else ("=", "''::text")
    source = _Source(
        {"at": _TIME, "model": Text(), "bucket": SmallInteger(), "requests": BigInteger()},
        {
            Unit(unit): f"SELECT at, model, bucket, requests FROM ({lengths_of(table.name)}) AS lengths "  # noqa: S608
            f"WHERE measure = '{measure}' AND model {models} ''"
            for unit, table in LATENCY_ROLLUPS.items()
        },
        f"SELECT at, {model} AS model, {bucket(measure)} AS bucket, requests "  # noqa: S608 - made of names
        f"FROM (SELECT * FROM {{requests}} AS request WHERE {measure} IS NOT NULL) AS request",
    )
    return _union("latencies", source, _pieces(span, by, None))


def batches(span: Span) -> FromClause:
    """How many requests of which batches were made: `at`, `user_id`, `batch_id`, `requests`, to be summed further."""
    source = _Source(
        {"at": _TIME, "user_id": UUID(), "batch_id": UUID(), "requests": BigInteger()},
        {Unit.HOUR: "SELECT at, user_id, batch_id, requests FROM batch_hours WHERE true"},
        "SELECT at, user_id, batch_id, requests "
        "FROM (SELECT * FROM {requests} AS request WHERE batch_id IS NOT NULL) AS request",
    )
    return _union("batches", source, _pieces(span, Unit.HOUR, None))


def _pieces(span: Span, by: Unit, minutes_since: datetime | None) -> Iterator[Piece]:
    if by is not Unit.MINUTE:
        yield from cover(span, (Unit.DAY, Unit.HOUR) if by is Unit.DAY else (Unit.HOUR,))
    elif minutes_since is None:
        yield from cover(span, ())
    else:
        since = Unit.MINUTE.ceiling(minutes_since)
        if span.start is None or span.start < since:
            yield from cover(Span(span.start, since if span.end is None else min(since, span.end)), ())
            span = Span(since, span.end)
        yield from cover(span, (Unit.MINUTE,))


def _union(name: str, source: _Source, pieces: Iterable[Piece]) -> FromClause:
    parts: list[str] = []
    bounds: list[datetime] = []
    summed: list[Piece] = []

    def within(piece: Piece) -> str:
        conditions = ["true"]
        for sign, bound in ((">=", piece.start), ("<", piece.end)):
            if bound is not None:
                bounds.append(bound)
                conditions.append(f"at {sign} :bound_{len(bounds)}")
        return " AND ".join(conditions)

    for piece in pieces:
        if piece.unit is None:
            parts.append(f"{source.of(_REQUESTS)} WHERE {within(piece)}")
        else:
            parts.append(f"{source.of_sums[piece.unit]} AND {within(piece)}")
            summed.append(piece)
    if summed:
        covered = Piece(None, summed[0].start, summed[-1].end)
        entries = f"(SELECT * FROM unfolded_requests WHERE {within(covered)})"  # noqa: S608 - made of names
        parts.append(source.of(deltas(entries, within(covered))))
    statement = text(" UNION ALL ".join(parts or [f"{source.of(_REQUESTS)} WHERE false"])).bindparams(
        *(bindparam(f"bound_{number}", bound, _TIME, unique=True) for number, bound in enumerate(bounds, 1))
    )
    return statement.columns(*(column(name, type_) for name, type_ in source.columns.items())).subquery(name)
