"""The control plane of an instance that was killed: it ends by itself, and until then ours must not begin.

Two of them would write one snapshot file, and the one that ends removes the socket of the one that began. So every
control plane inherits the descriptor of a locked file: the lock is free when the last of them is gone.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path

import structlog

from control_layer.supervisor.errors import CannotStart

__all__ = ["ControlLock"]

_log = structlog.get_logger(__name__)
_POLL_SECONDS = 0.05
_WAIT_SECONDS = 60.0
"""It answers what is under way and ships what is recorded, each within its own deadline."""


class ControlLock:
    """`fd` is for control planes to inherit."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self.fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    async def acquire(self) -> None:
        """Waits for the predecessor's end. Raises `CannotStart`."""
        deadline = asyncio.get_running_loop().time() + _WAIT_SECONDS
        waiting = False
        while True:
            try:
                fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not waiting:
                    _log.info("waiting_for_control_plane_of_killed_instance")
                    waiting = True
            else:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise CannotStart(
                    "the control plane of an instance that was killed does not end; find it with "
                    "`pgrep -f control_layer.control` and kill it"
                )
            await asyncio.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """Lets it go, where no control plane holds it still."""
        os.close(self.fd)
