"""The answer to a question of `/analytics`, as one statement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Label, Select, and_, case, func, literal, select, true, union_all

from control_layer.control.analytics.percentiles import percentiles
from control_layer.control.analytics.questions import Dimension, Question
from control_layer.control.analytics.sources import latencies, traffic
from control_layer.control.analytics.spans import Unit
from control_layer.control.analytics.sums import counted
from control_layer.store.measures import LATENCIES, MEASURES
from control_layer.store.tables import NIL, ApiKey, Endpoint, Group, GroupMember, User

__all__ = ["COUNTS", "KEYS", "LABELS", "PERCENTILES", "breakdown", "labelled"]

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

COUNTS = tuple(name for name in MEASURES if name not in ("timed", "seconds", "cost", "unpriced"))
"""Measures that are shown as they are."""

PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_SHOWN = {"total": "latency", "first_token": "first_token"}


def breakdown(question: Question, minutes_since: datetime | None) -> Select[*tuple[Any, ...]]:
    """Rows of `KEYS` and figures, in order. `labelled` says who they are.

    Figures are `COUNTS`, `cost`, `unpriced_requests`, `avg_latency_ms` and percentiles, such as `latency_p95_ms` and
    `first_token_p95_ms`; the names of those of the stretch before begin with `previous_`. There are sums by the
    minute from `minutes_since` on.
    """
    sums = _sums(question, minutes_since)
    keys = _keys(sums, question)
    rows: FromClause = sums
    columns: list[ColumnElement[Any]] = [*sums.c]
    for prefix, earlier in _stretches(question):
        for measure in LATENCIES if question.percentiles else ():
            slow = _percentiles(question, measure, earlier=earlier)
            rows = rows.outerjoin(slow, and_(true(), *(slow.c[key.name] == key for key in keys)))
            columns += [(slow.c[name] * 1000).label(f"{prefix}{_SHOWN[measure]}_{name}_ms") for name in PERCENTILES]
    return select(*columns).select_from(rows).order_by(*_order(sums, question))


def labelled(statement: Select[*tuple[Any, ...]], question: Question) -> Select[*tuple[Any, ...]]:
    """The rows of a `breakdown`, or of a page of it, with `LABELS` behind their keys."""
    sums = statement.subquery("page")
    rows: FromClause = sums
    columns: list[ColumnElement[Any]] = []
    for dimension in question.dimensions:
        key = sums.c[KEYS[dimension]]
        columns.append(key)
        if dimension in LABELS:
            name, id_, label = LABELS[dimension]
            rows = rows.outerjoin(id_.class_, id_ == key)
            columns.append(label.label(name))
    figures = [column for column in sums.c if column.name not in {key.name for key in _keys(sums, question)}]
    return select(*columns, *figures).select_from(rows).order_by(*_order(sums, question))


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
        for figure in _figures(asked, prefix, asked.c.earlier if earlier else ~asked.c.earlier)
    ]
    return select(*keys, *figures).group_by(*keys).having(counted(asked.c.requests) > 0).subquery("sums")


def _asked(question: Question, minutes_since: datetime | None, *, earlier: bool) -> Select[*tuple[Any, ...]]:
    by = question.unit or Unit.DAY
    source = traffic(question.span(earlier=earlier), accounts=question.of_accounts, by=by, minutes_since=minutes_since)
    rows: FromClause = source
    if Dimension.GROUP in question.dimensions:
        rows = rows.outerjoin(GroupMember, GroupMember.user_id == source.c.user_id)
    conditions = [source.c[name] == value for name, value in question.only.items()]
    if question.group_id not in (None, NIL):  # everybody is in the group of that id
        members = select(GroupMember.user_id).where(GroupMember.group_id == question.group_id)
        conditions.append(source.c.user_id.in_(members))
    keys = [_key(dimension, source, question, earlier=earlier) for dimension in question.dimensions]
    return (
        select(*keys, *(source.c[name] for name in MEASURES), literal(earlier).label("earlier"))
        .select_from(rows)
        .where(*conditions)
    )


def _key(dimension: Dimension, source: FromClause, question: Question, *, earlier: bool) -> Label[Any]:
    name = KEYS[dimension]
    if name == "time":
        at = source.c.at + question.length if earlier else source.c.at
        return func.date_trunc(dimension.value, at, "UTC").label(name)
    return (GroupMember.group_id if dimension is Dimension.GROUP else source.c[name]).label(name)


def _figures(asked: FromClause, prefix: str, within: ColumnElement[bool]) -> Iterator[Label[Any]]:
    def summed(name: str) -> ColumnElement[Any]:
        return func.coalesce(func.sum(asked.c[name]).filter(within), 0)

    for name in COUNTS:
        yield summed(name).label(prefix + name)
    cost = case((summed("unpriced") < summed("requests"), summed("cost")))
    yield cost.label(f"{prefix}cost")
    yield summed("unpriced").label(f"{prefix}unpriced_requests")
    average = case((summed("timed") > 0, summed("seconds") / summed("timed") * 1000))
    yield average.label(f"{prefix}avg_latency_ms")


def _percentiles(question: Question, measure: str, *, earlier: bool) -> FromClause:
    by_model = Dimension.MODEL in question.dimensions or "model" in question.only
    source = latencies(question.span(earlier=earlier), measure, each_model=by_model, by=question.unit or Unit.DAY)
    keys = [_key(dimension, source, question, earlier=earlier) for dimension in question.dimensions]
    conditions = [source.c[name] == value for name, value in question.only.items()]
    return percentiles(source, keys, PERCENTILES, *conditions, many=question.unit is None)
