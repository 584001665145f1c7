"""The server's log: one file with a bound, written by the server itself so that it survives us."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO

__all__ = ["LogFile"]

_BOUND_BYTES = 8 * 1024 * 1024
_TAIL_BYTES = 2048
_TAIL_LINES = 10


class LogFile:
    """`path` holds the newest lines, `<path>.1` those before them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> IO[bytes]:
        """The file to hand to the server. Raises OSError."""
        fd = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return os.fdopen(fd, "ab", buffering=0)

    def trim(self) -> None:
        """Moves what stands in the file aside when it is over the bound.

        The server keeps its descriptor, so the file is copied and emptied; a line written in between is lost.
        """
        with contextlib.suppress(OSError):  # a log that cannot be trimmed must not stop anything
            if self.path.stat().st_size <= _BOUND_BYTES:
                return
            with self.path.open("r+b") as file:
                file.seek(-_BOUND_BYTES, os.SEEK_END)
                older = os.open(f"{self.path}.1", os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
                with os.fdopen(older, "wb") as copy:
                    copy.write(file.read(_BOUND_BYTES))
                file.truncate(0)

    def tail(self) -> str:
        """The last lines, for an error message."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-_TAIL_LINES:])
