"""Follows every journal on this host and ships it to Postgres, whatever dies in between."""

from __future__ import annotations

import asyncio
import enum
import random
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from control_layer.contract.supervision import Sample
from control_layer.contract.usage import Record
from control_layer.recorder.batches import Batch, next_batch
from control_layer.recorder.journal import Segment, WorkerJournal, discard_nascent, find_workers
from control_layer.recorder.key_uses import KeyUses
from control_layer.recorder.ledger import Ledger, PositionMoved
from control_layer.recorder.quarantine import Quarantine
from control_layer.recorder.rows import Rows, Unstorable, rows_of

__all__ = ["Recorder"]

_log = structlog.get_logger(__name__)
_POLL_SECONDS = 0.1
_FIRST_BACKOFF_SECONDS = 0.1
_LONGEST_BACKOFF_SECONDS = 5.0
_LAST_ROUNDS_SECONDS = 20.0
_LAST_ROUNDS = 3
"""With little left: a last batch, and the end of a dead gateway's journal. Living ones would go on for ever."""
_PAUSE_SECONDS = 30.0
"""How long a journal that cannot be read is left alone, while the others go on."""

_AWAY = (SQLAlchemyError, ConnectionError, TimeoutError)
"""The database cannot be reached or does not work; nothing is wrong with what we wanted to write."""
_REFUSED = ("22", "23", "54")
"""Classes of SQLSTATE that blame the values: data exception, constraint violation, program limit exceeded."""


class _Found(enum.IntEnum):
    NOTHING = 0
    SOME = 1
    MORE = 2
    """And there is more to be had at once."""


class Recorder:
    """Ships journals below `journal_dir`, one directory for each gateway process."""

    def __init__(
        self,
        engine: AsyncEngine,
        journal_dir: Path,
        *,
        on_recorded: Callable[[list[Record]], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`on_recorded` is told what has been committed; it must not wait."""
        self._ledger = Ledger(engine)
        self._on_recorded = on_recorded
        self._journal_dir = journal_dir
        self._clock = clock
        self._jitter = jitter
        self._quarantine = Quarantine(journal_dir)
        self._key_uses = KeyUses()
        self._positions: dict[uuid.UUID, dict[int, int]] = {}
        """What the database said. Where it is behind (a commit's answer was lost), `PositionMoved` says so."""
        self._paused: dict[uuid.UUID, float] = {}
        self._stopping = asyncio.Event()
        self._caught_up_at = clock()
        self._recorded = 0
        self._lost = 0
        self._failures = 0

    async def run(self) -> None:
        """Records until `stop` is called, then what is left; waits out an absent database. Cancelling is safe."""
        while not self._stopping.is_set():
            delay = _POLL_SECONDS
            try:
                if await self._round() is _Found.MORE:
                    delay = 0.0
                await self._touch_keys()
                self._present()
            except (*_AWAY, OSError) as error:
                delay = self._away(error)
            await self._wait(delay)
        await self._finish()

    def stop(self) -> None:
        """Makes `run` record what there is now and return."""
        self._stopping.set()

    def samples(self) -> list[Sample]:
        """How recording goes."""
        return [
            _sample("control_layer_recorded_requests_total", "counter", "Request rows written.", self._recorded),
            _sample("control_layer_lost_requests_total", "counter", "Requests a dead gateway left open.", self._lost),
            _sample(
                "control_layer_quarantined_records_total",
                "counter",
                "Places in journals that could not be recorded.",
                self._quarantine.records,
            ),
            _sample(
                "control_layer_recorder_lag_seconds",
                "gauge",
                "Time since everything in the journals was recorded.",
                max(0.0, self._clock() - self._caught_up_at),
            ),
            _sample("control_layer_recorder_backlog_bytes", "gauge", "Not recorded yet.", self._backlog()),
        ]

    async def _round(self) -> _Found:
        """One batch of every journal."""
        begun_at = self._clock()
        workers = await asyncio.to_thread(find_workers, self._journal_dir)
        self._positions = {w.worker_id: p for w in workers if (p := self._positions.get(w.worker_id)) is not None}
        self._paused = {worker_id: until for worker_id, until in self._paused.items() if until > begun_at}
        most = _Found.NOTHING
        for worker in workers:
            if worker.worker_id in self._paused:
                continue
            try:
                most = max(most, await self._advance(worker))
            except _AWAY:
                raise
            except Exception as error:  # noqa: BLE001 - one journal's fault must not hold up the others
                self._positions.pop(worker.worker_id, None)
                self._paused[worker.worker_id] = begun_at + _PAUSE_SECONDS
                _log.error("journal_cannot_be_recorded", worker=str(worker.worker_id), error=repr(error), exc_info=True)
        if most is not _Found.MORE and not self._paused:
            self._caught_up_at = begun_at
        return most

    async def _advance(self, worker: WorkerJournal) -> _Found:
        """The next step with one journal: a batch, or its end when its gateway is dead."""
        found = await self._record_next(worker, written_out=False)
        if found:
            return found
        with worker.abandoned() as abandoned:
            if not abandoned:
                return _Found.NOTHING
            # What was written between our last look and the writer's death is there now.
            found = await self._record_next(worker, written_out=True)
            if found:
                return found
            await self._bury(worker)
        return _Found.SOME

    async def _record_next(self, worker: WorkerJournal, *, written_out: bool) -> _Found:
        positions = self._positions.get(worker.worker_id)
        if positions is None:
            positions = self._positions[worker.worker_id] = await self._ledger.positions(worker.worker_id)
        found = await asyncio.to_thread(_first_batch, worker, positions, written_out=written_out)
        if found is None:
            return _Found.NOTHING
        segment, batch = found
        try:
            await self._record(worker, segment.number, batch)
        except PositionMoved:
            self._positions.pop(worker.worker_id, None)
            return _Found.MORE
        return _Found.MORE if batch.full or segment.final else _Found.SOME

    async def _record(self, worker: WorkerJournal, segment: int, batch: Batch) -> None:
        """Records a batch; what the database will not have is halved until the record to blame stands alone."""
        reason = batch.damage
        if reason is None:
            try:
                await self._write(worker, segment, batch.start, batch.end, batch.records)
            except Unstorable as error:
                reason = str(error)
            except DBAPIError as error:
                if not _refused(error):
                    raise
                reason = str(error.orig)
            else:
                return
            if len(batch.records) > 1:
                for half in batch.halves():
                    await self._record(worker, segment, half)
                return
        await asyncio.to_thread(self._quarantine.put, worker, segment, batch.start, batch.end, reason)
        await self._write(worker, segment, batch.start, batch.end, [])

    async def _write(self, worker: WorkerJournal, segment: int, start: int, end: int, records: list[Record]) -> None:
        rows = await asyncio.to_thread(rows_of, records, worker.worker_id) if records else Rows([], [])
        await self._ledger.record(worker.worker_id, segment, start, end, rows)
        self._positions[worker.worker_id][segment] = end
        self._recorded += len(rows.requests)
        self._key_uses.note(rows.last_use_of_keys())
        if self._on_recorded is not None:
            self._on_recorded(records)

    async def _bury(self, worker: WorkerJournal) -> None:
        """A dead gateway's journal is recorded to its end: close what it left open, and delete it."""
        lost = await self._ledger.give_up(worker.worker_id)
        self._lost += lost
        await asyncio.to_thread(worker.remove)
        await self._ledger.forget(worker.worker_id)
        _log.info("journal_finished", worker=str(worker.worker_id), lost_requests=lost)

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
                    rounds += found is not _Found.MORE
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
            positions = self._positions.get(worker.worker_id, {})
            total += sum(max(0, s.size() - positions.get(s.number, 0)) for s in worker.segments())
        return total


def _first_batch(
    worker: WorkerJournal, positions: dict[int, int], *, written_out: bool
) -> tuple[Segment, Batch] | None:
    """The first batch that waits; segments that are recorded to their end, and will not grow, are deleted."""
    for segment in worker.segments():
        position = positions.get(segment.number, 0)
        batch = next_batch(segment, position, written_out=written_out or segment.final)
        if batch is not None:
            return segment, batch
        if segment.final:
            segment.path.unlink(missing_ok=True)
            positions.pop(segment.number, None)
    return None


def _refused(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return isinstance(state, str) and state[:2] in _REFUSED


def _sample(name: str, kind: str, help_text: str, value: float) -> Sample:
    return Sample(name, kind, help_text, {}, float(value))
