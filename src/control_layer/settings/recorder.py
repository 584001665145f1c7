"""`recorder.*` and `request_log.*`: what is kept of requests, where, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from control_layer.settings.section import Duration, Section

__all__ = ["BodyRetention", "Recorder", "RequestLog", "RequestRetention", "SumRetention"]

_MB, _GB = 1024**2, 1024**3
_Age = Annotated[Duration, Field(ge=timedelta(days=1))]


class Recorder(Section):
    """How usage comes from the journals on disk into the database."""

    journal_max_bytes: int = Field(8 * _GB, ge=64 * _MB)
    """What this host's journals may take while the database is away. Beyond it they lose bodies, the oldest first;
    never what is charged for: that stops new requests only when the disk is down to `gateway.journal_reserve_bytes`."""


class RequestRetention(Section):
    """Rows of requests: who asked what, how it went, what it cost."""

    max_age: _Age | None = None
    """How long they are kept, in whole days; `None`: for ever. Usage and analytics keep what was added up."""
    max_bytes: int | None = Field(None, ge=64 * _MB)
    """What they may take in the database; the oldest days go first. `None`: whatever they need."""


class BodyRetention(Section):
    """What was said."""

    max_age: _Age | None = timedelta(days=30)
    """How long it is kept, in whole days; `None`: as long as there is room."""
    max_bytes: int | None = Field(10 * _GB, ge=64 * _MB)
    """What it may take in the database; the oldest days go first, today stays. `None`: whatever it needs."""


class SumRetention(Section):
    """Sums of requests, which usage and analytics read."""

    minutes_max_age: _Age = timedelta(days=3)
    """How long sums by the minute are kept; questions by the minute about earlier times take longer."""
    max_age: _Age | None = None
    """How long sums by the hour and the day are kept, in whole days; `None`: for ever. What goes is missing in usage
    and analytics."""


class RequestLog(Section):
    """What is kept of requests in the database."""

    requests: RequestRetention = RequestRetention()
    """Accounting rows."""
    bodies: BodyRetention = BodyRetention()
    """Bodies."""
    sums: SumRetention = SumRetention()
    """Sums."""
    full_text: bool = False
    """Bodies that are recorded while it is on can be found by the words in them. They take longer to record, and more
    room."""
