"""Keeps the answers that hosts share within their room, and erases what may not be given again."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from control_layer.contract.supervision import Sample
from control_layer.control.kept_answers.statements import EXPIRED, LOCK, OVER, PURGED_MODELS, PURGED_PEOPLE, SIZE
from control_layer.control.led_work import repeatedly

__all__ = ["Cleaning"]

_EVERY_SECONDS = 10.0
_PART = 16
"""Who has stored this part of the room since the last time cleans at once: so the room is passed by a part for each
host at most, and what is being stored.
"""
_LOCK_KEY = 0x6B657074  # "kept", the key of the advisory lock


class Cleaning:
    """One host does it at a time."""

    def __init__(self, engine: AsyncEngine, most_bytes: int) -> None:
        """`most_bytes` is the room in the database; 0 for none."""
        self._engine = engine
        self.most_bytes = most_bytes
        self._added = 0
        self._size: tuple[int, int] | None = None
        """Entries and bytes at the last time; `None` where another host cleans."""

    async def run(self) -> None:
        """Cleans now and then, as long as this host leads."""
        try:
            await repeatedly(self.clean, name="kept-answers", every_seconds=_EVERY_SECONDS)
        finally:
            self._size = None

    async def added(self, size: int) -> None:
        """So many bytes were stored. Raises nothing: what is not cleaned now is cleaned later."""
        self._added += size
        if self._added > self.most_bytes / _PART:
            self._added = 0
            try:
                await self._clean()
            except (SQLAlchemyError, OSError, TimeoutError):
                return

    async def clean(self) -> None:
        """Erases what expired, what was purged, and what was used the longest ago where there is too much. Raises
        SQLAlchemy's errors and `DatabaseUnavailable`.
        """
        self._size = await self._clean()

    def samples(self) -> list[Sample]:
        """What there is, from the host that cleans."""
        if self._size is None:
            return []
        entries, size = self._size
        return [
            Sample("control_layer_shared_cache_entries", "gauge", "Kept answers that hosts share.", {}, float(entries)),
            Sample("control_layer_shared_cache_bytes", "gauge", "What they take in the database.", {}, float(size)),
        ]

    async def _clean(self) -> tuple[int, int] | None:
        async with self._engine.begin() as connection:
            if not (await connection.execute(LOCK, {"key": _LOCK_KEY})).scalar_one():
                return self._size
            for statement in (EXPIRED, PURGED_MODELS, PURGED_PEOPLE):
                await connection.execute(statement)
            found = (await connection.execute(SIZE)).one()
            if found.size_bytes > self.most_bytes:
                await connection.execute(OVER, {"most_bytes": self.most_bytes})
                found = (await connection.execute(SIZE)).one()
        return found.entries, found.size_bytes
