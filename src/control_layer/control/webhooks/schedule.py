"""When a message is sent again, and when nothing is sent any more. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

__all__ = ["ATTEMPTS", "MAX_FAILURES", "Outcome", "after_attempt"]

_PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(hours=24),
)
ATTEMPTS = 1 + len(_PAUSES)
"""The first is made at once; together they take a day and a half."""
MAX_FAILURES = 10
"""So many failed attempts in a row, whatever the messages, disable a webhook."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a message."""

    state: Literal["pending", "delivered", "failed"]
    next_attempt_at: datetime | None


def after_attempt(number: int, *, delivered: bool, now: datetime) -> Outcome:
    """After the attempt of this number, from 1."""
    if delivered:
        return Outcome("delivered", None)
    if number >= ATTEMPTS:
        return Outcome("failed", None)
    return Outcome("pending", now + _PAUSES[number - 1])
