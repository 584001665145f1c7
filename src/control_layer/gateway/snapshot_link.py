"""The gateway's end of the snapshot link: the persisted file at start, then the control plane's socket for ever.

Neither has to be there for the gateway to serve what it knows.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from control_layer.contract.frames import FrameReader, FrameTooLarge, frame
from control_layer.contract.snapshot import Hello, Update
from control_layer.gateway.snapshot import OutOfStep, SnapshotState

__all__ = ["SnapshotLink", "load_persisted"]

_log = structlog.get_logger(__name__)
_READ_BYTES = 256 * 1024
_FIRST_RETRY_SECONDS = 0.05
_LAST_RETRY_SECONDS = 0.5

_decode_update = msgspec.msgpack.Decoder(Update).decode
_encode = msgspec.msgpack.Encoder().encode


def load_persisted(path: Path, state: SnapshotState) -> bool:
    """Replays the persisted snapshot into `state`; false where there is none that can be read.

    A torn last frame is what a crash of its writer leaves; what stands before it is whole.
    """
    reader = FrameReader()
    try:
        with path.open("rb") as file:
            while data := file.read(_READ_BYTES):
                for payload in reader.feed(data):
                    state.receive(_decode_update(payload))
    except FileNotFoundError:
        return False
    except (OSError, FrameTooLarge, OutOfStep, msgspec.MsgspecError) as error:
        _log.warning("persisted_snapshot_unreadable", path=str(path), error=str(error), version=state.current.version)
    state.forget_pieces()
    return state.ready


class SnapshotLink:
    """Keeps `state` in step with the control plane."""

    def __init__(self, socket_path: str, worker_id: str, state: SnapshotState, on_change: Callable[[], None]) -> None:
        self._socket_path = socket_path
        self._worker_id = worker_id
        self._state = state
        self._on_change = on_change
        self.connected = False
        self._away_since = time.monotonic()

    @property
    def age_seconds(self) -> float:
        """How long ago the state was last known to be the newest: 0 while we are told of every change."""
        return 0.0 if self.connected else time.monotonic() - self._away_since

    async def run(self) -> None:
        """Connects, follows, reconnects; ends only by cancellation."""
        delay = _FIRST_RETRY_SECONDS
        while True:
            try:
                await self._follow()
                delay = _FIRST_RETRY_SECONDS
            except OutOfStep as error:
                # Ask for everything: the other side starts from nothing when our version is 0.
                _log.warning("snapshot_out_of_step", error=str(error))
                await self._follow_from_nothing()
            except (OSError, EOFError, FrameTooLarge, msgspec.MsgspecError) as error:
                if self.connected:
                    _log.warning("snapshot_link_lost", error=str(error) or type(error).__name__)
                    delay = _FIRST_RETRY_SECONDS
            if self.connected:
                self._away_since = time.monotonic()
            self.connected = False
            await asyncio.sleep(delay * (0.5 + random.random()))  # noqa: S311 - jitter, not a secret
            delay = min(delay * 2, _LAST_RETRY_SECONDS)

    async def _follow_from_nothing(self) -> None:
        try:
            await self._follow(version=0)
        except (OSError, EOFError, FrameTooLarge, OutOfStep, msgspec.MsgspecError) as error:
            _log.warning("snapshot_link_lost", error=str(error) or type(error).__name__)

    async def _follow(self, version: int | None = None) -> None:
        reader, writer = await asyncio.open_unix_connection(self._socket_path, limit=_READ_BYTES)
        try:
            if not self.connected:
                _log.info("snapshot_link_connected", version=self._state.current.version)
            self.connected = True
            mine = self._state.current.version if version is None else version
            writer.write(self._hello(mine))
            frames = FrameReader()
            while data := await reader.read(_READ_BYTES):
                changed = False
                for payload in frames.feed(data):
                    if self._state.receive(_decode_update(payload)):
                        changed = True
                        self._on_change()
                if changed:
                    writer.write(self._hello(self._state.current.version))
            raise EOFError("the control plane closed the link")
        finally:
            self._state.forget_pieces()
            writer.close()

    def _hello(self, version: int) -> bytes:
        return frame(_encode(Hello(worker_id=self._worker_id, version=version)))
