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
) -> FromClause:
    """For each group of `keys`, which are labelled, columns named as `fractions` are, of seconds.

    `buckets` are a `sources.latencies`. Between two requests it is interpolated, as `percentile_cont` does: each of the
    two is in the middle of its bucket.
    """
    requests = cast(func.sum(buckets.c.requests), BigInteger).label("requests")
    counted = select(*keys, buckets.c.bucket, requests).where(*conditions).group_by(*keys, buckets.c.bucket).subquery()
    named = [counted.c[key.name] for key in keys]
    upto, total = (
        cast(func.sum(counted.c.requests).over(partition_by=named, order_by=order), BigInteger)
        for order in (counted.c.bucket, None)
    )
    ranked = select(*named, counted.c.bucket, upto.label("upto"), total.label("total")).subquery()

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
