"""Rows of `/analytics` as JSON."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from control_layer.control.analytics.breakdown import COUNTS, KEYS, LABELS, PERCENTILES
from control_layer.control.analytics.questions import Question
from control_layer.control.money import Money
from control_layer.control.schema import OmitNull, Output

__all__ = ["Breakdown", "BreakdownRow", "Figures", "Percentiles", "row_of"]

_Row = Mapping[str, Any]


class Percentiles(Output):
    """Milliseconds that so many per cent of the requests did not exceed; within 1 %."""

    p50: float
    p95: float
    p99: float


class Figures(Output):
    """Sums over requests."""

    requests: int
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    cache_write_tokens: int
    cache_write_1h_tokens: int
    audio_input_tokens: int
    image_input_tokens: int
    reasoning_tokens: int
    audio_output_tokens: int
    image_output_tokens: int
    cache_hits: int = Field(description="Requests with cached input tokens.")
    response_cache_hits: int = Field(description="Requests that were given an answer that their model had kept.")
    response_cache_misses: int = Field(description="Requests to models that keep answers, where there was none.")
    response_cache_coalesced: int = Field(description="Requests that were given the answer of another under way.")
    response_cache_hit_rate: float | None = Field(
        description="Hits and coalesced ones by these and misses, 0 to 1; null where there are none."
    )
    saved_input_tokens: int = Field(description="Of answers that were given again, when they were made.")
    saved_output_tokens: int
    saved_cost: Money = Field(description="What those would have cost that were given an answer again.")
    cost: Money | None = Field(description="Null where nothing was charged for any of them.")
    unpriced_requests: int = Field(description="Requests that nothing was charged for, for want of a price.")
    avg_latency_ms: float | None
    latency_ms: OmitNull[Percentiles] = Field(description="From admission to the end.")
    first_token_ms: OmitNull[Percentiles] = Field(description="Of streams, from admission to the first byte.")


class BreakdownRow(Figures):
    """One model, user, hour, or what was asked for. What is not known of its requests is left out."""

    model: OmitNull[str]
    user_id: OmitNull[uuid.UUID]
    user_email: OmitNull[str]
    key_id: OmitNull[uuid.UUID]
    key_name: OmitNull[str]
    group_id: OmitNull[uuid.UUID]
    group_name: OmitNull[str]
    endpoint_id: OmitNull[uuid.UUID]
    endpoint_name: OmitNull[str]
    status: OmitNull[int]
    purpose: OmitNull[str]
    time: OmitNull[datetime] = Field(description="When the minute, hour or day begins.")
    previous: OmitNull[Figures] = Field(description="The same of the stretch of the same length before.")


class Breakdown(Output):
    """A page of rows."""

    start: datetime
    end: datetime
    data: list[BreakdownRow]
    total_count: int
    skip: int
    limit: int


def row_of(row: _Row, question: Question) -> BreakdownRow:
    """The object of a row of `breakdown`."""
    previous = Figures(**_figures(row, "previous_")) if question.compare else None
    known = {name: row.get(name) for name in (*KEYS.values(), *(label for label, *_ in LABELS.values()))}
    return BreakdownRow(**known, **_figures(row, ""), previous=previous)


def _figures(row: _Row, prefix: str) -> dict[str, Any]:
    return {
        **{name: int(row[prefix + name]) for name in (*COUNTS, "unpriced_requests")},
        "response_cache_hit_rate": row[f"{prefix}response_cache_hit_rate"],
        "saved_cost": row[f"{prefix}saved_cost"],
        "cost": row[f"{prefix}cost"],
        "avg_latency_ms": row[f"{prefix}avg_latency_ms"],
        "latency_ms": _percentiles(row, f"{prefix}latency"),
        "first_token_ms": _percentiles(row, f"{prefix}first_token"),
    }


def _percentiles(row: _Row, prefix: str) -> Percentiles | None:
    known = {name: row.get(f"{prefix}_{name}_ms") for name in PERCENTILES}
    return None if None in known.values() else Percentiles.model_validate(known)
