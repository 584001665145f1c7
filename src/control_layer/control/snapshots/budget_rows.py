"""Budgets and spending caps, as gateways are told them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, cast, column, extract, select, table

from control_layer.contract.snapshot import Budget

__all__ = ["BUDGETS", "BUDGET_ID", "budget_of"]

_LIMITS = table(
    "spending_limits",
    *map(column, ("id", "name", "scope", "scope_id", "amount", "period", "rolling", "since", "enforcement")),
)
BUDGET_ID = _LIMITS.c.id
BUDGETS = select(
    cast(_LIMITS.c.id, Text),
    _LIMITS.c.name,
    _LIMITS.c.scope,
    cast(_LIMITS.c.scope_id, Text),
    _LIMITS.c.amount,
    _LIMITS.c.period,
    _LIMITS.c.rolling,
    extract("epoch", _LIMITS.c.since),
    _LIMITS.c.enforcement,
)


def budget_of(row: Sequence[Any]) -> Budget:
    """The snapshot's row of one of `BUDGETS`."""
    budget_id, name, scope, scope_id, amount, period, rolling, since, enforcement = row
    return Budget(budget_id, name, scope, scope_id, amount, period, rolling, float(since), enforcement)
