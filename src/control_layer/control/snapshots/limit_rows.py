"""Rate limits, as gateways are told them: those of `/rate-limits`, and what keys and models say themselves."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import column, select, table

from control_layer.contract.limits import Limit
from control_layer.control.snapshots.columns import text_of

__all__ = ["LIMITS", "LIMIT_ID", "derived_ids", "limit_of"]

_SOURCE = table(
    "traffic_limits",
    *map(
        column,
        ("id", "name", "scope", "scope_id", "kind", "allowance", "seconds", "burst", "queue_seconds", "queue_length"),
    ),
)
LIMIT_ID = _SOURCE.c.id
LIMITS = select(
    text_of(_SOURCE.c.id),
    _SOURCE.c.name,
    _SOURCE.c.scope,
    text_of(_SOURCE.c.scope_id),
    *(_SOURCE.c[name] for name in ("kind", "allowance", "seconds", "burst", "queue_seconds", "queue_length")),
)


def limit_of(row: Sequence[Any]) -> Limit:
    """The snapshot's row of one of `LIMITS`."""
    limit_id, name, scope, scope_id, kind, *numbers = row
    amount, seconds, burst, queue_seconds, queue_length = numbers
    return Limit(limit_id, name, scope, scope_id, kind, amount, seconds, burst, queue_seconds, queue_length)


def derived_ids(row_ids: Iterable[str]) -> set[str]:
    """Ids of the limits that the rows of keys and models bring along, as the view makes them."""
    ids: set[str] = set()
    for row_id in row_ids:
        capacity = hashlib.md5(f"{row_id}/capacity".encode(), usedforsecurity=False).hexdigest()
        ids.update((row_id, str(uuid.UUID(capacity))))
    return ids
