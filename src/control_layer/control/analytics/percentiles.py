"""Percentiles of latencies that are counted in buckets; within 1 % of those of the latencies themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Double, FromClause, Integer, SmallInteger, case, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from control_layer.store.measures import BUCKETS, LATENCY_BASE

__all__ = ["percentiles"]


def percentiles(
    buckets: FromClause,
    keys: Sequence[ColumnElement[Any]],
    fractions: Mapping[str, float],
    *conditions: ColumnElement[bool],
    many: bool = False,
) -> FromClause:
    """For each group of `keys`, which are labelled, columns named as `fractions` are, of seconds.

    `buckets` are a `sources.latencies`. Between two requests it is interpolated, as `percentile_cont` does: each of the
    two is in the middle of its bucket. `many` says that a group is made of many rows of each bucket: it takes less time
    to add these up first.
    """
    # Whole numbers, and added up as such; to add up bigints is to make decimals of them, which is slow.
    requests: ColumnElement[float] = cast(buckets.c.requests, Double)
    if many:
        summed = func.sum(requests).label("requests")
        counted = select(*keys, buckets.c.bucket, summed).where(*conditions).group_by(*keys, buckets.c.bucket)
        buckets = counted.subquery()
        requests = buckets.c.requests
        keys, conditions = [buckets.c[key.name] for key in keys], ()
    # By rows: to look for others of the same bucket takes as long again, and only the last of them is ever found.
    upto = func.sum(requests).over(partition_by=keys, order_by=buckets.c.bucket, rows=(None, 0)).label("upto")
    ranked = select(*keys, buckets.c.bucket, upto).where(*conditions).subquery()
    named = [ranked.c[key.name] for key in keys]
    groups = (
        select(
            *named,
            _in_order(ranked.c.bucket, ranked.c.bucket, SmallInteger).label("buckets"),
            _in_order(ranked.c.upto, ranked.c.bucket, Double).label("upto"),
        )
        .group_by(*named)
        .having(func.count() > 0)
        .subquery()
    )
    last = groups.c.upto[func.cardinality(groups.c.upto)] - 1

    def at(fraction: float) -> ColumnElement[Any]:
        rank = fraction * last
        lower, upper = (
            _middle(groups.c.buckets[func.width_bucket(whole(rank), groups.c.upto, type_=Integer) + 1])
            for whole in (func.floor, func.ceil)
        )
        return lower + (upper - lower) * (rank - func.floor(rank))

    return select(
        *(groups.c[key.name] for key in keys), *(at(fraction).label(name) for name, fraction in fractions.items())
    ).subquery()


def _in_order(column: ColumnElement[Any], order: ColumnElement[Any], kind: type[Any]) -> ColumnElement[Any]:
    return func.array_agg(aggregate_order_by(column, order), type_=ARRAY(kind))


def _middle(number: ColumnElement[Any]) -> ColumnElement[Any]:
    """Of a bucket, in seconds."""
    return case((number == BUCKETS[0], 0.0), else_=func.power(cast(LATENCY_BASE, Double), number + 0.5))
