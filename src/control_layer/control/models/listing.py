"""What `GET /models` can be asked for (§4.5.2), as conditions and orders of its query."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import AfterValidator
from sqlalchemy import (
    ColumnElement,
    Date,
    Double,
    SQLColumnExpression,
    UnaryExpression,
    and_,
    any_,
    cast,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.endpoints.model_type import ModelType
from control_layer.control.models.able import able
from control_layer.store import tables

__all__ = ["Asked", "Sort", "asked_for", "ordering"]

Sort = Literal["created_at", "alias", "intelligence_index", "released_at", "context_window", "provider", "price_from"]
_ASCENDING = {"alias", "provider", "price_from"}
_DENIES_REALTIME = [{"api_key_purpose": "realtime", "action": {"type": "deny"}}]


def _uuids(text: str) -> str:
    for item in text.split(","):
        uuid.UUID(item.strip())
    return text


@dataclass(frozen=True, slots=True)
class _Asked:
    endpoint: uuid.UUID | None
    groups: tuple[uuid.UUID, ...]
    accessible: bool
    search: str
    is_composite: bool | None
    provider: str | None
    model_type: ModelType | None
    capability: str | None
    can: str | None
    available_for_realtime: bool | None
    deleted: bool
    inactive: bool
    sort: Sort
    descending: bool


def _asked(
    endpoint: uuid.UUID | None = None,
    group: Annotated[str | None, AfterValidator(_uuids), Query()] = None,
    accessible: bool = False,
    search: str = "",
    is_composite: bool | None = None,
    provider: str | None = None,
    model_type: ModelType | None = None,
    capability: str | None = None,
    can: Annotated[
        str | None, Query(description="A capability that is said of the model, or known from the catalogue.")
    ] = None,
    available_for_realtime: bool | None = None,
    deleted: bool = False,
    inactive: bool = False,
    sort: Sort = "created_at",
    sort_direction: Literal["asc", "desc"] | None = None,
) -> _Asked:
    descending = sort not in _ASCENDING if sort_direction is None else sort_direction == "desc"
    groups = tuple(uuid.UUID(item.strip()) for item in group.split(",")) if group else ()
    return _Asked(
        endpoint=endpoint,
        groups=groups,
        accessible=accessible,
        search=search.strip(),
        is_composite=is_composite,
        provider=provider,
        model_type=model_type,
        capability=capability,
        can=can,
        available_for_realtime=available_for_realtime,
        deleted=deleted,
        inactive=inactive,
        sort=sort,
        descending=descending,
    )


Asked = Annotated[_Asked, Depends(_asked)]
"""The filters and the order, their types checked."""


async def asked_for(session: AsyncSession, visible: ColumnElement[bool], asked: _Asked) -> ColumnElement[bool]:
    """The rows that were asked for, of those the caller sees."""
    condition = visible & _matching(asked)
    return condition if asked.can is None else await able(session, condition, asked.can)


def _matching(asked: _Asked) -> ColumnElement[bool]:
    model = tables.Model
    conditions: list[ColumnElement[bool]] = [true()]
    if asked.endpoint is not None:
        conditions.append(model.hosted_on == asked.endpoint)
    if asked.groups:
        granted = select(tables.GroupModel.model_id).where(tables.GroupModel.group_id.in_(asked.groups))
        conditions.append(model.id.in_(granted))
    if asked.search:
        hosts = select(tables.Endpoint.id).where(tables.Endpoint.name.icontains(asked.search, autoescape=True))
        names = (column.icontains(asked.search, autoescape=True) for column in (model.alias, model.model_name))
        conditions.append(or_(*names, model.hosted_on.in_(hosts)))
    if asked.is_composite is not None:
        conditions.append(model.is_composite.is_(asked.is_composite))
    if asked.provider is not None:
        conditions.append(func.lower(model.model_metadata["provider"].astext) == asked.provider.lower())
    if asked.model_type is not None:
        conditions.append(model.model_type == asked.model_type.value)
    if asked.capability is not None:
        conditions.append(any_(model.capabilities) == asked.capability)
    if asked.available_for_realtime is not None:
        denied = func.coalesce(cast(model.traffic_routing_rules, JSONB).contains(_DENIES_REALTIME), False)
        conditions.append(not_(denied) if asked.available_for_realtime else denied)
    return and_(*conditions)


def ordering(asked: _Asked) -> list[UnaryExpression[Any]]:
    """The order: what has no value comes last, equals newest first."""
    model, metadata = tables.Model, tables.Model.model_metadata
    key: SQLColumnExpression[Any]
    match asked.sort:
        case "created_at":
            key = model.created_at
        case "alias":
            key = model.alias
        case "intelligence_index" | "context_window":
            key = cast(metadata[asked.sort].astext, Double)
        case "released_at":
            key = cast(metadata["released_at"].astext, Date)
        case "provider":
            key = func.lower(metadata["provider"].astext)
        case "price_from":
            key = _lowest_price()
    ordered = key.desc() if asked.descending else key.asc()
    return [ordered.nulls_last(), model.created_at.desc(), model.id.asc()]


def _lowest_price() -> ColumnElement[Any]:
    """The cheapest non-zero active tariff, by its input price; by its output price where the input is free."""
    tariff = tables.Tariff
    price = func.coalesce(func.nullif(tariff.input_price_per_token, 0), func.nullif(tariff.output_price_per_token, 0))
    return (
        select(func.min(price))
        .where(tariff.model_id == tables.Model.id, tariff.valid_until.is_(None))
        .correlate(tables.Model)
        .scalar_subquery()
    )
