"""Follows every journal on this host and ships it to Postgres, whatever dies in between."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from control_layer.contract.supervision import Sample
from control_layer.contract.usage import Record
from control_layer.recorder.bound import JournalBound
from control_layer.recorder.journal import WorkerJournal, discard_nascent, find_workers
from control_layer.recorder.key_uses import KeyUses
from control_layer.recorder.ledger import Ledger
from control_layer.recorder.partitions import Days
from control_layer.recorder.quarantine import Quarantine
from control_layer.recorder.shipping import Found, Shipping

__all__ = ["Recorder"]

_log = structlog.get_logger(__name__)
_POLL_SECONDS = 0.1
_FIRST_BACKOFF_SECONDS = 0.1
_LONGEST_BACKOFF_SECONDS = 5.0
_LAST_ROUNDS_SECONDS = 20.0
_LAST_ROUNDS = 3
"""With little left: a last batch, and the end of a dead gateway's journal. Living ones would go on for ever."""
_BOUND_SECONDS = 1.0
"""How often the journals' size is looked at."""
_MAX_BYTES = 8 * 1024**3
_REDACTED_HELP = "What redaction rules took out of bodies."
_PAUSE_SECONDS = 30.0
"""How long a journal that cannot be read is left alone, while the others go on."""

_AWAY = (SQLAlchemyError, ConnectionError, TimeoutError)
"""The database cannot be reached or does not work; nothing is wrong with what we wanted to write."""
_AT_ONCE = 2
"""Journals: while Postgres has the rows of one, the next one's are decoded. Each takes a connection of the pool."""


class Recorder:
    """Ships journals below `journal_dir`, one directory for each gateway process.

    Journals that take more than `max_bytes`, because the database is away or slow, lose bodies.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        journal_dir: Path,
        *,
        max_bytes: int = _MAX_BYTES,
        searchable: bool = False,
        announcing: bool = False,
        on_recorded: Callable[[list[Record]], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`on_recorded` is told what has been committed; it must not wait.

        `searchable`: bodies can be found by their words. `announcing`: what is recorded goes to sinks too.
        """
        self._ledger = Ledger(engine, searchable=searchable, announcing=announcing)
        self._journal_dir = journal_dir
        self._clock = clock
        self._jitter = jitter
        self._quarantine = Quarantine(journal_dir)
        self._key_uses = KeyUses()
        self._bound = JournalBound(journal_dir, max_bytes)
        self._bound_at = clock()
        self._shipping = Shipping(
            self._ledger, Days(engine, clock=clock), self._quarantine, self._key_uses, on_recorded=on_recorded
        )
        self._paused: dict[uuid.UUID, float] = {}
        self._stopping = asyncio.Event()
        self._caught_up_at = clock()
        self._failures = 0

    async def run(self) -> None:
        """Records until `stop` is called, then what is left; waits out an absent database. Cancelling is safe."""
        while not self._stopping.is_set():
            delay = _POLL_SECONDS
            try:
                if await self._round() is Found.MORE:
                    delay = 0.0
                await self._touch_keys()
                self._present()
            except (*_AWAY, OSError) as error:
                delay = self._away(error)
            await self._enforce_bound()
            await self._wait(delay)
        await self._finish()

    def stop(self) -> None:
        """Makes `run` record what there is now and return."""
        self._stopping.set()

    def samples(self) -> list[Sample]:
        """How recording goes."""
        shipping, bound = self._shipping, self._bound
        lag = max(0.0, self._clock() - self._caught_up_at)
        values = (
            ("recorded_requests_total", "counter", "Requests recorded to their end.", shipping.recorded),
            ("lost_requests_total", "counter", "Requests a dead gateway left open.", shipping.lost),
            ("quarantined_records_total", "counter", "Places that could not be recorded.", self._quarantine.records),
            ("recorder_lag_seconds", "gauge", "Time since everything in the journals was recorded.", lag),
            ("recorder_backlog_bytes", "gauge", "Not recorded yet.", self._backlog()),
            ("journal_size_bytes", "gauge", "What the journals take on this host's disk.", bound.size),
            (
                "journal_bodies_removed_total",
                "counter",
                "Bodies removed from journals for want of room.",
                bound.removed,
            ),
        )
        redacted = self._ledger.redacting.found
        return [
            *(
                Sample(f"control_layer_{name}", kind, help_text, {}, float(value))
                for name, kind, help_text, value in values
            ),
            *(
                Sample("control_layer_redacted_total", "counter", _REDACTED_HELP, {"rule": rule}, float(times))
                for rule, times in redacted.items()
            ),
        ]

    async def _round(self) -> Found:
        """A segment of every journal."""
        begun_at = self._clock()
        workers = await asyncio.to_thread(find_workers, self._journal_dir)
        self._shipping.retain(workers)
        self._paused = {worker_id: until for worker_id, until in self._paused.items() if until > begun_at}
        turns = asyncio.Semaphore(_AT_ONCE)
        found = await asyncio.gather(
            *(self._take_turn(worker, turns, begun_at) for worker in workers if worker.worker_id not in self._paused),
            return_exceptions=True,
        )
        for result in found:
            if isinstance(result, BaseException):
                raise result
        most = max((result for result in found if isinstance(result, Found)), default=Found.NOTHING)
        if most is not Found.MORE and not self._paused:
            self._caught_up_at = begun_at
        return most

    async def _take_turn(self, worker: WorkerJournal, turns: asyncio.Semaphore, begun_at: float) -> Found:
        async with turns:
            try:
                return await self._shipping.advance(worker)
            except _AWAY:
                raise
            except Exception as error:  # noqa: BLE001 - one journal's fault must not hold up the others
                self._shipping.forget(worker.worker_id)
                self._paused[worker.worker_id] = begun_at + _PAUSE_SECONDS
                _log.error("journal_cannot_be_recorded", worker=str(worker.worker_id), error=repr(error), exc_info=True)
                return Found.NOTHING

    async def _enforce_bound(self) -> None:
        if self._clock() < self._bound_at:
            return
        self._bound_at = self._clock() + _BOUND_SECONDS
        try:
            await asyncio.to_thread(self._bound.enforce)
        except OSError as error:
            _log.warning("journal_bound_not_enforced", error=str(error), retry_seconds=_BOUND_SECONDS)

    async def _touch_keys(self) -> None:
        now = self._clock()
        if uses := self._key_uses.due(now):
            await self._ledger.touch_keys(uses)
            self._key_uses.done(uses, now)

    async def _finish(self) -> None:
        """The last rounds. What cannot be recorded now stays in the journals for the next start."""
        try:
            async with asyncio.timeout(_LAST_ROUNDS_SECONDS):
                rounds = 0
                while (found := await self._round()) and rounds < _LAST_ROUNDS:
                    rounds += found is not Found.MORE
                if uses := self._key_uses.all():
                    await self._ledger.touch_keys(uses)
                await asyncio.to_thread(discard_nascent, self._journal_dir)
        except (*_AWAY, OSError) as error:
            _log.warning("recorder_stopped_early", error=str(error), backlog_bytes=self._backlog())

    def _away(self, error: Exception) -> float:
        """Notes that the database does not answer; returns how many seconds to wait."""
        if not self._failures:
            _log.warning("recorder_cannot_write", error=str(error), consequence="usage is kept in the journals")
        self._failures += 1
        longest: float = min(_FIRST_BACKOFF_SECONDS * 2 ** min(self._failures, 16), _LONGEST_BACKOFF_SECONDS)
        return longest * (0.5 + self._jitter() / 2)

    def _present(self) -> None:
        if self._failures:
            _log.info("recorder_writes_again", backlog_bytes=self._backlog())
        self._failures = 0

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _backlog(self) -> int:
        total = 0
        for worker in find_workers(self._journal_dir):
            at = self._shipping.position
            total += sum(max(0, s.size() - at(worker.worker_id, s.number)) for s in worker.segments())
        return total
