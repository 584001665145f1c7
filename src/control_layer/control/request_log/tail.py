"""Those who watch requests arrive, and what waits to be sent to each. Knows no database: `following` fills it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from control_layer.control.errors import TryLater
from control_layer.control.request_log.schemas import LogEntry

if TYPE_CHECKING:
    from control_layer.control.request_log.filters import Filter

__all__ = ["MOST_ENTRIES", "Tail", "Watch"]

MOST_ENTRIES = 500
"""That wait for one who reads slowly: a few hundred KB. What is older is left out, and that is said."""
_MOST_WATCHES = 100


@dataclass(slots=True, eq=False)
class Watch:
    """What one person sees arrive."""

    wanted: Filter
    _waiting: deque[LogEntry] = field(default_factory=deque)
    _skipped: bool = False
    _closed: bool = False
    _something: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, entries: Sequence[LogEntry], *, skipped: bool) -> None:
        """Has these sent. `skipped`: there were others before them."""
        self._waiting.extend(entries)
        self._skipped |= skipped
        while len(self._waiting) > MOST_ENTRIES:
            self._waiting.popleft()
            self._skipped = True
        if self._waiting or self._skipped:
            self._something.set()

    async def take(self, seconds: float) -> tuple[list[LogEntry], bool]:
        """All that has arrived, and whether something before it was left out; nothing after these seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._something.wait()
        except TimeoutError:
            return [], False
        entries, skipped = [*self._waiting], self._skipped
        self._waiting.clear()
        self._skipped = False
        if not self._closed:
            self._something.clear()
        return entries, skipped

    @property
    def closed(self) -> bool:
        """Whether nothing more will arrive."""
        return self._closed

    def close(self) -> None:
        """Says that nothing more will arrive."""
        self._closed = True
        self._something.set()


class Tail:
    """All that watch on this host."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._open = False
        self.watched = asyncio.Event()
        """Whether anybody watches."""
        self.followed = asyncio.Event()
        """Whether nothing is missed that is recorded from now on."""

    def open(self) -> None:
        """Says that what is recorded arrives from now on."""
        self._open = True

    def close(self) -> None:
        """Ends every watch, and lets nobody watch any more."""
        self._open = False
        self.followed.set()  # nobody waits for it in vain
        for watch in self._watches:
            watch.close()

    @contextmanager
    def watching(self, wanted: Filter) -> Iterator[Watch]:
        """A watch for as long as the block lasts."""
        self.check()
        watch = Watch(wanted)
        self._watches.add(watch)
        self.watched.set()
        try:
            yield watch
        finally:
            self._watches.discard(watch)
            if not self._watches:
                self.watched.clear()

    def check(self) -> None:
        """Raises 503 where nobody more can watch."""
        if not self._open:
            raise TryLater(503, "Nothing can be watched while the server starts or ends", retry_after_seconds=2)
        if len(self._watches) >= _MOST_WATCHES:
            raise TryLater(503, f"{_MOST_WATCHES} people are watching already; try again later")

    def by_filter(self) -> dict[Filter, list[Watch]]:
        """The watches, those of the same requests together."""
        alike: dict[Filter, list[Watch]] = {}
        for watch in self._watches:
            alike.setdefault(watch.wanted, []).append(watch)
        return alike
