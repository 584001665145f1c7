"""Sums in SQL that are zero where there is nothing to add."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, Numeric, case, func

__all__ = ["added", "charged", "counted", "seconds"]


def added(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Of counts or money, exactly: a `Decimal`."""
    return func.coalesce(func.sum(column, type_=Numeric), 0)


def counted(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Of what is far from a bigint's end, such as numbers of requests: an int."""
    return func.coalesce(func.sum(column), 0).cast(BigInteger)


def seconds(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Of durations."""
    return func.coalesce(func.sum(column), 0.0)


def charged(source: FromClause) -> ColumnElement[Any]:
    """What the requests of a `sources.traffic` cost; none where none of them has a price."""
    return case((func.sum(source.c.unpriced) < func.sum(source.c.requests), func.sum(source.c.cost)))
