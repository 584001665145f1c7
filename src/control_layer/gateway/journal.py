"""Usage events out: an append-only journal that survives kill -9 of this process (format: `contract.usage`).

Records of one loop turn leave in one write. Whoever must not act before its record is on disk hands a callback along:
the forward of a request waits for its `Opened`, the last byte of an answer for its `Closed`.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import structlog

from control_layer.contract.usage import Record, encode_record

__all__ = ["Journal"]

_log = structlog.get_logger(__name__)
_RETRY_SECONDS = 0.2
_LOOK_BYTES = 1024 * 1024
"""The disk's free room is looked at once for so much that is written: two microseconds of the loop's time."""


class Journal:
    """This process's own journal directory, locked for its life."""

    def __init__(
        self, directory: Path, segment_bytes: int, loop: asyncio.AbstractEventLoop, *, reserve_bytes: int = 0
    ) -> None:
        """Makes `directory` (its name is the worker's id) and its first segment. Raises OSError.

        With less than `reserve_bytes` left on its disk, nothing new may be let in.
        """
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._reserve_bytes = reserve_bytes
        self._look_at = 0
        self._loop = loop
        self._records: list[bytes] = []
        self._callbacks: list[Callable[[], None]] = []
        self._scheduled = False
        self._retry: asyncio.TimerHandle | None = None
        self._number = 0
        self._size = 0
        self._torn = False
        self.written_bytes = 0
        self.failing = False
        """True while the disk takes nothing (full, gone), or is down to its reserve: nothing new may be let in."""
        # The directory appears under its name only when it is locked: an unlocked one is a dead worker's.
        nascent = directory.with_name(f".{directory.name}")
        nascent.mkdir(parents=True, mode=0o700)
        self._lock = os.open(nascent / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        nascent.rename(directory)
        self._fd = self._open_segment()

    def append(self, record: Record, then: Callable[[], None] | None = None) -> None:
        """Queues a record; `then` is called when it is in the kernel's hands, in the next turn of the loop.

        Where the disk refuses it, `then` is called too, with `failing` set: the record is kept and tried again.
        """
        self._records.append(encode_record(record))
        if then is not None:
            self._callbacks.append(then)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Writes what is queued and calls back. What the disk refuses is kept: little, as nothing new is let in."""
        self._scheduled = False
        if self._records:
            data = self._records[0] if len(self._records) == 1 else b"".join(self._records)
            try:
                self._write(data)
            except OSError as error:
                self._records = [data]
                self._refused(error.strerror)
            else:
                self._records.clear()
                if self.failing or self.written_bytes >= self._look_at:
                    self._look_at_disk()
        callbacks, self._callbacks = self._callbacks, []
        for call in callbacks:
            try:
                call()
            except Exception:  # noqa: BLE001 - one request's fault must not swallow the others' callbacks
                _log.error("journal_callback_failed", exc_info=True)

    def _write(self, data: bytes) -> None:
        if self._size and self._size + len(data) > self._segment_bytes:
            # The old segment is given up only once there is a new one: a failure here leaves everything as it was.
            fd = self._open_segment()
            os.close(self._fd)
            self._fd, self._size = fd, 0
        if self._torn:
            self._mend()
        written = os.write(self._fd, data)
        while written < len(data):
            self._torn = True
            try:
                written += os.write(self._fd, memoryview(data)[written:])
            except OSError:
                self._mend()
                raise
        self._torn = False
        self._size += len(data)
        self.written_bytes += len(data)

    def _mend(self) -> None:
        """Half a record must not stand before the next whole one."""
        os.ftruncate(self._fd, self._size)
        self._torn = False

    def _look_at_disk(self) -> None:
        """What was written is written; whether more may be let in depends on what is left of the disk."""
        self._look_at = self.written_bytes + _LOOK_BYTES
        try:
            disk = os.fstatvfs(self._fd)
        except OSError as error:
            self._refused(error.strerror)
            return
        if disk.f_bavail * disk.f_frsize < self._reserve_bytes:
            self._refused("the disk is down to its reserve (gateway.journal_reserve_bytes)")
        elif self.failing:
            self.failing = False
            _log.warning("journal_writable_again", directory=str(self._directory))

    def _refused(self, reason: str | None) -> None:
        if not self.failing:
            self.failing = True
            _log.error(
                "journal_not_writable",
                directory=str(self._directory),
                error=reason,
                consequence="no new AI request is let in until it is; free disk space",
            )
        if self._retry is None:
            self._retry = self._loop.call_later(_RETRY_SECONDS, self._try_again)

    def _try_again(self) -> None:
        self._retry = None
        self.flush()
        if self.failing and not self._records:
            self._look_at_disk()

    def _open_segment(self) -> int:
        path = self._directory / f"{self._number + 1:08d}.seg"
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._number += 1
        return fd

    def close(self) -> None:
        """Writes what is queued and lets the directory go: the recorder may now finish it."""
        self.flush()
        if self._retry is not None:
            self._retry.cancel()
        os.close(self._fd)
        os.close(self._lock)
