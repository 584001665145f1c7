"""Percentiles of latencies that are counted in buckets; within 1 % of those of the latencies themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Double, FromClause, case, cast, func, select

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
    if many:
        summed = func.sum(buckets.c.requests, type_=BigInteger).label("requests")
        counted = select(*keys, buckets.c.bucket, summed).where(*conditions).group_by(*keys, buckets.c.bucket)
        buckets = counted.subquery()
        keys, conditions = [buckets.c[key.name] for key in keys], ()
    # Whole numbers, and added up as such; to add up bigints is to make decimals of them, which is slow.
    requests = cast(buckets.c.requests, Double)
    upto, total = (
        func.sum(requests).over(partition_by=keys, order_by=order).label(name)
        for name, order in (("upto", buckets.c.bucket), ("total", None))
    )
    ranked = select(*keys, buckets.c.bucket, upto, total).where(*conditions).subquery()

    def at(fraction: float) -> ColumnElement[Any]:
        lower, upper = (
            _middle(func.min(ranked.c.bucket).filter(ranked.c.upto > whole(fraction * (ranked.c.total - 1))))
            for whole in (func.floor, func.ceil)
        )
        rank = fraction * (func.max(ranked.c.total) - 1)
        return lower + (upper - lower) * (rank - func.floor(rank))

    named = [ranked.c[key.name] for key in keys]
    return (
        select(*named, *(at(fraction).label(name) for name, fraction in fractions.items())).group_by(*named).subquery()
    )


def _middle(number: ColumnElement[Any]) -> ColumnElement[Any]:
    """Of a bucket, in seconds."""
    return case((number == BUCKETS[0], 0.0), else_=func.power(cast(LATENCY_BASE, Double), number + 0.5))
