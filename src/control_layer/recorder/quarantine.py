"""Segments with something in them that cannot be recorded are kept aside, for a person to look at."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import structlog

from control_layer.recorder.journal import WorkerJournal

__all__ = ["Quarantine"]

_log = structlog.get_logger(__name__)
_MOST_SEGMENTS = 64
"""About 1 GB of segments; with more than that, the first ones tell the story."""


class Quarantine:
    """`<journal>/quarantine/`."""

    def __init__(self, journal_dir: Path) -> None:
        self._directory = journal_dir / "quarantine"
        self.records = 0
        """How many places have been set aside."""

    def put(self, worker: WorkerJournal, segment: int, start: int, end: int, reason: str) -> None:
        """Keeps a copy of the segment and says what is lost. Never fails: recording must go on."""
        self.records += 1
        kept: str | None = None
        with contextlib.suppress(OSError):
            kept = self._copy(worker, segment)
        _log.error(
            "journal_record_not_recordable",
            worker=str(worker.worker_id),
            segment=segment,
            start=start,
            end=end,
            reason=reason,
            lost=f"{end - start} bytes of usage records are not in the database",
            kept=kept,
        )

    def _copy(self, worker: WorkerJournal, segment: int) -> str | None:
        self._directory.mkdir(mode=0o700, exist_ok=True)
        name = f"{worker.worker_id}-{segment:08d}.seg"
        target = self._directory / name
        if not target.exists() and len(list(self._directory.iterdir())) >= _MOST_SEGMENTS:
            return None
        partial = self._directory / f".{name}"
        fd = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as copy, (worker.directory / f"{segment:08d}.seg").open("rb") as source:
            shutil.copyfileobj(source, copy)
        partial.rename(target)
        return str(target)
