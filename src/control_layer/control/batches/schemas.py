"""The batch object, and what is answered about batches and daemons (§4.15, §4.16)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from control_layer.control.batches.status import Status, is_expired, status_of
from control_layer.control.cursor import Identified
from control_layer.control.money import Money
from control_layer.control.schema import Input, OmitNull, Output
from control_layer.store import tables

__all__ = [
    "Analytics",
    "Batch",
    "Daemon",
    "Daemons",
    "NewBatch",
    "RequestIds",
]

_Name = Annotated[str, StringConstraints(max_length=64)]
_Short = Annotated[str, StringConstraints(max_length=512)]


class NewBatch(Input):
    """A batch to be made."""

    input_file_id: str = Field(description="The id of an uploaded file.")
    endpoint: str = Field(examples=["/v1/chat/completions"])
    completion_window: str = Field(examples=["24h"])
    metadata: dict[_Name, _Short] | None = None
    api_key_id: str | None = None


class RequestIds(Input):
    """Requests of a batch, as its files name them."""

    request_ids: list[str] = Field(examples=[["batch_req_0198c5a0-6a9e-7000-8000-000000000001"]])


class RequestCounts(Output):
    """How many requests came to which end; cancelled ones are neither."""

    total: int
    completed: int
    failed: int


class Analytics(Output):
    """What a batch has used so far."""

    total_requests: int
    total_prompt_tokens: int
    total_completion_tokens: int
    total_reasoning_tokens: OmitNull[int]
    total_tokens: int
    avg_duration_ms: OmitNull[float]
    avg_ttfb_ms: OmitNull[float]
    total_cost: OmitNull[Money]
    total_list_cost: OmitNull[Money]


class Origin(Output):
    """How a batch was made."""

    source: str


class Batch(Identified):
    """A batch. Times are seconds since 1970, as OpenAI has them."""

    object: Literal["batch"]
    endpoint: str
    input_file_id: str = Field(description="Empty once the file is deleted, where the batch was unfinished then.")
    completion_window: str
    status: Status
    output_file_id: OmitNull[uuid.UUID]
    error_file_id: OmitNull[uuid.UUID]
    created_at: int
    in_progress_at: OmitNull[int]
    expires_at: OmitNull[int]
    finalizing_at: OmitNull[int]
    completed_at: OmitNull[int]
    failed_at: OmitNull[int]
    expired_at: OmitNull[int] = Field(description="Where its window is over and something is still to be done.")
    cancelling_at: OmitNull[int]
    cancelled_at: OmitNull[int]
    request_counts: RequestCounts
    metadata: dict[str, str]
    analytics: OmitNull[Analytics]
    dwext: Origin

    @classmethod
    def of(
        cls,
        row: tables.Batch,
        owner: tables.User | None,
        *,
        now: datetime,
        with_context: bool = True,
        analytics: Analytics | None = None,
    ) -> Batch:
        """The object of a row."""
        metadata = dict(row.batch_metadata) | {"request_source": row.source}
        if owner is not None:
            metadata["created_by_email"] = owner.email
            if with_context:
                metadata |= {"context_name": owner.display_name or owner.username, "context_type": "personal"}
        times = ("created_at", "in_progress_at", "expires_at", "finalizing_at", "completed_at", "failed_at")
        return cls.model_validate(
            {name: _unix(getattr(row, name)) for name in (*times, "cancelling_at", "cancelled_at")}
            | {
                "id": row.id,
                "object": "batch",
                "endpoint": row.endpoint,
                "input_file_id": "" if row.input_file_id is None else str(row.input_file_id),
                "completion_window": row.completion_window,
                "status": status_of(row),
                "output_file_id": row.output_file_id,
                "error_file_id": row.error_file_id,
                "expired_at": _unix(row.expires_at) if is_expired(row, now) else None,
                "request_counts": RequestCounts(total=row.total, completed=row.completed, failed=row.failed),
                "metadata": metadata,
                "analytics": analytics,
                "dwext": Origin(source=row.source),
            }
        )


class DaemonStats(Output):
    """What a daemon has done."""

    requests_processed: int
    requests_failed: int
    requests_in_flight: int


class Daemon(Output):
    """A process that carries out batches."""

    id: str
    status: Literal["initializing", "running", "dead"]
    hostname: str
    pid: int
    version: str
    started_at: int
    last_heartbeat: OmitNull[int]
    stopped_at: OmitNull[int]
    stats: DaemonStats
    config: dict[str, Any]

    @classmethod
    def of(cls, row: tables.BatchDaemon, status: str) -> Daemon:
        """The object of a row."""
        dead = status == "dead"
        return cls.model_validate(
            {
                "id": str(row.id),
                "status": status,
                "hostname": row.hostname,
                "pid": row.pid,
                "version": row.version,
                "started_at": _unix(row.started_at),
                "last_heartbeat": None if dead else _unix(row.last_heartbeat),
                "stopped_at": _unix(row.stopped_at or row.last_heartbeat) if dead else None,
                "stats": DaemonStats(
                    requests_processed=row.processed, requests_failed=row.failed, requests_in_flight=row.in_flight
                ),
                "config": row.config,
            }
        )


class Daemons(Output):
    """All that are remembered."""

    daemons: list[Daemon]


def _unix(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
