"""A single request of a batch (§4.17)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row

from control_layer.control.batches.request_queries import STATUS_OF_STATE, RequestStatus, Use
from control_layer.control.schema import Output

__all__ = ["Detail", "Summary"]


class Summary(Output):
    """A request, without what was asked and answered."""

    id: uuid.UUID
    batch_id: uuid.UUID
    model: str
    status: RequestStatus
    created_at: datetime
    """When its batch was made."""
    completed_at: datetime | None
    failed_at: datetime | None
    duration_ms: float | None
    """Of its last try."""
    response_status: int | None
    service_tier: Literal["batch"]
    prompt_tokens: int | None
    """This and what follows: of all its tries together."""
    completion_tokens: int | None
    reasoning_tokens: int | None
    total_tokens: int | None
    total_cost: float | None
    created_by_email: str | None
    """For those who may read everybody's batches."""

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]], use: Use | None, email: str | None) -> Summary:
        """The object of a row."""
        return cls.model_validate(_fields(row, use, email))


class Detail(Summary):
    """A request with what was asked and answered."""

    body: str
    response_body: str | None
    error: str | None
    created_by: uuid.UUID

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]], use: Use | None, email: str | None) -> Detail:
        """The object of a row with its contents."""
        contents = {
            "body": row.body.decode(),
            "response_body": None if row.response is None else row.response.decode("utf-8", "replace"),
            "error": row.error,
            "created_by": row.created_by,
        }
        return cls.model_validate(_fields(row, use, email) | contents)


def _fields(row: Row[*tuple[Any, ...]], use: Use | None, email: str | None) -> dict[str, Any]:
    given, said = (None, None) if use is None else (use.input_tokens, use.output_tokens)
    took = None if row.started_at is None or row.ended_at is None else row.ended_at - row.started_at
    return {
        "id": row.id,
        "batch_id": row.batch_id,
        "model": row.model,
        "status": STATUS_OF_STATE[row.state],
        "created_at": row.created_at,
        "completed_at": row.ended_at if row.state == "completed" else None,
        "failed_at": row.ended_at if row.state == "failed" else None,
        "duration_ms": None if took is None else round(took.total_seconds() * 1000, 3),
        "response_status": row.status_code,
        "service_tier": "batch",
        "prompt_tokens": given,
        "completion_tokens": said,
        "reasoning_tokens": None if use is None else use.reasoning_tokens,
        "total_tokens": None if given is None and said is None else (given or 0) + (said or 0),
        "total_cost": None if use is None or use.cost is None else float(use.cost),
        "created_by_email": email,
    }
