"""The state as it is published: its version, the deltas that led to it, and who is to hear of the next one.

Versions are milliseconds of Unix time, and always more than the one before. So they go up across restarts even where
the persisted file was lost, and a version names one state only.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from control_layer.control.snapshots.pieces import delta_frame, whole_pieces
from control_layer.control.snapshots.state import Difference, Found, State

__all__ = ["Overrun", "Publication", "Subscriber"]

_HISTORY_BYTES = 16 * 1024 * 1024
"""Deltas kept for gateways that reconnect. A delta is mostly under a kilobyte: this is hours of ordinary changes."""
_SUBSCRIBER_BYTES = 64 * 1024 * 1024
"""What may wait for one gateway. Past it a fresh start costs less than what is in the queue."""


class Overrun(Exception):
    """A subscriber did not keep up: it has to reconnect and start anew."""


@dataclass(frozen=True, slots=True)
class _Delta:
    base: int
    data: bytes


class Subscriber:
    """Deltas on their way to one reader, in order and bounded."""

    def __init__(self, bound: int = _SUBSCRIBER_BYTES) -> None:
        self._bound = bound
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    def offer(self, data: bytes) -> None:
        """Queues `data`. Past the bound nothing more is kept, and `next` raises."""
        self._bytes += len(data)
        if self._bytes <= self._bound:
            self._waiting.append(data)
        self._wake.set()

    async def next(self) -> bytes:
        """The next delta, as soon as there is one. Raises `Overrun`."""
        while not self._waiting:
            self._check()
            self._wake.clear()
            await self._wake.wait()
        self._check()
        data = self._waiting.popleft()
        self._bytes -= len(data)
        return data

    def rest(self) -> bytes:
        """What is waiting, all at once."""
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        return data

    def _check(self) -> None:
        if self._bytes > self._bound:
            self._waiting.clear()
            raise Overrun(f"{self._bytes} bytes are waiting")


class Publication:
    """Changes the state and tells everybody, in one step of the event loop."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.state = State()
        self.version = 0
        """0 until there is a state that gateways may have."""
        self.published = asyncio.Event()
        self._history: deque[_Delta] = deque()
        self._history_bytes = 0
        self._subscribers: set[Subscriber] = set()

    @property
    def subscribers(self) -> int:
        return len(self._subscribers)

    def open(self, state: State, version: int | None = None) -> None:
        """Begins with `state`: at the version it was persisted with, or at a new one."""
        self.state = state
        self.version = self._next_version() if version is None else version
        self.published.set()

    def replace(self, found: Found) -> Difference:
        """Moves the state to what was found, and publishes what that changes, if anything."""
        difference = self.state.replace(found)
        if difference:
            self._publish(difference, self._next_version())
        return difference

    def pass_version(self, version: int) -> None:
        """Sees to it that the published version is above `version`, which a gateway has from a history we lost."""
        if version >= self.version:
            self._publish(Difference(), self._next_version(version))

    def deltas_since(self, version: int) -> list[bytes] | None:
        """What leads from `version` to the present; `None` where that is not known any more."""
        if version == self.version:
            return []
        deltas: list[bytes] = []
        for delta in reversed(self._history):
            deltas.append(delta.data)
            if delta.base == version:
                return deltas[::-1]
        return None

    def whole(self) -> Iterator[bytes]:
        """The state of this moment in pieces, whatever happens to it while they are taken."""
        return whole_pieces(self.state.rows(), self.version)

    @contextmanager
    def subscription(self) -> Iterator[Subscriber]:
        """A subscriber to every delta from now on."""
        subscriber = Subscriber()
        self._subscribers.add(subscriber)
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)

    def _next_version(self, floor: int = 0) -> int:
        return max(self.version + 1, floor + 1, int(self._clock() * 1000))

    def _publish(self, difference: Difference, version: int) -> None:
        delta = _Delta(self.version, delta_frame(difference, self.version, version))
        self.version = version
        self._history.append(delta)
        self._history_bytes += len(delta.data)
        while self._history_bytes > _HISTORY_BYTES:
            self._history_bytes -= len(self._history.popleft().data)
        for subscriber in self._subscribers:
            subscriber.offer(delta.data)
