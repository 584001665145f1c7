"""Answers about requests (§4.7, §4.8). Latencies are milliseconds, percentages go to 100."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field

from control_layer.control.money import Money
from control_layer.control.schema import OmitNull, Output

__all__ = [
    "Aggregate",
    "HourOfRequests",
    "ModelShare",
    "ModelUsage",
    "StatusShare",
    "Usage",
    "UserUsage",
    "UsersOfModel",
]


class StatusShare(Output):
    """Requests that were answered with one status."""

    status: str = Field(description="The HTTP status; `unknown` where the gateway was lost before it had one.")
    count: int
    percentage: float


class ModelShare(Output):
    """Requests of one model."""

    model: str
    count: int
    percentage: float
    avg_latency_ms: float | None


class HourOfRequests(Output):
    """The requests of an hour; also of hours without any."""

    timestamp: datetime
    duration_minutes: int
    requests: int
    input_tokens: int
    output_tokens: int
    avg_latency_ms: float | None
    p95_latency_ms: float | None
    p99_latency_ms: float | None


class Aggregate(Output):
    """What was asked in a period."""

    total_requests: int
    model: OmitNull[str]
    status_codes: list[StatusShare]
    models: OmitNull[list[ModelShare]]
    time_series: list[HourOfRequests]


class UserUsage(Output):
    """What one user asked of the model."""

    user_id: uuid.UUID | None
    user_email: str | None
    request_count: int
    total_tokens: int
    input_tokens: int
    output_tokens: int
    total_cost: float | None
    last_active_at: datetime | None


class UsersOfModel(Output):
    """Who asked a model how much, the busiest first."""

    model: str
    start_date: datetime
    end_date: datetime
    total_requests: int
    total_tokens: int
    total_cost: float | None
    users: list[UserUsage]


class ModelUsage(Output):
    """What an account asked of one model."""

    model: str
    input_tokens: int
    output_tokens: int
    cost: Money
    request_count: int


class Usage(Output):
    """What an account used."""

    total_input_tokens: int
    total_output_tokens: int
    total_request_count: int
    total_batch_count: int
    avg_requests_per_batch: float
    total_cost: Money
    estimated_realtime_cost: Money = Field(description="Not estimated by this release: `total_cost`.")
    by_model: list[ModelUsage]
