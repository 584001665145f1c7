"""What does not agree."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

__all__ = ["MOST", "Finding", "Report", "found"]

MOST = 20
"""Of one kind, in one place: with more, the first ones tell the story."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Two records of the same thing that differ."""

    where: str
    """Such as `sums` or `ledger`."""
    what: str
    """Which thing, and by how much."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(slots=True)
class Report:
    """What was looked at, and what was found."""

    findings: list[Finding] = field(default_factory=list)
    looked_at: dict[str, int] = field(default_factory=dict)
    """How many there were of what."""


async def found(session: AsyncSession, statement: str, **parameters: Any) -> AsyncIterator[RowMapping]:
    """At most `MOST` rows of a query for what differs. Raises SQLAlchemy's errors."""
    rows = await session.execute(text(f"{statement} LIMIT {MOST}"), parameters)
    for row in rows.mappings():
        yield row
