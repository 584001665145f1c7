"""Journals as the recorder finds them: a directory per gateway process, numbered segments, a lock.

The format is `contract.usage`'s.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Segment", "WorkerJournal", "discard_nascent", "find_workers"]

_SUFFIX = ".seg"
_NASCENT_SECONDS = 60.0
"""A journal directory is made under a hidden name and renamed within milliseconds; one this old has no maker."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of a journal."""

    number: int
    path: Path
    final: bool
    """There is a later one: the writer will not touch it again."""

    def size(self) -> int:
        """In bytes; 0 when the file is gone, because somebody else recorded it to its end."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def read(self, position: int, length: int) -> bytes:
        """At most `length` bytes from `position`; nothing when the file is gone. Raises OSError."""
        try:
            with self.path.open("rb") as file:
                file.seek(position)
                return file.read(length)
        except FileNotFoundError:
            return b""


@dataclass(frozen=True, slots=True)
class WorkerJournal:
    """The journal of one gateway process."""

    worker_id: uuid.UUID
    directory: Path

    def segments(self) -> list[Segment]:
        """In the order of writing. Raises OSError."""
        try:
            paths = [path for path in self.directory.iterdir() if path.suffix == _SUFFIX and path.stem.isdigit()]
        except FileNotFoundError:
            return []
        paths.sort(key=lambda path: int(path.stem))
        return [Segment(int(path.stem), path, final=path is not paths[-1]) for path in paths]

    @contextmanager
    def abandoned(self) -> Iterator[bool]:
        """True when the writer is dead; then nobody else gets this answer while the context lasts.

        Raises OSError.
        """
        try:
            lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:  # its removal was interrupted behind the lock's
            yield self.directory.is_dir()
            return
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(lock)

    def lives(self) -> bool:
        """Whether its gateway is there to write. Raises OSError."""
        with self.abandoned() as abandoned:
            return not abandoned and self.directory.is_dir()

    @contextmanager
    def recording(self) -> Iterator[bool]:
        """True when no segment is changed while the context lasts (see `rewriting`). Raises OSError."""
        with self._held(fcntl.LOCK_SH) as held:
            yield held

    @contextmanager
    def rewriting(self) -> Iterator[bool]:
        """True when nobody records from this journal, nor begins to, while the context lasts. Raises OSError."""
        with self._held(fcntl.LOCK_EX) as held:
            yield held

    @contextmanager
    def _held(self, kind: int) -> Iterator[bool]:
        try:
            directory = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            yield kind == fcntl.LOCK_SH  # somebody else has finished it: there is nothing to record
            return
        try:
            fcntl.flock(directory, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            held = False
        else:
            held = True
        try:
            yield held
        finally:
            os.close(directory)

    def remove(self) -> None:
        """Deletes the directory: segments first, the lock last. Raises OSError."""
        for segment in self.segments():
            segment.path.unlink(missing_ok=True)
        shutil.rmtree(self.directory)


def find_workers(journal_dir: Path) -> list[WorkerJournal]:
    """Every journal there is. Raises OSError."""
    try:
        paths = sorted(journal_dir.iterdir())
    except FileNotFoundError:
        return []
    workers = []
    for path in paths:
        with contextlib.suppress(ValueError):  # the quarantine, and whatever else lies there
            workers.append(WorkerJournal(uuid.UUID(path.name), path))
    return workers


def discard_nascent(journal_dir: Path) -> None:
    """Deletes what gateways left that died while they made their directory. Raises OSError."""
    for path in journal_dir.glob(".*"):
        with contextlib.suppress(ValueError, FileNotFoundError):
            uuid.UUID(path.name[1:])
            if time.time() - path.stat().st_mtime > _NASCENT_SECONDS:
                shutil.rmtree(path)
