"""The answer to a question of `/analytics`, as one statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Double,
    FromClause,
    Label,
    Select,
    Text,
    and_,
    any_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

from control_layer.control.analytics.percentiles import percentiles
from control_layer.control.analytics.questions import Dimension, Question
from control_layer.control.analytics.sources import latencies, traffic
from control_layer.control.analytics.spans import Unit
from control_layer.control.analytics.sums import counted
from control_layer.store.measures import LATENCIES, MEASURES
from control_layer.store.tables import NIL, ApiKey, Endpoint, Group, GroupMember, User

__all__ = ["COUNTS", "KEYS", "LABELS", "PERCENTILES", "ROWS", "Part", "breakdown", "size"]

KEYS = {
    Dimension.MODEL: "model",
    Dimension.USER: "user_id",
    Dimension.KEY: "key_id",
    Dimension.GROUP: "group_id",
    Dimension.ENDPOINT: "endpoint_id",
    Dimension.STATUS: "status",
    Dimension.PURPOSE: "purpose",
    **{Dimension(unit): "time" for unit in Unit},
}
"""The column that each dimension is."""

LABELS = {
    Dimension.USER: ("user_email", User.id, User.email),
    Dimension.KEY: ("key_name", ApiKey.id, ApiKey.name),
    Dimension.GROUP: ("group_name", Group.id, Group.name),
    Dimension.ENDPOINT: ("endpoint_name", Endpoint.id, Endpoint.name),
}
"""The column that tells people which one it is, whose, and where it stands."""

COUNTS = tuple(name for name in MEASURES if name not in ("timed", "seconds", "cost", "unpriced", "saved_cost"))
"""Measures that are shown as they are."""

ROWS = "rows"
"""The column that says how many rows there are in all."""

PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_SHOWN = {"total": "latency", "first_token": "first_token"}


@dataclass(frozen=True, slots=True)
class Part:
    """Which of the rows; the usual is all."""

    skip: int = 0
    limit: int | None = None


def breakdown(question: Question, minutes_since: datetime | None, part: Part) -> Select[*tuple[Any, ...]]:
    """Rows in order: `KEYS`, with `LABELS` behind them, figures, and how many rows there are in all (`ROWS`).

    Figures are `COUNTS`, `response_cache_hit_rate`, `saved_cost`, `cost`, `unpriced_requests`, `avg_latency_ms` and
    percentiles, such as `latency_p95_ms` and `first_token_p95_ms`; the names of those of the stretch before begin with
    `previous_`. There are sums by the minute from `minutes_since` on.
    """
    sums = _sums(question, minutes_since)
    page = (
        select(sums, func.count().over().label(ROWS))
        .order_by(*_order(sums, question))
        .offset(part.skip)
        .limit(part.limit)
        .cte("page")
    )
    rows: FromClause = page
    columns: list[ColumnElement[Any]] = []
    for dimension in question.dimensions:
        key = page.c[KEYS[dimension]]
        columns.append(key)
        if dimension in LABELS:
            name, id_, label = LABELS[dimension]
            rows = rows.outerjoin(id_.class_, id_ == key)
            columns.append(label.label(name))
    keys = _keys(page, question)
    columns += [column for column in page.c if column.name not in {key.name for key in keys}]
    for prefix, earlier in _stretches(question):
        for measure in LATENCIES if question.percentiles else ():
            slow = _percentiles(question, measure, page, earlier=earlier)
            rows = rows.outerjoin(slow, and_(true(), *(slow.c[key.name] == key for key in keys)))
            columns += [(slow.c[name] * 1000).label(f"{prefix}{_SHOWN[measure]}_{name}_ms") for name in PERCENTILES]
    return select(*columns).select_from(rows).order_by(*_order(page, question))


def size(question: Question, minutes_since: datetime | None) -> Select[int]:
    """How many rows there are in all."""
    return select(func.count()).select_from(_sums(question, minutes_since))


def _keys(sums: FromClause, question: Question) -> list[ColumnElement[Any]]:
    return [sums.c[KEYS[dimension]] for dimension in question.dimensions]


def _order(sums: FromClause, question: Question) -> list[ColumnElement[Any]]:
    first = sums.c[question.order]
    return [(first.desc() if question.descending else first.asc()).nulls_last(), *_keys(sums, question)]


def _stretches(question: Question) -> Iterator[tuple[str, bool]]:
    """What their columns begin with, and whether it is the earlier one."""
    yield "", False
    if question.compare:
        yield "previous_", True


def _sums(question: Question, minutes_since: datetime | None) -> FromClause:
    asked = union_all(
        *(_asked(question, minutes_since, earlier=earlier) for _, earlier in _stretches(question))
    ).subquery("asked")
    keys = _keys(asked, question)
    figures = [
        figure
        for prefix, earlier in _stretches(question)
        for figure in _figures(asked, prefix, _in_stretch(question, asked, earlier=earlier))
    ]
    named = [] if question.search is None else [_named(asked, question, question.search)]
    sums = select(*keys, *figures).where(*named).group_by(*keys).having(counted(asked.c.requests) > 0)
    return sums.subquery("sums") if question.top is None else _busiest(sums.cte("all_sums"), question, question.top)


def _busiest(sums: CTE, question: Question, top: int) -> FromClause:
    first, *_ = _keys(sums, question)
    most = select(first).group_by(first).order_by(func.sum(sums.c.requests).desc(), first).limit(top)
    return select(sums).where(first.in_(most)).subquery("sums")


def _named(asked: FromClause, question: Question, part: str) -> ColumnElement[bool]:
    """Rows in one of whose names that is."""
    conditions: list[ColumnElement[bool]] = []
    if Dimension.MODEL in question.dimensions:
        conditions.append(asked.c.model.icontains(part, autoescape=True))
    for dimension in question.dimensions:
        if dimension in LABELS:
            _, id_, label = LABELS[dimension]
            named = select(id_).where(label.icontains(part, autoescape=True))
            conditions.append(asked.c[KEYS[dimension]].in_(named))
    return or_(*conditions)


def _asked(question: Question, minutes_since: datetime | None, *, earlier: bool) -> Select[*tuple[Any, ...]]:
    by = question.unit or Unit.DAY
    source = traffic(question.span(earlier=earlier), accounts=question.of_accounts, by=by, minutes_since=minutes_since)
    conditions = [source.c[name] == value for name, value in question.only.items()]
    if question.group_id not in (None, NIL):  # everybody is in the group of that id
        members = select(GroupMember.user_id).where(GroupMember.group_id == question.group_id)
        conditions.append(source.c.user_id.in_(members))
    keys = [_key(each, source, question, earlier=earlier) for each in question.dimensions if each != Dimension.GROUP]
    if Dimension.GROUP not in question.dimensions:
        measures = (source.c[name] for name in MEASURES)
        return select(*keys, *measures, literal(earlier).label("earlier")).where(*conditions)
    # Each person's first: to find the groups of every row takes as long as all the rest.
    member = source.c.user_id.label("member")
    sums = (func.sum(source.c[name]).label(name) for name in MEASURES)
    people = select(*keys, member, *sums).where(*conditions).group_by(*keys, member).subquery("people")
    return select(
        GroupMember.group_id.label(KEYS[Dimension.GROUP]),
        *(people.c[name] for name in (*(key.name for key in keys), *MEASURES)),
        literal(earlier).label("earlier"),
    ).select_from(people.outerjoin(GroupMember, GroupMember.user_id == people.c.member))


def _key(dimension: Dimension, source: FromClause, question: Question, *, earlier: bool) -> Label[Any]:
    name = KEYS[dimension]
    if name == "time":
        at = source.c.at + question.length if earlier else source.c.at
        return func.date_trunc(dimension.value, at, "UTC").label(name)
    return source.c[name].label(name)


def _in_stretch(question: Question, asked: FromClause, *, earlier: bool) -> ColumnElement[bool] | None:
    """What tells rows of one stretch from those of the other; nothing where there is but one, as it takes time."""
    if not question.compare:
        return None
    return asked.c.earlier if earlier else ~asked.c.earlier


def _figures(asked: FromClause, prefix: str, within: ColumnElement[bool] | None) -> Iterator[Label[Any]]:
    def summed(name: str) -> ColumnElement[Any]:
        total = func.sum(asked.c[name])
        return func.coalesce(total if within is None else total.filter(within), 0)

    for name in COUNTS:
        yield summed(name).label(prefix + name)
    given_again = summed("response_cache_hits") + summed("response_cache_coalesced")
    looked_up = given_again + summed("response_cache_misses")
    rate = case((looked_up > 0, given_again / cast(looked_up, Double)))
    yield rate.label(f"{prefix}response_cache_hit_rate")
    yield summed("saved_cost").label(f"{prefix}saved_cost")
    cost = case((summed("unpriced") < summed("requests"), summed("cost")))
    yield cost.label(f"{prefix}cost")
    yield summed("unpriced").label(f"{prefix}unpriced_requests")
    average = case((summed("timed") > 0, summed("seconds") / summed("timed") * 1000))
    yield average.label(f"{prefix}avg_latency_ms")


def _percentiles(question: Question, measure: str, page: CTE, *, earlier: bool) -> FromClause:
    by_model = Dimension.MODEL in question.dimensions or "model" in question.only
    source = latencies(question.span(earlier=earlier), measure, each_model=by_model, by=question.unit or Unit.DAY)
    keys = [_key(dimension, source, question, earlier=earlier) for dimension in question.dimensions]
    conditions = [source.c[name] == value for name, value in question.only.items()]
    if Dimension.MODEL in question.dimensions:  # a page has a few of the models
        shown = func.array(select(page.c.model).scalar_subquery(), type_=ARRAY(Text))
        conditions.append(source.c.model == any_(shown))
    if question.unit is not None:  # a page has a few of the hours, and only of these are they wanted
        first, last = (select(end(page.c.time)).scalar_subquery() for end in (func.min, func.max))
        before = question.length if earlier else timedelta()
        conditions += [source.c.at >= first - before, source.c.at < last + (question.unit.length - before)]
    return percentiles(source, keys, PERCENTILES, *conditions, many=question.unit is None)
