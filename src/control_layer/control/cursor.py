"""Cursor pagination (§1.3): `after` and `limit` on the way in, OpenAI's list on the way out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeVar

from fastapi import Depends

from control_layer.control.schema import OmitNull, Output

__all__ = ["Cursor", "CursorPage", "Identified"]

_DEFAULT_LIMIT = 20
_MAX_LIMIT = 101


class Identified(Output):
    """What a list's items are made of."""

    id: uuid.UUID


_Item = TypeVar("_Item", bound=Identified)


@dataclass(frozen=True, slots=True)
class _Cursor:
    after: uuid.UUID | None
    limit: int


def _cursor(after: str | None = None, limit: int = _DEFAULT_LIMIT) -> _Cursor:
    try:
        last = uuid.UUID(after) if after else None
    except ValueError:
        last = None  # ignored, as the contract has it
    return _Cursor(last, min(max(limit, 1), _MAX_LIMIT))


Cursor = Annotated[_Cursor, Depends(_cursor)]
"""Which rows are asked for."""


class CursorPage(Output, Generic[_Item]):
    """OpenAI's list."""

    object: Literal["list"]
    data: list[_Item]
    first_id: OmitNull[uuid.UUID]
    last_id: OmitNull[uuid.UUID]
    has_more: bool

    @classmethod
    def of(cls, items: Sequence[_Item], *, has_more: bool) -> CursorPage[_Item]:
        """A page."""
        ends = (items[0].id, items[-1].id) if items else (None, None)
        return cls(object="list", data=list(items), first_id=ends[0], last_id=ends[1], has_more=has_more)
