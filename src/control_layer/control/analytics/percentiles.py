"""Percentiles of latencies that are counted in buckets; within 1 % of those of the latencies themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Double, FromClause, case, cast, func, select

from control_layer.store.measures import BUCKETS, LATENCY_BASE

__all__ = ["percentiles"]


def percentiles(
    buckets: FromClause,
    keys: Sequence[ColumnElement[Any]],
    fractions: Sequence[float],
    *conditions: ColumnElement[bool],
) -> FromClause:
    """For each group of `keys`, which are labelled, a column `p95` and so on of seconds; null where nothing was timed.

    Between two requests it is interpolated, as `percentile_cont` does: each of the two is in the middle of its bucket.
    """
    count = cast(func.sum(buckets.c.requests), BigInteger).label("count")
    counted = select(*keys, buckets.c.bucket, count).where(*conditions).group_by(*keys, buckets.c.bucket).subquery()
    named = [counted.c[key.name] for key in keys]
    upto = cast(func.sum(counted.c.count).over(partition_by=named, order_by=counted.c.bucket), BigInteger)
    total = cast(func.sum(counted.c.count).over(partition_by=named), BigInteger)
    ranked = select(*named, counted.c.bucket, upto.label("upto"), total.label("total")).subquery()

    def at(fraction: float) -> ColumnElement[Any]:
        rank = fraction * (ranked.c.total - 1)
        lower, upper = (
            _middle(func.min(ranked.c.bucket).filter(ranked.c.upto > whole))
            for whole in (func.floor(rank), func.ceil(rank))
        )
        between = fraction * (func.max(ranked.c.total) - 1)
        return lower + (upper - lower) * (between - func.floor(between))

    named = [ranked.c[key.name] for key in keys]
    return (
        select(*named, *(at(fraction).label(f"p{fraction * 100:g}") for fraction in fractions))
        .group_by(*named)
        .subquery()
    )


def _middle(number: ColumnElement[Any]) -> ColumnElement[Any]:
    """Of a bucket, in seconds."""
    return case((number == BUCKETS[0], 0.0), else_=func.power(cast(LATENCY_BASE, Double), number + 0.5))
