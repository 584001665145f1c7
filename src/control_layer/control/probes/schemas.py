"""Probes, their results and statistics, and the bodies that make and change probes (§4.6)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import Field

from control_layer.control.schema import Input, Int, Output
from control_layer.store import tables

__all__ = ["NewProbe", "Probe", "ProbeChanges", "ProbeTest", "Result", "Statistics"]


class ProbeTest(Input):
    """What to ask of a model. Absent or null takes what fits the model's type."""

    http_method: str | None = Field(None, examples=["POST"])
    """`GET`, `POST`, `PUT`, `PATCH` or `DELETE`."""
    request_path: str | None = Field(None, examples=["/v1/chat/completions"])
    """A path of the AI API, without `/ai`; an empty one takes what fits the model's type."""
    request_body: Any | None = Field(None, examples=[{"model": "my-model", "input": "Say OK."}])
    """Sent as it is; an empty text takes what fits the model's type."""


class NewProbe(ProbeTest):
    """A health check of a model, active at once."""

    name: str = Field(examples=["my-model is up"])
    deployment_id: uuid.UUID
    """The model; it has one probe at most."""
    interval_seconds: Int = Field(examples=[60])
    """From the beginning of one run to that of the next."""


class ProbeChanges(ProbeTest):
    """Absent or null keeps (§1.7); an empty path or body takes away the one there was."""

    interval_seconds: Int | None = None


class Probe(Output):
    """A health check of a model."""

    id: uuid.UUID
    name: str
    deployment_id: uuid.UUID
    interval_seconds: int
    active: bool
    http_method: str
    request_path: str | None
    request_body: Any | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: tables.Probe) -> Probe:
        """The object of a row."""
        return cls(
            id=row.id,
            name=row.name,
            deployment_id=row.model_id,
            interval_seconds=row.interval_seconds,
            active=row.active,
            http_method=row.http_method,
            request_path=row.request_path,
            request_body=row.request_body,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class Result(Output):
    """One run of a probe."""

    id: uuid.UUID
    probe_id: uuid.UUID
    executed_at: datetime
    success: bool
    response_time_ms: int | None
    status_code: int | None
    error_message: str | None
    response_data: Any | None
    """The answer, where it is JSON and not too large to keep."""
    metadata: dict[str, Any] | None
    """`request_id`: the run's id in the request log."""

    @classmethod
    def of(cls, row: tables.ProbeResult) -> Result:
        """The object of a row."""
        return cls(
            id=row.id,
            probe_id=row.probe_id,
            executed_at=row.executed_at,
            success=row.success,
            response_time_ms=row.response_time_ms,
            status_code=row.status_code,
            error_message=row.error_message,
            response_data=row.response_data,
            metadata=row.result_metadata,
        )


class Statistics(Output):
    """Runs counted. Latencies are those of the successes; percentiles are interpolated."""

    total_executions: int
    successful_executions: int
    failed_executions: int
    success_rate: float
    """0 to 100; 0 without any run."""
    avg_response_time_ms: float | None
    min_response_time_ms: int | None
    max_response_time_ms: int | None
    p50_response_time_ms: float | None
    p95_response_time_ms: float | None
    p99_response_time_ms: float | None
    last_execution: datetime | None
    last_success: datetime | None
    last_failure: datetime | None
