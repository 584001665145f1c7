"""A name for the socket's directory that clients can use: the address of a Unix socket has room for 107 bytes only."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

__all__ = ["SocketPath"]

_SOCKET = ".s.PGSQL.5432"
_ROOM = 103
"""macOS has 104 bytes and Linux 108, both with a NUL at the end."""


class SocketPath:
    """The directory itself where its name is short; else a private short one that leads there.

    `keeper` is a symbolic link in our own directory that remembers the short one, so that a killed process leaves one
    behind and not one for each start.
    """

    def __init__(self, keeper: Path, real: Path) -> None:
        self._keeper = keeper
        self._real = real

    def directory(self) -> Path:
        """The name. Raises OSError."""
        if _fits(self._real):
            return self._real
        kept = self._kept()
        if kept is not None:
            return kept
        for parent in (os.environ.get("XDG_RUNTIME_DIR"), "/tmp"):  # noqa: S108 - mkdtemp makes a private one
            if parent and Path(parent).is_dir() and _fits(Path(parent) / "control-layer-12345678" / "run"):
                private = Path(tempfile.mkdtemp(dir=parent, prefix="control-layer-"))
                break
        else:
            raise OSError(f"{self._real} is too long for a socket; choose a data directory with a shorter name")
        (private / "run").symlink_to(self._real)
        self._keeper.unlink(missing_ok=True)
        self._keeper.symlink_to(private)
        return private / "run"

    def remove(self) -> None:
        """Removes the short name, if there is one."""
        kept = self._kept()
        if kept is not None:
            with contextlib.suppress(OSError):
                kept.unlink()
                kept.parent.rmdir()
        with contextlib.suppress(OSError):
            self._keeper.unlink(missing_ok=True)

    def _kept(self) -> Path | None:
        try:
            private = self._keeper.readlink()
            status = private.lstat()
            link = private / "run"
            if status.st_uid == os.geteuid() and status.st_mode & 0o077 == 0 and link.readlink() == self._real:
                return link
        except OSError:
            pass
        return None


def _fits(directory: Path) -> bool:
    return len(os.fsencode(directory / _SOCKET)) <= _ROOM
