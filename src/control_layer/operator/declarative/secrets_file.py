"""Where the secrets of new keys are kept when somebody asks for a file: readable by its owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from control_layer.operator.errors import NotUnderstood

__all__ = ["SecretsFile"]


class SecretsFile:
    """Lines of owner, name and secret, separated by tabs; more are appended, each safely on disk."""

    def __init__(self, path: Path) -> None:
        """Opens it before there is any secret to lose. Raises `NotUnderstood`."""
        self.path = path
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self._file = os.open(path, flags, 0o600)
        except OSError as error:
            raise NotUnderstood(f"the secrets file {path} cannot be written ({error.strerror})") from error
        found = os.fstat(self._file)
        if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid != os.geteuid():
            os.close(self._file)
            raise NotUnderstood(f"others may read the secrets file {path}; 'chmod 600' it, or name a new one")

    def add(self, owner: str, name: str, secret: str) -> None:
        """Writes one line. Raises `OSError`."""
        line = "\t".join(part.replace("\t", " ").replace("\n", " ") for part in (owner, name, secret)) + "\n"
        content = line.encode()
        if os.write(self._file, content) != len(content):
            raise OSError(f"{self.path} is full")
        os.fsync(self._file)

    def close(self) -> None:
        """The file stays."""
        os.close(self._file)
