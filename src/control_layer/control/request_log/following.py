"""Looks every second for requests that have been recorded, on one connection for everybody who watches.

Numbers of the log are given before their rows can be seen, and by several recorders at a time: a lower one may appear
after a higher one. So the last few thousand are looked at again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from control_layer.control.errors import ControlError
from control_layer.control.request_context import transaction
from control_layer.control.request_log.filters import Filter
from control_layer.control.request_log.presentation import log_entry
from control_layer.control.request_log.queries import arrivals, bounded, emails_of, last_number, recorded_as
from control_layer.control.request_log.tail import Watch
from control_layer.control.services import Services

__all__ = ["Following"]

_log = structlog.get_logger(__name__)
_EVERY_SECONDS = 1.0
_MOST_AT_ONCE = 200
"""Sent to one watch in one second; nobody reads more."""
_OVERLAP = 5000
"""More than the recorders of a few hosts have in hand."""


class Following:
    """What was recorded since one last looked, while anybody watches."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tail = services.tail
        self._highest: int | None = None
        """The highest number that was given when one last looked; `None` while nobody watches."""
        self._seen: set[int] = set()
        self._unsettled = False
        """Whether something came the last time: then more of the same numbers may."""

    async def run(self) -> None:
        """Looks until cancelled. While the database is away, what is recorded waits to be seen."""
        self._tail.open()
        try:
            while True:
                if not self._tail.watched.is_set():
                    self._highest = None
                    self._tail.followed.clear()
                    await self._tail.watched.wait()
                try:
                    await self._look()
                except ControlError as error:
                    _log.warning("request_tail_not_read", reason=error.message)
                await asyncio.sleep(_EVERY_SECONDS)
        finally:
            self._tail.close()

    async def _look(self) -> None:
        now = self._services.now()
        async with transaction(self._services) as session, bounded(session):
            last = await last_number(session)
            if last == self._highest and not self._unsettled:
                return
            floor = (last if self._highest is None else self._highest) - _OVERLAP
            found = await arrivals(session, floor, now)
        if self._highest is None:
            self._seen = set(found)
        new = sorted(set(found) - self._seen)
        if new:
            for wanted, watches in self._tail.by_filter().items():
                await self._tell(watches, wanted, new)
        self._unsettled = bool(new) or last != self._highest
        self._highest = last
        self._seen = {number for number in self._seen.union(new) if number > last - _OVERLAP}
        self._tail.followed.set()

    async def _tell(self, watches: Sequence[Watch], wanted: Filter, new: Sequence[int]) -> None:
        """Sends what of `new` is wanted. One question that cannot be answered leaves nobody else waiting."""
        try:
            async with transaction(self._services) as session, bounded(session):
                rows = await recorded_as(session, wanted, new, self._services.now(), _MOST_AT_ONCE + 1)
                shown = rows[-_MOST_AT_ONCE:]
                emails = await emails_of(session, shown)
        except ControlError as error:
            _log.warning("request_tail_not_filtered", reason=error.message)
            entries, skipped = [], True
        else:
            entries, skipped = [log_entry(row, emails) for row in shown], len(rows) > len(shown)
        for watch in watches:
            watch.put(entries, skipped=skipped)
