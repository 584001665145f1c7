"""What `GET /users` can be asked for beside its page: a search, filters and an order."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, UnaryExpression, and_, any_, func, literal, select

from control_layer.control.permissions import Role
from control_layer.control.search import having
from control_layer.control.users.queries import visible
from control_layer.store.tables import NIL, GroupMember, User

__all__ = ["Asked"]

_Sort = Literal["created_at", "name", "email", "last_login"]
_ASCENDING = {"name", "email"}
_Search = Annotated[str, Query(description="A part of the name, the username or the e-mail address.")]
_Group = Annotated[uuid.UUID | None, Query(description="Only its members.")]
_Source = Annotated[str | None, Query(description="Only accounts with this `auth_source`.", examples=["native"])]
_Active = Annotated[bool | None, Query(description="False: only disabled accounts; true: only others.")]


@dataclass(frozen=True, slots=True)
class _Asked:
    search: str
    role: Role | None
    group: uuid.UUID | None
    auth_source: str | None
    is_active: bool | None
    sort: _Sort
    descending: bool

    def condition(self) -> ColumnElement[bool]:
        """The people who were asked for."""
        conditions = [visible()]
        if self.search:
            conditions.append(having(User.search_text, User.search_pieces, self.search))
        if self.role is not None:
            conditions.append(literal(self.role.value) == any_(User.roles))
        if self.group is not None and self.group != NIL:  # everybody is in Everyone, without a row
            conditions.append(User.id.in_(select(GroupMember.user_id).where(GroupMember.group_id == self.group)))
        if self.auth_source is not None:
            conditions.append(User.auth_source == self.auth_source)
        if self.is_active is not None:
            conditions.append(User.disabled_at.is_(None) if self.is_active else User.disabled_at.is_not(None))
        return and_(*conditions)

    def order(self) -> list[UnaryExpression[Any]]:
        """Who has no value comes last, equals newest first."""
        newest: list[UnaryExpression[Any]] = [User.created_at.desc(), User.id.desc()]
        if self.sort == "created_at":
            return newest if self.descending else [User.created_at.asc(), User.id.asc()]
        columns = {
            "name": func.lower(func.coalesce(func.nullif(User.display_name, ""), User.username)),
            "email": func.lower(User.email),
            "last_login": User.last_login,
        }
        column = columns[self.sort]
        ordered = column.desc() if self.descending else column.asc()
        return [ordered.nulls_last(), *newest]


def _asked(
    search: _Search = "",
    role: Role | None = None,
    group: _Group = None,
    auth_source: _Source = None,
    is_active: _Active = None,
    sort: _Sort = "created_at",
    sort_direction: Literal["asc", "desc"] | None = None,
) -> _Asked:
    descending = sort not in _ASCENDING if sort_direction is None else sort_direction == "desc"
    return _Asked(
        search=search.strip(),
        role=role,
        group=group,
        auth_source=auth_source,
        is_active=is_active,
        sort=sort,
        descending=descending,
    )


Asked = Annotated[_Asked, Depends(_asked)]
"""Filters and order, their types checked."""
