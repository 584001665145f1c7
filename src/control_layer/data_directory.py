"""The directory that holds an instance's state, and who may use it: one Control Layer at a time.

    lock             held with flock(2) while we run; holds our pid unless we ended in order
    control.lock     held by the control plane, through a descriptor it inherits
    secret_key       0600, generated; absent where the configuration gives one
    admin_password   0600, likewise
    postgres/        the embedded server's
    mail/            0700, mails, where none are sent
    journal/         usage events on their way to Postgres
    snapshot         what gateways can start from when they are alone
    simulated        0600, where the simulated provider is and its key, while it is wanted
    run/             sockets between our processes

A directory that exists is used as it is: its mode and owner are its owner's business.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from control_layer.instance_files import ADMIN_PASSWORD, LOCK, default_directory
from control_layer.store.embedded.socket_path import SocketPath

__all__ = ["DataDirectory", "UnusableDirectory", "default_directory", "write_secret"]

_SECRET_BYTES = 32  # 256 bits
_PASSWORD_LETTERS = 20  # of 56: 116 bits
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that look alike


class UnusableDirectory(Exception):
    """The data directory cannot be used; the message says why and what to do."""


class DataDirectory:
    """An instance's directory, locked from construction to `close`."""

    def __init__(self, path: Path) -> None:
        """Makes `path` with mode 0700 where there is none. Raises `UnusableDirectory`."""
        self.path = path.expanduser().absolute()
        try:
            if not self.path.is_dir():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.mkdir(mode=0o700)
            self._lock = os.open(self.path / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            for made in (self.journal, self._run):
                made.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise UnusableDirectory(
                f"the data directory {self.path} cannot be used ({error.strerror}); "
                "choose another with --data-dir or CONTROL_LAYER_DATA_DIR"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise UnusableDirectory(
                f"another Control Layer is running on {self.path}; stop it, or choose another directory with --data-dir"
            ) from None
        self.abandoned = bool(os.read(self._lock, 1))
        """Whether the last instance was killed: its children may still be about to end."""
        os.truncate(self._lock, 0)
        os.pwrite(self._lock, b"%d\n" % os.getpid(), 0)
        self._sockets = SocketPath(self.path / "sockets", self._run)

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def journal(self) -> Path:
        return self.path / "journal"

    @property
    def mail(self) -> Path:
        return self.path / "mail"

    @property
    def control_lock(self) -> Path:
        return self.path / "control.lock"

    @property
    def snapshot_file(self) -> Path:
        return self.path / "snapshot"

    @property
    def simulated_file(self) -> Path:
        return self.path / "simulated"

    @property
    def _run(self) -> Path:
        return self.path / "run"

    def sockets(self) -> Path:
        """The directory of our processes' sockets, by a name short enough for them. Raises `UnusableDirectory`."""
        try:
            return self._sockets.directory()
        except OSError as error:
            raise UnusableDirectory(str(error)) from error

    def secret_key(self) -> str:
        """The generated secret key, made at the first call. Raises `UnusableDirectory`."""
        if (self.postgres / "cluster").exists() and not (self.path / "secret_key").exists():
            raise UnusableDirectory(
                f"what the database of {self.path} holds is sealed with a secret key that is not there: restore the "
                "file secret_key from your backup, or set SECRET_KEY to the key that was configured"
            )
        return self._kept("secret_key", lambda: secrets.token_urlsafe(_SECRET_BYTES))[0]

    def admin_password(self) -> tuple[str, bool]:
        """The generated password of the administrator, and whether it was made just now."""
        return self._kept(ADMIN_PASSWORD, _password)

    @property
    def password_file(self) -> Path:
        """Where the generated password is kept."""
        return self.path / ADMIN_PASSWORD

    def _kept(self, name: str, make: Callable[[], str]) -> tuple[str, bool]:
        path = self.path / name
        try:
            with contextlib.suppress(FileNotFoundError):
                kept = path.read_text().strip()
                if kept:
                    return kept, False
            made = make()
            write_secret(path, made)
        except OSError as error:
            raise UnusableDirectory(f"{path} cannot be kept ({error.strerror}); is the disk full?") from error
        return made, True

    def close(self) -> None:
        """Lets the directory go."""
        self._sockets.remove()
        os.truncate(self._lock, 0)
        os.close(self._lock)


def write_secret(path: Path, line: str) -> None:
    """Makes a file for our user's eyes only, in the place of one that there is: whole or not at all. Raises OSError."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    fd = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)


def _password() -> str:
    """To be typed by a person."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_PASSWORD_LETTERS))
