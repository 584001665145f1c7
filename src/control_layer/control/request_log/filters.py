"""Which requests of the log are wanted: §4.7's parameters, and ours beside them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, Text, and_, cast, func, select, true

from control_layer.control.errors import invalid
from control_layer.control.moment import Moment
from control_layer.control.request_context import Served
from control_layer.store.tables import NIL, ApiKey, GroupMember, Request, RequestBody

__all__ = ["Filter", "Selection"]

Outcome = Literal["completed", "failed", "cancelled", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which requests are wanted. `None`: all. Bounds are inclusive."""

    method: str | None = None
    uri_pattern: str | None = None
    status_code: int | None = None
    status_code_min: int | None = None
    status_code_max: int | None = None
    min_duration_ms: int | None = None
    max_duration_ms: int | None = None
    timestamp_after: Moment | None = None
    timestamp_before: Moment | None = None
    model: str | None = None
    batch_id: uuid.UUID | None = None
    custom_id: str | None = None
    user_id: uuid.UUID | None = None
    key_id: uuid.UUID | None = None
    group_id: uuid.UUID | None = None
    endpoint_id: uuid.UUID | None = None
    purpose: str | None = None
    outcome: Outcome | None = None
    error: str | None = None
    finish_reason: str | None = None
    stream: bool | None = None
    cache: str | None = None
    min_cost: Decimal | None = None
    min_tokens: int | None = None
    request_id: str | None = None
    search: str | None = None

    def condition(self) -> ColumnElement[bool]:
        """What a row must fulfil."""
        return and_(true(), *self._of_the_contract(), *self._of_ours())

    def told(self) -> dict[str, Any]:
        """What was asked for, for the audit log."""
        asked = ((name, getattr(self, name)) for name in self.__slots__)
        return {name: value if isinstance(value, int) else str(value) for name, value in asked if value is not None}

    def _of_the_contract(self) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if self.method is not None:
            conditions.append(Request.method == self.method)
        if self.uri_pattern is not None:
            conditions.append(Request.path.like(self.uri_pattern))
        if self.status_code is not None:
            conditions.append(Request.status == self.status_code)
        if self.status_code_min is not None:
            conditions.append(Request.status >= self.status_code_min)
        if self.status_code_max is not None:
            conditions.append(Request.status <= self.status_code_max)
        if self.min_duration_ms is not None:
            conditions.append(Request.duration_seconds >= self.min_duration_ms / 1000)
        if self.max_duration_ms is not None:
            conditions.append(Request.duration_seconds <= self.max_duration_ms / 1000)
        if self.timestamp_after is not None:
            conditions.append(Request.at >= self.timestamp_after)
        if self.timestamp_before is not None:
            conditions.append(Request.at <= self.timestamp_before)
        if self.model is not None:
            conditions.append(Request.model == self.model)
        if self.batch_id is not None:
            conditions.append(Request.batch_id == self.batch_id)
        if self.custom_id is not None:
            conditions.append(Request.custom_id.icontains(self.custom_id, autoescape=True))
        return conditions

    def _of_ours(self) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        equal = (
            (Request.user_id, self.user_id),
            (Request.purpose, self.purpose),
            (Request.outcome, self.outcome),
            (Request.error, self.error),
            (Request.finish_reason, self.finish_reason),
            (Request.stream, self.stream),
            (Request.cache, self.cache),
            (Request.client_request_id, self.request_id),
        )
        conditions += (column == value for column, value in equal if value is not None)
        if self.key_id is not None:
            # Keys are in no index, their owners are.
            owner = select(ApiKey.user_id).where(ApiKey.id == self.key_id).scalar_subquery()
            conditions += (Request.user_id == owner, Request.key_id == self.key_id)
        if self.group_id is not None and self.group_id != NIL:
            members = select(GroupMember.user_id).where(GroupMember.group_id == self.group_id)
            conditions.append(Request.user_id.in_(members))
        if self.endpoint_id is not None:
            conditions.append(cast(Request.attempts[-1]["endpoint_id"].astext, Text) == str(self.endpoint_id))
        if self.min_cost is not None:
            conditions.append(Request.cost >= self.min_cost)
        if self.min_tokens is not None:
            tokens = func.coalesce(Request.input_tokens, 0) + func.coalesce(Request.output_tokens, 0)
            conditions.append(tokens >= self.min_tokens)
        return conditions

    def said(self) -> ColumnElement[bool] | None:
        """What the body of a row must fulfil, in a join with `RequestBody`; `None` where nothing is asked of it."""
        if self.search is None:
            return None
        conditions: list[ColumnElement[bool]] = [
            RequestBody.words.is_not(None),
            RequestBody.words.op("@@")(func.websearch_to_tsquery("simple", self.search)),
        ]
        # Said again, so that the planner leaves out the days that do not matter.
        if self.timestamp_after is not None:
            conditions.append(RequestBody.at >= self.timestamp_after)
        if self.timestamp_before is not None:
            conditions.append(RequestBody.at <= self.timestamp_before)
        return and_(*conditions)


def _selection(
    services: Served,
    method: str | None = None,
    uri_pattern: Annotated[str | None, Query(description="As SQL's LIKE understands it.")] = None,
    status_code: int | None = None,
    status_code_min: int | None = None,
    status_code_max: int | None = None,
    min_duration_ms: int | None = None,
    max_duration_ms: int | None = None,
    timestamp_after: Moment | None = None,
    timestamp_before: Moment | None = None,
    model: Annotated[str | None, Query(description="The alias that was asked for.")] = None,
    fusillade_batch_id: Annotated[uuid.UUID | None, Query(description="Of that batch.")] = None,
    custom_id: Annotated[str | None, Query(description="A part of it, whatever its case.")] = None,
    user_id: uuid.UUID | None = None,
    key_id: uuid.UUID | None = None,
    group_id: Annotated[uuid.UUID | None, Query(description="By users who are in it now.")] = None,
    endpoint_id: Annotated[uuid.UUID | None, Query(description="Where the last attempt went.")] = None,
    purpose: Annotated[str | None, Query(description="`realtime`, `batch` or `playground`.")] = None,
    outcome: Outcome | None = None,
    error: Annotated[str | None, Query(description="The error's code, such as `model_unavailable`.")] = None,
    finish_reason: Annotated[str | None, Query(description="Such as `length`.")] = None,
    stream: bool | None = None,
    cache: Annotated[str | None, Query(description="`hit`, `miss`, `coalesced` or `bypass`.")] = None,
    min_cost: Annotated[Decimal | None, Query(ge=0, le=10**9, allow_inf_nan=False)] = None,
    min_tokens: Annotated[int | None, Query(ge=0, description="Of input and output together.")] = None,
    request_id: Annotated[str | None, Query(description="The caller's own `x-request-id`.")] = None,
    search: Annotated[
        str | None,
        Query(
            min_length=2,
            max_length=500,
            description="Words of what was asked or answered, whole, whatever their case, all of them; `or`, "
            '`-without` and `"words in a row"` are understood. Needs the setting `request_log.full_text`.',
        ),
    ] = None,
) -> Filter:
    if search is not None and not services.settings.request_log.full_text:
        raise invalid(
            "Full-text search is off: set request_log.full_text, and it finds what is recorded from then on",
            code="search_off",
        )
    return Filter(
        method=method,
        uri_pattern=uri_pattern,
        status_code=status_code,
        status_code_min=status_code_min,
        status_code_max=status_code_max,
        min_duration_ms=min_duration_ms,
        max_duration_ms=max_duration_ms,
        timestamp_after=timestamp_after,
        timestamp_before=timestamp_before,
        model=model,
        batch_id=fusillade_batch_id,
        custom_id=custom_id,
        user_id=user_id,
        key_id=key_id,
        group_id=group_id,
        endpoint_id=endpoint_id,
        purpose=purpose,
        outcome=outcome,
        error=error,
        finish_reason=finish_reason,
        stream=stream,
        cache=cache,
        min_cost=min_cost,
        min_tokens=min_tokens,
        request_id=request_id,
        search=search,
    )


Selection = Annotated[Filter, Depends(_selection)]
"""The parameters of a page or an export."""
