"""Whether what this host's journals say ended is in the database, as far as it is said to be recorded."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.contract.usage import Closed
from control_layer.control.reconciliation.findings import MOST, Finding, Report
from control_layer.recorder.batches import next_batch
from control_layer.recorder.journal import Segment, find_workers
from control_layer.recorder.rows import Unstorable, rows_of

__all__ = ["check_journals"]

_WHERE = "journal"
_POSITIONS = text("SELECT worker_id, segment, position FROM journal_positions")
_MISSING = text("""
    SELECT ended.id FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS ended (id, at)
    WHERE NOT EXISTS (SELECT FROM requests WHERE requests.at = ended.at AND requests.id = ended.id)
""")


async def check_journals(session: AsyncSession, journal_dir: Path, report: Report) -> AsyncIterator[Finding]:
    """Reads them a batch at a time. Notes in `report` what waits to be recorded. Raises OSError."""
    rows = await session.execute(_POSITIONS)
    positions = {(row.worker_id, row.segment): row.position for row in rows}
    for aside in _set_aside(journal_dir):
        yield Finding(_WHERE, f"{aside} was set aside: something in it could not be recorded")
    for worker in find_workers(journal_dir):
        for segment in worker.segments():
            position = positions.get((worker.worker_id, segment.number), 0)
            size = segment.size()
            if segment.path.exists() and size < position:
                yield Finding(_WHERE, f"{segment.path} has {size} bytes; {position} were recorded from it")
            report.looked_at["bytes not recorded yet"] += max(0, size - position)
            async for finding in _recorded(session, segment, position, worker.worker_id, report):
                yield finding


async def _recorded(
    session: AsyncSession, segment: Segment, position: int, worker_id: uuid.UUID, report: Report
) -> AsyncIterator[Finding]:
    for closed in _ended(segment, position):
        try:
            ended = rows_of(closed, worker_id).closed
        except Unstorable:  # it was set aside
            continue
        report.looked_at["requests in journals"] += len(ended)
        missing = await session.execute(
            _MISSING, {"ids": [row.id for row in ended], "times": [row.at for row in ended]}
        )
        for event_id in list(missing.scalars())[:MOST]:
            yield Finding(_WHERE, f"request {event_id} ended in {segment.path} and is not in the database")


def _set_aside(journal_dir: Path) -> list[Path]:
    return sorted(journal_dir.glob("quarantine/*.seg"))[:MOST]


def _ended(segment: Segment, position: int) -> Iterator[list[Closed]]:
    """The ends of requests before a position."""
    at = 0
    while at < position and (batch := next_batch(segment, at, written_out=True)) is not None:
        ends = zip(batch.records, batch.ends, strict=False)
        yield [record for record, end in ends if isinstance(record, Closed) and end <= position]
        at = batch.end
