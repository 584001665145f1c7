"""The persisted snapshot: a whole state, then the deltas since, from which a gateway can start when it is alone.

Nothing is synced to disk: what a power cut loses is read from Postgres again. The whole is replaced by rename, so a
reader finds the old file or the new one, and a torn last delta does no harm.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from control_layer.contract.frames import FrameReader, FrameTooLarge
from control_layer.contract.snapshot import Update
from control_layer.control.snapshots.publication import Overrun, Publication
from control_layer.control.snapshots.state import State

__all__ = ["SnapshotFile", "load"]

_log = structlog.get_logger(__name__)
_READ_BYTES = 1024 * 1024
_LEAST_APPENDED_BYTES = 1024 * 1024
"""A small state is not rewritten before that much has been appended to it."""
_RETRY_SECONDS = 5.0

_decode = msgspec.msgpack.Decoder(Update).decode
T = TypeVar("T")


def load(path: Path) -> tuple[State, int] | None:
    """The persisted state and its version; `None` where there is none to go on from."""
    state, version = State(), 0
    pieces: list[Update] = []
    reader = FrameReader()
    try:
        with path.open("rb") as file:
            while data := file.read(_READ_BYTES):
                for payload in reader.feed(data):
                    update = _follow_up(payload, version)
                    pieces.append(update)
                    if not update.final:
                        continue
                    if update.base == 0:
                        state = State()
                    for piece in pieces:
                        state.apply(piece)
                    version = update.version
                    pieces.clear()
    except FileNotFoundError:
        return None
    except (OSError, ValueError, FrameTooLarge, msgspec.MsgspecError) as error:
        _log.warning("persisted_snapshot_damaged", path=str(path), error=str(error), read_up_to=version)
    return (state, version) if version else None


def _follow_up(payload: bytes, version: int) -> Update:
    update = _decode(payload)
    if update.base not in (0, version):
        raise ValueError(f"a delta from version {update.base} stands behind version {version}")
    return update


class SnapshotFile:
    """Follows a publication. A disk that fails costs the file its freshness, and nobody else anything."""

    def __init__(self, path: Path, publication: Publication) -> None:
        self._path = path
        self._publication = publication
        self._descriptor: int | None = None

    async def run(self) -> None:
        """Writes the whole and appends what follows, for ever. What was published before a cancellation is kept."""
        await self._publication.published.wait()
        # One thread: writes happen in the order they were asked for, those of a cancelled wait included.
        writer = ThreadPoolExecutor(1, thread_name_prefix="snapshot-file")
        try:
            while True:
                await self._follow(writer)
        finally:
            writer.submit(self._close)
            writer.shutdown()

    async def _follow(self, writer: ThreadPoolExecutor) -> None:
        """One whole and its deltas, until they outgrow it."""
        with self._publication.subscription() as deltas:
            whole = self._publication.whole()
            try:
                size = await _in(writer, lambda: self._write_whole(whole))
                appended = 0
                while appended <= max(size, _LEAST_APPENDED_BYTES):
                    data = await deltas.next()
                    appended += len(data)
                    await _in(writer, lambda data=data: self._append(data))  # type: ignore[misc]
            except Overrun:
                _log.warning("snapshot_file_behind", path=str(self._path))
            except OSError as error:
                _log.error("snapshot_file_not_written", path=str(self._path), error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
            except asyncio.CancelledError:
                rest = deltas.rest()
                writer.submit(lambda: self._append_last(rest))
                raise

    def _write_whole(self, pieces: Iterable[bytes]) -> int:
        self._close()
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            size = sum(_write(descriptor, piece) for piece in pieces)
            fresh.rename(self._path)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return size

    def _append(self, data: bytes) -> None:
        if self._descriptor is not None:
            _write(self._descriptor, data)

    def _append_last(self, data: bytes) -> None:
        try:
            self._append(data)
        except OSError as error:
            _log.error("snapshot_file_not_written", path=str(self._path), error=str(error))

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _write(descriptor: int, data: bytes) -> int:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    return len(data)


async def _in(writer: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    # Shielded: a cancellation would take work back that has not begun.
    return await asyncio.shield(asyncio.get_running_loop().run_in_executor(writer, work))
