"""What a rule sees, and how it is asked."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.settings import Alerts

__all__ = ["AlertKind", "Look", "Observation", "Subject", "Verdict"]


class Verdict(Enum):
    """What a rule says of a subject."""

    FIRING = "firing"
    QUIET = "quiet"
    UNKNOWN = "unknown"
    """There is too little to judge by: nothing begins, and what has begun is not over yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an alert is about."""

    id: str
    name: str
    user_id: uuid.UUID | None = None
    """Whose account it concerns."""
    once: bool = False
    """Whether it is told of once only, though it were over and came again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A subject at this moment. `summary` is a sentence for people; `measured` are the numbers behind it."""

    subject: Subject
    verdict: Verdict
    summary: str
    measured: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look: when, by which settings, and which episodes are open, with what was measured when each began."""

    now: datetime
    settings: Alerts
    open: Mapping[str, Mapping[str, Any]]


class AlertKind(Protocol):
    """A rule. A subject of an open episode that it says nothing of is unknown to it."""

    @property
    def name(self) -> str:
        """What alerts of this kind are called on the wire."""
        ...

    def enabled(self, settings: Alerts) -> bool:
        """Whether anybody wants to know."""
        ...

    async def observe(self, session: AsyncSession, look: Look) -> Sequence[Observation]:
        """Everything that fires, and what has become of each open episode's subject."""
        ...
