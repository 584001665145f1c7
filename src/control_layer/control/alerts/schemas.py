"""The alert object, which is ours: the contract has none."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from control_layer.control.schema import Output
from control_layer.store import tables

__all__ = ["Alert"]


class Alert(Output):
    """An episode: from the moment that something was noticed until it was over."""

    id: uuid.UUID
    kind: str = Field(examples=["unusual_usage"])
    """`error_rate`, `latency`, `unusual_usage`, `low_balance` or `budget_threshold`."""
    state: Literal["open", "resolved"]
    subject_id: str
    """The id of the model, the key or the account; of a budget its id, the threshold and when its period began."""
    subject_name: str
    user_id: uuid.UUID | None
    """Whose account it concerns."""
    summary: str = Field(examples=["Key “nightly” of jo used 41k tokens in the last hour; its usual is 2.0k ± 1.0k"])
    measured: dict[str, Any]
    """The numbers behind the summary, when it was noticed."""
    raised_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: uuid.UUID | None

    @classmethod
    def of(cls, row: tables.Alert) -> Alert:
        """The object of a row."""
        return cls(
            id=row.id,
            kind=row.kind,
            state="open" if row.resolved_at is None else "resolved",
            subject_id=row.subject,
            subject_name=row.subject_name,
            user_id=row.user_id,
            summary=row.summary,
            measured=row.measured,
            raised_at=row.raised_at,
            last_seen_at=row.last_seen_at,
            resolved_at=row.resolved_at,
            acknowledged_at=row.acknowledged_at,
            acknowledged_by=row.acknowledged_by,
        )
