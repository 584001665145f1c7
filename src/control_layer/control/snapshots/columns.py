"""Expressions that several of the statements of snapshots are made of, and the sharing of what they return."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, UUID, Text, any_, bindparam, cast, func, select

__all__ = ["IDS", "SYSTEM_GROUP", "Row", "Sharing", "grouped", "text_of"]

SYSTEM_GROUP = "system"
"""Holds the system user, and every model is granted to it: so the system key opens all of them, as any key opens some.

No id of a group looks like that, and nobody sees it: it exists in snapshots only.
"""
IDS = any_(bindparam("ids", type_=ARRAY(UUID(as_uuid=False))))
Row = Sequence[Any]


class Sharing:
    """One object for equal group sets: a hundred thousand users have a few hundred of them."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._sets: dict[tuple[str, ...], tuple[str, ...]] = {}

    def groups(self, ids: Iterable[str]) -> tuple[str, ...]:
        """The set as a tuple in its order."""
        shared = tuple(self._ids.setdefault(group_id, group_id) for group_id in ids)
        return self._sets.setdefault(shared, shared)


def text_of(value: Any) -> Any:
    """An id as text."""
    return cast(value, Text)


def grouped(owner: Any, group_id: Any, own_id: Any) -> Any:
    """The group ids of a user or a model, in a stable order, as one array."""
    return func.array(select(text_of(group_id)).where(owner == own_id).order_by(group_id).scalar_subquery())
