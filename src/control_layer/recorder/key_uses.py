"""When keys were last used, passed on at most once a minute for each. Pure but for what it remembers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

__all__ = ["KeyUses"]

_INTERVAL_SECONDS = 60.0
_MOST_AT_ONCE = 5000


class KeyUses:
    """Uses that the database does not know yet. Holds the keys used within the last minute."""

    def __init__(self) -> None:
        self._waiting: dict[uuid.UUID, datetime] = {}
        self._passed_on: dict[uuid.UUID, float] = {}
        """Oldest first."""

    def note(self, uses: Mapping[uuid.UUID, datetime]) -> None:
        """Keys were used."""
        waiting = self._waiting
        for key_id, at in uses.items():
            if key_id not in waiting or waiting[key_id] < at:
                waiting[key_id] = at

    def due(self, now: float) -> dict[uuid.UUID, datetime]:
        """The uses to pass on at `now` (monotonic seconds)."""
        passed_on = self._passed_on
        while passed_on and next(iter(passed_on.values())) <= now - _INTERVAL_SECONDS:
            del passed_on[next(iter(passed_on))]
        due: dict[uuid.UUID, datetime] = {}
        for key_id, at in self._waiting.items():
            if key_id not in passed_on:
                due[key_id] = at
                if len(due) == _MOST_AT_ONCE:
                    break
        return due

    def all(self) -> dict[uuid.UUID, datetime]:
        """Every use that waits."""
        return dict(self._waiting)

    def done(self, uses: Mapping[uuid.UUID, datetime], now: float) -> None:
        """`uses` are in the database."""
        for key_id, at in uses.items():
            self._passed_on.pop(key_id, None)
            self._passed_on[key_id] = now
            if self._waiting.get(key_id) == at:
                del self._waiting[key_id]
