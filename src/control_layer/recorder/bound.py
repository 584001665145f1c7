"""How much room journals take while they wait. Beyond the bound they lose bodies, the oldest first; never more.

A segment is written anew without its `Bodies`. Positions are offsets, so it must be one that nobody has begun to
record: the first of a journal may be begun, and stays whole; a living gateway's last one is being written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from control_layer.contract.usage import Bodies, DamagedRecord, decode_records
from control_layer.recorder.journal import Segment, WorkerJournal, find_workers

__all__ = ["JournalBound"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Candidate:
    worker: WorkerJournal
    number: int
    path: Path
    written_at: float


class JournalBound:
    """Keeps the journals below `journal_dir` within `max_bytes`, as far as bodies are to blame."""

    def __init__(self, journal_dir: Path, max_bytes: int) -> None:
        self._journal_dir = journal_dir
        self._max_bytes = max_bytes
        self._bare: set[Path] = set()
        """Segments without bodies."""
        self._over = False
        self.size = 0
        """Bytes of all segments, when last looked at."""
        self.removed = 0
        """Bodies that were removed."""

    def enforce(self) -> None:
        """Removes as many bodies as are too much. Blocks on the disk. Raises OSError."""
        workers = find_workers(self._journal_dir)
        segments = [(worker, worker.segments()) for worker in workers]
        self.size = sum(segment.size() for _, each in segments for segment in each)
        self._bare.intersection_update(segment.path for _, each in segments for segment in each)
        if self.size <= self._max_bytes:
            self._over = False
            return
        removed = self.removed
        for candidate in sorted(self._candidates(segments), key=lambda each: each.written_at):
            self._bare_of_bodies(candidate)
            if self.size <= self._max_bytes:
                break
        if self.removed > removed:
            _log.warning(
                "journal_bodies_removed",
                bodies=self.removed - removed,
                limit_bytes=self._max_bytes,
                consequence="these requests are recorded and charged, but what was said in them is not kept",
            )
        if self.size > self._max_bytes and not self._over:
            self._over = True
            _log.error(
                "journal_over_limit",
                bytes=self.size,
                limit_bytes=self._max_bytes,
                consequence="no bodies are left to remove; new AI requests go on until the disk is nearly full",
            )

    def _candidates(self, segments: list[tuple[WorkerJournal, list[Segment]]]) -> Iterator[_Candidate]:
        for worker, each in segments:
            for segment in each[1:]:
                if segment.path not in self._bare:
                    with suppress(FileNotFoundError):
                        yield _Candidate(worker, segment.number, segment.path, segment.path.stat().st_mtime)

    def _bare_of_bodies(self, candidate: _Candidate) -> None:
        worker = candidate.worker
        with worker.rewriting() as ours, worker.abandoned() as dead:
            if not ours:
                return
            segments = worker.segments()  # what they are now that nobody records
            changeable = segments[1:] if dead else segments[1:-1]
            if all(segment.number != candidate.number for segment in changeable):
                return
            before = candidate.path.stat()
            kept, bodies = _without_bodies(candidate.path.read_bytes())
            if bodies:
                _replace(candidate.path, kept, before)
                self.removed += bodies
                self.size -= before.st_size - len(kept)
            self._bare.add(candidate.path)


def _without_bodies(data: bytes) -> tuple[bytes, int]:
    """The segment's other records, byte by byte, and how many bodies that leaves out. Damage stays as it is."""
    kept = bytearray()
    bodies = begin = 0
    with suppress(DamagedRecord):
        for record, end in decode_records(data):
            if isinstance(record, Bodies):
                bodies += 1
            else:
                kept += data[begin:end]
            begin = end
    kept += data[begin:]
    return bytes(kept), bodies


def _replace(path: Path, data: bytes, before: os.stat_result) -> None:
    """At every moment there is the old segment or the new one, whole."""
    partial = path.with_name(f".{path.name}")
    fd = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.utime(partial, ns=(before.st_atime_ns, before.st_mtime_ns))
    partial.rename(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
