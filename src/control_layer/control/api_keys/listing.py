"""What a list of keys can be asked for beside its page: names and an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, UnaryExpression, func, or_, true

from control_layer.store.tables import ApiKey

__all__ = ["Asked"]

_Sort = Literal["created_at", "name", "last_used", "expires_at"]
_ASCENDING = {"name", "expires_at"}
_Search = Annotated[str, Query(description="A part of the name, the description or the secret's beginning.")]


@dataclass(frozen=True, slots=True)
class _Asked:
    search: str
    sort: _Sort
    descending: bool

    def condition(self) -> ColumnElement[bool]:
        """The keys that were asked for."""
        if not self.search:
            return true()
        columns = (ApiKey.name, ApiKey.description, ApiKey.secret_prefix)
        return or_(*(column.icontains(self.search, autoescape=True) for column in columns))

    def order(self) -> list[UnaryExpression[Any]]:
        """What has no value comes last, equals newest first."""
        columns = {
            "created_at": ApiKey.created_at,
            "name": func.lower(ApiKey.name),
            "last_used": ApiKey.last_used,
            "expires_at": ApiKey.expires_at,
        }
        column = columns[self.sort]
        ordered = column.desc() if self.descending else column.asc()
        return [ordered.nulls_last(), ApiKey.created_at.desc(), ApiKey.id.desc()]


def _asked(
    search: _Search = "",
    sort: _Sort = "created_at",
    sort_direction: Literal["asc", "desc"] | None = None,
) -> _Asked:
    descending = sort not in _ASCENDING if sort_direction is None else sort_direction == "desc"
    return _Asked(search.strip(), sort, descending)


Asked = Annotated[_Asked, Depends(_asked)]
"""The filter and the order, their types checked."""
