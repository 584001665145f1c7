"""Answers of `/uptime`."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field

from control_layer.control.paging import Page
from control_layer.control.schema import OmitNull, Output

__all__ = ["Bucket", "Incident", "ModelUptime", "UptimePage"]


class Bucket(Output):
    """Runs of a stretch of time."""

    start: datetime
    runs: int
    failed_runs: int


class Incident(Output):
    """Runs that failed in a row."""

    start: datetime
    """The first run that failed. Of an incident that is older than the window, the first one in it."""
    end: datetime | None
    """The success that followed; null while there is none."""
    failed_runs: int
    error_message: str | None
    """That of the last of them; null for who may not read probes."""


class ModelUptime(Output):
    """How a model fared that a probe watches."""

    model_id: uuid.UUID
    alias: str
    display_name: OmitNull[str]
    probe_id: uuid.UUID
    active: bool
    """Whether the probe runs by itself."""
    runs: int
    failed_runs: int
    uptime_percentage: float | None
    """Of the runs, those that succeeded, 0 to 100; null without any."""
    buckets: list[Bucket]
    """Oldest first, without a gap."""
    incidents: list[Incident]
    """Latest first, 20 at most."""


class UptimePage(Page[ModelUptime]):
    """Models that are watched."""

    bucket_seconds: int
    down: int = Field(description="Models that match, on whatever page, and whose latest check failed.")
    unwatched: int = Field(description="Models that match, and have no probe.")
