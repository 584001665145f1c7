"""One journal's way into the database: batch by batch, the next one read while the database has the last one."""

from __future__ import annotations

import asyncio
import enum
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from control_layer.contract.usage import Record
from control_layer.recorder.batches import Batch, next_batch
from control_layer.recorder.journal import Segment, WorkerJournal
from control_layer.recorder.key_uses import KeyUses
from control_layer.recorder.ledger import Ledger, PositionMoved, Refused
from control_layer.recorder.partitions import Days
from control_layer.recorder.quarantine import Quarantine
from control_layer.recorder.rows import Rows, Unstorable, rows_of

__all__ = ["Found", "Shipping"]

_log = structlog.get_logger(__name__)


class Found(enum.IntEnum):
    """What there was to record."""

    NOTHING = 0
    SOME = 1
    MORE = 2
    """And there is more to be had at once."""


@dataclass(frozen=True, slots=True)
class _Load:
    """A batch that is read."""

    segment: Segment
    batch: Batch
    rows: Rows | None
    """`None` where a record of it is no row."""


class Shipping:
    """Ships journals; remembers how far each of them is.

    What awaits raises SQLAlchemy's errors, `DatabaseUnavailable` and OSError.
    """

    def __init__(
        self,
        ledger: Ledger,
        days: Days,
        quarantine: Quarantine,
        key_uses: KeyUses,
        *,
        on_recorded: Callable[[list[Record]], None] | None = None,
    ) -> None:
        self._ledger = ledger
        self._days = days
        self._quarantine = quarantine
        self._key_uses = key_uses
        self._on_recorded = on_recorded
        self._positions: dict[uuid.UUID, dict[int, int]] = {}
        """What the database said. Where it is behind (a commit's answer was lost), `PositionMoved` says so."""
        self.recorded = 0
        """Requests that were recorded to their end."""
        self.lost = 0
        """Requests that a dead gateway left open."""

    def position(self, worker_id: uuid.UUID, segment: int) -> int:
        """How far a segment is recorded, as far as we know."""
        return self._positions.get(worker_id, {}).get(segment, 0)

    def retain(self, workers: Iterable[WorkerJournal]) -> None:
        """Forgets the positions of all other journals."""
        self._positions = {w.worker_id: p for w in workers if (p := self._positions.get(w.worker_id)) is not None}

    def forget(self, worker_id: uuid.UUID) -> None:
        """Asks the database for a journal's positions again, before the next batch."""
        self._positions.pop(worker_id, None)

    async def advance(self, worker: WorkerJournal) -> Found:
        """Takes a journal further: what stands in one segment, or its end when its gateway is dead."""
        with worker.recording() as free:
            if not free:  # its bodies are being removed, by another process
                return Found.SOME
            found = await self._record_next(worker, written_out=False)
            if found:
                return found
            with worker.abandoned() as abandoned:
                if not abandoned:
                    return Found.NOTHING
                # What was written between our last look and the writer's death is there now.
                found = await self._record_next(worker, written_out=True)
                if found:
                    return found
                await self._bury(worker)
            return Found.SOME

    async def _record_next(self, worker: WorkerJournal, *, written_out: bool) -> Found:
        positions = self._positions.get(worker.worker_id)
        if positions is None:
            positions = self._positions[worker.worker_id] = await self._ledger.positions(worker.worker_id)
        load = await asyncio.to_thread(_first_load, worker, positions, written_out=written_out)
        if load is None:
            return Found.NOTHING
        while True:
            ahead = _read_ahead(worker, load) if load.batch.full else None
            try:
                await self._record(worker, load.segment.number, load.batch, load.rows)
            except BaseException as error:
                if ahead is not None:
                    await asyncio.wait((ahead,))
                if not isinstance(error, PositionMoved):
                    raise
                self.forget(worker.worker_id)
                return Found.MORE
            following = None if ahead is None else await ahead
            if following is None:
                return Found.MORE if load.batch.full or load.segment.final else Found.SOME
            load = following

    async def _record(self, worker: WorkerJournal, segment: int, batch: Batch, rows: Rows | None = None) -> None:
        """Records a batch; what the database will not have is halved until the record to blame stands alone."""
        reason = batch.damage
        if reason is None:
            try:
                if rows is None:
                    rows = await asyncio.to_thread(rows_of, batch.records, worker.worker_id)
                await self._write(worker, segment, batch, rows)
            except (Unstorable, Refused) as error:
                reason = str(error)
            else:
                if self._on_recorded is not None:
                    self._on_recorded(batch.records)
                return
            if len(batch.records) > 1:
                for half in batch.halves():
                    await self._record(worker, segment, half)
                return
        await asyncio.to_thread(self._quarantine.put, worker, segment, batch.start, batch.end, reason)
        await self._write(worker, segment, batch, Rows([], [], []))

    async def _write(self, worker: WorkerJournal, segment: int, batch: Batch, rows: Rows) -> None:
        await self._days.ensure(rows.days())
        await self._ledger.record(worker.worker_id, segment, batch.start, batch.end, rows)
        self._positions[worker.worker_id][segment] = batch.end
        self.recorded += len(rows.closed)
        self._key_uses.note(rows.last_use_of_keys())

    async def _bury(self, worker: WorkerJournal) -> None:
        """A dead gateway's journal is recorded to its end: close what it left open, and delete it."""
        lost = await self._ledger.give_up(worker.worker_id)
        self.lost += lost
        await asyncio.to_thread(worker.remove)
        await self._ledger.forget(worker.worker_id)
        _log.info("journal_finished", worker=str(worker.worker_id), lost_requests=lost)


def _first_load(worker: WorkerJournal, positions: dict[int, int], *, written_out: bool) -> _Load | None:
    """The first batch that waits; segments that are recorded to their end, and will not grow, are deleted."""
    for segment in worker.segments():
        position = positions.get(segment.number, 0)
        batch = next_batch(segment, position, written_out=written_out or segment.final)
        if batch is not None:
            return _loaded(worker, segment, batch)
        if segment.final:
            segment.path.unlink(missing_ok=True)
            positions.pop(segment.number, None)
    return None


def _read_ahead(worker: WorkerJournal, load: _Load) -> asyncio.Future[_Load | None]:
    """What stands behind a batch in its segment, read meanwhile."""

    def read() -> _Load | None:
        segment = load.segment
        batch = next_batch(segment, load.batch.end, written_out=segment.final)
        return None if batch is None else _loaded(worker, segment, batch)

    return asyncio.ensure_future(asyncio.to_thread(read))


def _loaded(worker: WorkerJournal, segment: Segment, batch: Batch) -> _Load:
    try:
        rows = rows_of(batch.records, worker.worker_id)
    except Unstorable:
        rows = None
    return _Load(segment, batch, rows)
