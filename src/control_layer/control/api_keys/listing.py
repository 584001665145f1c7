"""What a list of keys can be asked for beside its page: names and an order, and of everybody's keys which."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, UnaryExpression, and_, func, true

from control_layer.contract.snapshot import Purpose
from control_layer.control.api_keys.secret import SHOWN_CHARACTERS
from control_layer.control.search import having_indexed
from control_layer.store.tables import ApiKey
from control_layer.store.tables.keys import KEY_SEARCHED

__all__ = ["Asked", "Filters"]

_Sort = Literal["created_at", "name", "last_used", "expires_at"]
_ASCENDING = {"name", "expires_at"}
_SECRET = re.compile(r"sk-\S*")
_SOON = timedelta(days=30)
_MAX_DAYS = 10_000

_Search = Annotated[
    str,
    Query(
        description=(
            "A part of the name, the description or the secret's beginning. Of what begins as a secret does, no more "
            f"than {SHOWN_CHARACTERS} characters are looked for, as no more are kept."
        )
    ),
]
_Owner = Annotated[uuid.UUID | None, Query(description="Only this user's keys.")]
_Purpose = Annotated[Purpose | None, Query(description="Only keys of this purpose.")]
_Expiry = Literal["never", "expiring", "expired"]
_Expires = Annotated[
    _Expiry | None,
    Query(description=f"Only keys that never expire, that do within {_SOON.days} days, or that have expired."),
]
_Used = Annotated[bool | None, Query(description="False: only keys that were never used; true: only others.")]
_Unused = Annotated[
    int | None, Query(ge=1, le=_MAX_DAYS, description="Only keys that in these last days were neither used nor made.")
]


@dataclass(frozen=True, slots=True)
class _Asked:
    search: str
    sort: _Sort
    descending: bool

    def condition(self) -> ColumnElement[bool]:
        """The keys that were asked for."""
        return having_indexed(KEY_SEARCHED, self.search) if self.search else true()

    def order(self) -> list[UnaryExpression[Any]]:
        """What has no value comes last, equals newest first."""
        newest: list[UnaryExpression[Any]] = [ApiKey.created_at.desc(), ApiKey.id.desc()]
        match self.sort:
            case "created_at":
                return newest if self.descending else [ApiKey.created_at.asc(), ApiKey.id.asc()]
            case "name":
                name = func.lower(ApiKey.name)
                return [name.desc() if self.descending else name.asc(), *newest]
            case "last_used":
                column = ApiKey.last_used
            case "expires_at":
                column = ApiKey.expires_at
        return [(column.desc() if self.descending else column.asc()).nulls_last(), *newest]


@dataclass(frozen=True, slots=True)
class _Filters:
    user_id: uuid.UUID | None
    purpose: Purpose | None
    expiry: _Expiry | None
    used: bool | None
    unused_days: int | None

    def condition(self, now: datetime) -> ColumnElement[bool]:
        """The keys that pass, at this moment."""
        conditions: list[ColumnElement[bool]] = []
        if self.user_id is not None:
            conditions.append(ApiKey.user_id == self.user_id)
        if self.purpose is not None:
            conditions.append(ApiKey.purpose == self.purpose)
        match self.expiry:
            case "never":
                conditions.append(ApiKey.expires_at.is_(None))
            case "expiring":
                conditions.append(and_(ApiKey.expires_at > now, ApiKey.expires_at <= now + _SOON))
            case "expired":
                conditions.append(ApiKey.expires_at <= now)
        if self.used is not None:
            conditions.append(ApiKey.last_used.is_not(None) if self.used else ApiKey.last_used.is_(None))
        if self.unused_days is not None:
            last = func.coalesce(ApiKey.last_used, ApiKey.created_at)
            conditions.append(last < now - timedelta(days=self.unused_days))
        return and_(true(), *conditions)


def _asked(
    search: _Search = "",
    sort: _Sort = "created_at",
    sort_direction: Literal["asc", "desc"] | None = None,
) -> _Asked:
    sought = search.strip()
    if _SECRET.fullmatch(sought):
        sought = sought[:SHOWN_CHARACTERS]
    descending = sort not in _ASCENDING if sort_direction is None else sort_direction == "desc"
    return _Asked(sought, sort, descending)


def _filters(
    user_id: _Owner = None,
    purpose: _Purpose = None,
    expiry: _Expires = None,
    used: _Used = None,
    unused_days: _Unused = None,
) -> _Filters:
    return _Filters(user_id=user_id, purpose=purpose, expiry=expiry, used=used, unused_days=unused_days)


Asked = Annotated[_Asked, Depends(_asked)]
"""The search and the order, their types checked."""
Filters = Annotated[_Filters, Depends(_filters)]
"""Which of everybody's keys, their types checked."""
