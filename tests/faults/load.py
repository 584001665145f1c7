"""Traffic: callers that ask, one request after the other, for whatever a mix of kinds says, until told to stop."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

from tests.faults.connection import Broken, Connection
from tests.faults.kinds import Kind
from tests.faults.target import Target
from tests.running import until

__all__ = ["Ended", "Load"]

_JOIN_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Ended:
    """One request, as its client saw it. Times are of the monotonic clock."""

    kind: str
    request_id: str
    began: float
    ended: float
    status: int | None
    fault: str | None
    """What was not as the kind promises."""
    broken: bool = False
    """The connection ended instead of the answer."""


@dataclass(slots=True)
class Load:
    """Callers in threads of their own. As a context manager it runs for the length of the block.

    `keeps` says whether callers keep connections. `remembers` keeps every `Ended`, not only those that went wrong.
    `most` bounds how many requests are made in all. `pause` is how many seconds a caller rests between two.
    """

    target: Target
    mix: Sequence[tuple[Kind, int]]
    """Kinds and their weights."""
    name: str
    """Begins every request id; no two loads share it."""
    callers: int = 6
    keeps: bool = False
    remembers: bool = True
    most: int | None = None
    pause: float = 0.0
    ended: list[Ended] = field(default_factory=list)
    wrong: list[Ended] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _failures: list[BaseException] = field(default_factory=list)

    def __enter__(self) -> Load:
        self._threads = [threading.Thread(target=self._call, args=(seed,)) for seed in range(self.callers)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self.wait()

    def wait(self) -> None:
        """Returns once all callers have ended: told to, or with `most` requests made."""
        deadline = time.monotonic() + (_JOIN_SECONDS if self._stop.is_set() else 3600.0)
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            assert not thread.is_alive(), "a request does not end"
        if self._failures:
            raise self._failures[0]

    def advance(self, requests: int, *, seconds: float = 60.0) -> None:
        """Returns once so many more requests went as they should."""
        goal = self.right + requests
        until(lambda: self.right >= goal or self._failures, seconds=seconds, message="the traffic has come to a halt")

    @property
    def right(self) -> int:
        """How many requests went as they should."""
        return self.counts.total() - len(self.wrong)

    def _call(self, seed: int) -> None:
        chance = random.Random(seed)
        kinds = [kind for kind, _ in self.mix]
        weights = list(itertools.accumulate(weight for _, weight in self.mix))
        connection: Connection | None = None
        try:
            while not self._stop.is_set():
                number = next(self._numbers)
                if self.most is not None and number >= self.most:
                    break
                kind = chance.choices(kinds, cum_weights=weights)[0]
                connection = self._one(kind, f"{self.name}-{number}", connection, chance)
                if self.pause:
                    self._stop.wait(self.pause)
        except BaseException as error:  # noqa: BLE001 - raised again by the one who waits
            self._failures.append(error)
        finally:
            if connection is not None:
                connection.leave()

    def _one(self, kind: Kind, request_id: str, kept: Connection | None, chance: random.Random) -> Connection | None:
        """Makes one request; returns the connection where another may follow on it."""
        began = time.monotonic()
        status, fault, broken = None, None, False
        connection = kept
        try:
            if connection is None:
                connection = self.target.connect()
            status, fault = kind.send(self.target, connection, request_id, chance)
        except (Broken, OSError) as error:
            fault, broken = f"{type(error).__name__}: {error}", isinstance(error, Broken)
        ended = Ended(kind.name, request_id, began, time.monotonic(), status, fault, broken)
        if self.remembers:
            self.ended.append(ended)
        if fault is not None:
            self.wrong.append(ended)
        self.counts[kind.name] += 1
        if connection is None:
            return None
        if fault is None and self.keeps and connection.reusable:
            return connection
        connection.leave()
        return None
