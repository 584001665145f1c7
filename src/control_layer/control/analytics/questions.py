"""What may be asked of `/analytics`, and what must be refused."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from control_layer.control.analytics.spans import Span, Unit
from control_layer.control.errors import ControlError, invalid
from control_layer.control.moment import Moment
from control_layer.control.request_context import Served

__all__ = ["Asked", "Dimension", "Order", "Question", "of_one_account"]

_USUAL = timedelta(hours=24)
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_LONGEST = {Unit.MINUTE: timedelta(days=3), Unit.HOUR: timedelta(days=180), Unit.DAY: timedelta(days=3660)}
_MOST_DIMENSIONS = 2
_MOST_TOP = 20


class Dimension(StrEnum):
    """What rows are made by."""

    MODEL = "model"
    USER = "user"
    KEY = "key"
    GROUP = "group"
    ENDPOINT = "endpoint"
    STATUS = "status"
    PURPOSE = "purpose"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class Order(StrEnum):
    """What rows are in the order of."""

    TIME = "time"
    REQUESTS = "requests"
    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    COST = "cost"
    CACHE_HITS = "cache_hits"
    RESPONSE_CACHE_HITS = "response_cache_hits"
    SAVED_COST = "saved_cost"
    AVG_LATENCY_MS = "avg_latency_ms"


_OF_ACCOUNTS = {Dimension.USER, Dimension.KEY, Dimension.GROUP}
_TIMES = {Dimension(unit) for unit in Unit}
_NAMED = {Dimension.MODEL, Dimension.USER, Dimension.KEY, Dimension.GROUP, Dimension.ENDPOINT}
_WITH_PERCENTILES = {Dimension.MODEL, Dimension.HOUR, Dimension.DAY}
_OF_OTHERS = {Dimension.USER, Dimension.GROUP, Dimension.ENDPOINT}
"""What is not for everybody to see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked; it can be answered."""

    start: datetime
    end: datetime
    """Exclusive."""
    dimensions: tuple[Dimension, ...]
    only: Mapping[str, Any]
    """Values that columns of sums must have."""
    group_id: uuid.UUID | None
    """Only what its members asked."""
    search: str | None
    """A part of the names of what the rows are of."""
    compare: bool
    percentiles: bool
    order: Order
    descending: bool
    top: int | None = None
    """How many of the first dimension, the busiest; `None`: all."""

    @property
    def unit(self) -> Unit | None:
        """That of the time in the rows."""
        return next((Unit(each) for each in self.dimensions if each in _TIMES), None)

    @property
    def of_accounts(self) -> bool:
        """Whether it needs sums by user and key."""
        return (
            not _OF_ACCOUNTS.isdisjoint(self.dimensions)
            or not {"user_id", "key_id"}.isdisjoint(self.only)
            or (self.group_id is not None)
        )

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def span(self, *, earlier: bool) -> Span:
        """The stretch of time, or the one before it that is as long."""
        return Span(self.start - self.length, self.start) if earlier else Span(self.start, self.end)


def _question(
    services: Served,
    start: Annotated[Moment | None, Query(description="Inclusive; a day before `end` where it is absent.")] = None,
    end: Annotated[Moment | None, Query(description="Exclusive; now where it is absent.")] = None,
    group_by: Annotated[
        str,
        Query(
            description="One or two of `model`, `user`, `key`, `group`, `endpoint`, `status`, `purpose`, and `minute`, "
            "`hour` or `day`, with a comma between; absent: one row for all.",
            openapi_examples={
                "models": {"value": "model"},
                "days of each user": {"value": "user,day"},
            },
        ),
    ] = "",
    compare: Annotated[
        Literal["previous"] | None,
        Query(description="`previous`: each row has the figures of the stretch of the same length before, too."),
    ] = None,
    percentiles: Annotated[
        bool, Query(description="With percentiles: of all, by `model`, `hour` and `day`, and of one `model`.")
    ] = False,
    order_by: Annotated[Order | None, Query(description="`time` where rows are made by it, else `requests`.")] = None,
    order_desc: Annotated[bool | None, Query(description="The largest first; the usual but for `time`.")] = None,
    top: Annotated[
        int | None,
        Query(
            ge=1,
            le=_MOST_TOP,
            description="Of two dimensions: only rows of the busiest of the first one, as of five models by the hour.",
        ),
    ] = None,
    search: Annotated[
        str | None,
        Query(
            max_length=200, description="Only rows in whose name (of a user: the e-mail address) this is, in any case."
        ),
    ] = None,
    model: Annotated[str | None, Query(description="Only requests of this alias.")] = None,
    user_id: uuid.UUID | None = None,
    key_id: uuid.UUID | None = None,
    group_id: Annotated[uuid.UUID | None, Query(description="Only what people asked that are in it now.")] = None,
    endpoint_id: Annotated[uuid.UUID | None, Query(description="Only what it was the last to be asked.")] = None,
    status: Annotated[int | None, Query(ge=0, le=999)] = None,
    purpose: Annotated[str | None, Query(description="What the key was for.", examples=["batch"])] = None,
) -> Question:
    last = end or services.now()
    first = start or max(last - _USUAL, _EARLIEST) if last >= _EARLIEST else last
    only: dict[str, Any] = {"model": model, "user_id": user_id, "key_id": key_id, "endpoint_id": endpoint_id}
    only |= {"status": status, "purpose": purpose}
    dimensions = _dimensions(group_by)
    by_time = not _TIMES.isdisjoint(dimensions)
    order = order_by or (Order.TIME if by_time else Order.REQUESTS)
    question = Question(
        start=first,
        end=last,
        dimensions=dimensions,
        only={name: value for name, value in only.items() if value is not None},
        group_id=group_id,
        search=(search or "").strip() or None,
        compare=compare is not None,
        percentiles=percentiles,
        order=order,
        descending=order is not Order.TIME if order_desc is None else order_desc,
        top=top,
    )
    _check(question)
    return question


Asked = Annotated[Question, Depends(_question)]
"""The question in a query string. Raises 400."""


def of_one_account(question: Question, account: uuid.UUID) -> Question:
    """The same about what one person asked, who need not have the right to see more. Raises 400."""
    seen = _OF_OTHERS.intersection(question.dimensions)
    if seen:
        raise _refused(f"group_by: {min(seen)} is for those who see everybody's; use /analytics")
    if question.group_id is not None or not {"user_id", "endpoint_id"}.isdisjoint(question.only):
        raise _refused("user_id, group_id and endpoint_id are for those who see everybody's; use /analytics")
    own = replace(question, only={**question.only, "user_id": account})
    _check(own)
    return own


def _dimensions(group_by: str) -> tuple[Dimension, ...]:
    names = [name.strip() for name in group_by.split(",")] if group_by.strip() else []
    unknown = [name for name in names if name not in set(Dimension)]
    if unknown:
        raise _refused(f"group_by: {unknown[0]!r} is none of {', '.join(Dimension)}")
    dimensions = tuple(Dimension(name) for name in names)
    if len(dimensions) > _MOST_DIMENSIONS or len(set(dimensions)) < len(dimensions):
        raise _refused(f"group_by: name at most {_MOST_DIMENSIONS}, each once")
    if len(_TIMES.intersection(dimensions)) > 1:
        raise _refused("group_by: name one of minute, hour and day")
    return dimensions


def _check(question: Question) -> None:
    if not _EARLIEST <= question.start < question.end <= _LATEST:
        raise _refused("start must be before end, and both from 1970 to 2200")
    unit = question.unit
    longest = _LONGEST[unit or Unit.DAY]
    if question.length > longest:
        raise _refused(
            f"{longest.days} days at most{f' by the {unit}' if unit else ''}; ask for less, or by larger units"
        )
    if question.compare and unit is not None and question.length % unit.length:
        raise _refused(
            f"compare: the stretch must be a whole number of {unit}s, so that they have ones to compare with"
        )
    if question.order is Order.TIME and unit is None:
        raise _refused("order_by: there is a time only in rows by minute, hour or day")
    if question.top is not None and len(question.dimensions) < _MOST_DIMENSIONS:
        raise _refused("top: name two in group_by, such as model,hour; for rows by one, use limit")
    if question.search is not None and _NAMED.isdisjoint(question.dimensions):
        raise _refused(f"search: there are names only in rows by {', '.join(sorted(_NAMED))}")
    if question.percentiles:
        narrowed = question.only.keys() - {"model"} or question.group_id is not None
        if narrowed or not _WITH_PERCENTILES.issuperset(question.dimensions):
            raise _refused(
                "percentiles are kept by model and by hour and day only: group by these, narrow to a model only"
            )


def _refused(message: str) -> ControlError:
    return invalid(message, code="invalid_question")
