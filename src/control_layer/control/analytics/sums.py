"""Sums in SQL that are zero where there is nothing to add."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Numeric, func
from sqlalchemy.orm import InstrumentedAttribute

__all__ = ["added", "seconds"]


def added(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Of counts or money, exactly: a `Decimal`."""
    return func.coalesce(func.sum(column, type_=Numeric), 0)


def seconds(column: InstrumentedAttribute[float | None]) -> ColumnElement[Any]:
    """Of durations."""
    return func.coalesce(func.sum(column), 0.0)
