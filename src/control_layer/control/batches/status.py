"""What a batch is doing, which follows from its counts and times (§4.15)."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import ColumnElement, and_, func, or_

from control_layer.store.tables import Batch

__all__ = ["FILTERS", "Status", "StatusFilter", "is_over", "remaining", "status_of"]

Status = Literal["validating", "in_progress", "finalizing", "completed", "failed", "cancelling", "cancelled"]
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


def _remaining() -> ColumnElement[int]:
    return Batch.total - Batch.completed - Batch.failed - Batch.cancelled


FILTERS: dict[str, ColumnElement[bool]] = {
    "in_progress": and_(
        Batch.cancelling_at.is_(None),
        or_(_remaining() > 0, and_(Batch.completed > 0, Batch.completed_at.is_(None))),
        Batch.expires_at > func.now(),
    ),
    "completed": and_(Batch.cancelling_at.is_(None), Batch.completed_at.is_not(None)),
    "failed": and_(Batch.cancelling_at.is_(None), Batch.failed == Batch.total),
    "cancelled": Batch.cancelling_at.is_not(None),
    "expired": and_(Batch.cancelling_at.is_(None), _remaining() > 0, Batch.expires_at <= func.now()),
}
"""What the list's `status` leaves."""
