"""What a batch is doing, which follows from its counts and times (§4.15)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, and_, func

from control_layer.store.tables import Batch

__all__ = ["FILTERS", "Status", "StatusFilter", "is_expired", "is_over", "remaining", "status_of"]

Status = Literal["validating", "in_progress", "finalizing", "completed", "failed", "cancelling", "cancelled"]
_ACTIVE = frozenset({"validating", "in_progress", "finalizing"})
StatusFilter = Literal["in_progress", "completed", "failed", "cancelled", "expired"]


def remaining(batch: Batch) -> int:
    """Requests that wait or run."""
    return batch.total - batch.completed - batch.failed - batch.cancelled


def status_of(batch: Batch) -> Status:
    """The status now."""
    if batch.cancelling_at is not None:
        return "cancelling" if remaining(batch) else "cancelled"
    if batch.in_progress_at is None:
        return "validating"
    if remaining(batch):
        return "in_progress"
    if not batch.completed:
        return "failed"
    return "finalizing" if batch.completed_at is None else "completed"


def is_over(batch: Batch) -> bool:
    """Whether nothing will be added to its files, unless somebody has it tried again."""
    return not remaining(batch)


def is_expired(batch: Batch, now: datetime) -> bool:
    """Whether its window is over and it is not. It goes on: what has not been tried yet is tried once."""
    return status_of(batch) in _ACTIVE and batch.expires_at <= now


FILTERS: dict[str, ColumnElement[bool]] = {
    "in_progress": and_(Batch.active, Batch.expires_at > func.now()),
    "completed": Batch.outcome == "completed",
    "failed": Batch.outcome == "failed",
    "cancelled": Batch.outcome == "cancelled",
    "expired": and_(Batch.active, Batch.expires_at <= func.now()),
}
"""What the list's `status` leaves."""
