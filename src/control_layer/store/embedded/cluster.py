"""The cluster on disk: made whole or not at all, reached by our account and Postgres's own only.

    cluster/            0700, Postgres's account
      data/             what initdb makes
      password          0600, the superuser's; made with the cluster and never separated from it
      run/              the socket

Postgres's account may be unable to walk down to the cluster (the data directory is ours, 0700). It need not: every
program starts with `data` as its working directory, and takes its paths from there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

from control_layer.store.embedded.account import Account
from control_layer.store.embedded.errors import CannotRunPostgres, OtherMajorVersion
from control_layer.store.embedded.programs import MAJOR_VERSION, Programs

__all__ = ["DATABASE", "RUN_FROM_DATA", "USER", "Cluster"]

USER = "control_layer"
DATABASE = "control_layer"
RUN_FROM_DATA = "../run"
_PASSWORD_FROM_DATA = "../password"  # noqa: S105 - a path
_INIT_SECONDS = 120
_WORKING_DIRECTORY = Path("/proc/self/cwd")
"""Linux's name for it, which leads there without a walk from the root; elsewhere the path must be open to walk."""


class Cluster:
    """`<directory>/cluster`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.path = directory / "cluster"

    @property
    def data(self) -> Path:
        """Postgres's data directory."""
        return self.path / "data"

    @property
    def run(self) -> Path:
        """Where the socket is."""
        return self.path / "run"

    @property
    def password(self) -> str:
        """The superuser's. Raises `CannotRunPostgres`."""
        try:
            return (self.path / "password").read_text().strip()
        except OSError as error:
            raise CannotRunPostgres(
                f"{self.path / 'password'} cannot be read ({error.strerror}); restore it from your backup"
            ) from error

    def owner(self) -> os.stat_result | None:
        """The status of the data directory; `None` when there is none yet."""
        try:
            return self.data.stat()
        except FileNotFoundError:
            return None

    def check_version(self) -> None:
        """Raises `OtherMajorVersion`, or `CannotRunPostgres` when this is no cluster."""
        try:
            version = (self.data / "PG_VERSION").read_text().strip()
        except OSError as error:
            raise CannotRunPostgres(
                f"{self.data} is damaged: PG_VERSION cannot be read ({error.strerror}); restore it from your backup"
            ) from error
        if version != MAJOR_VERSION:
            raise OtherMajorVersion(
                f"{self.data} was written by Postgres {version}, and this release brings Postgres {MAJOR_VERSION}; "
                "dump it with the release that made it and restore the dump into a new data directory"
            )

    def clear_leftovers(self) -> None:
        """Removes clusters that were never finished. One whose initdb still runs may resist until the next start."""
        for leftover in self._directory.glob("cluster.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def create(self, programs: Programs, account: Account) -> None:
        """Makes the cluster aside and moves it into place, so that a crash leaves nothing half made.

        Raises `CannotRunPostgres`.
        """
        try:
            nascent = Path(tempfile.mkdtemp(dir=self._directory, prefix="cluster.new-"))
            try:
                _furnish(nascent, account)
                _initialise(nascent / "data", programs, account)
                nascent.rename(self.path)
            except BaseException:
                shutil.rmtree(nascent, ignore_errors=True)
                raise
            _sync_directory(self._directory)
        except OSError as error:
            raise CannotRunPostgres(_explain(error, self._directory)) from error


def data_argument(data: Path, account: Account) -> str:
    """`data` as Postgres's account can name it, given that it is the working directory."""
    return str(data) if account.is_ours or not _WORKING_DIRECTORY.is_dir() else str(_WORKING_DIRECTORY)


def _furnish(cluster: Path, account: Account) -> None:
    (cluster / "data").mkdir(mode=0o700)
    (cluster / "run").mkdir(mode=0o700)
    fd = os.open(cluster / "password", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    if not account.is_ours:
        for path in (cluster / "data", cluster / "run", cluster / "password", cluster):
            os.chown(path, account.uid, account.gid)


def _initialise(data: Path, programs: Programs, account: Account) -> None:
    where = data_argument(data, account)
    _run(
        [
            *(str(programs.initdb), "-D", where, "--username", USER, "--pwfile", _PASSWORD_FROM_DATA),
            *("--auth-local=scram-sha-256", "--auth-host=reject", "--no-instructions"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ],
        data,
        account,
    )
    _run(
        [str(programs.postgres), "--single", "-D", where, "-c", "log_checkpoints=off", "postgres"],
        data,
        account,
        statement=f"CREATE DATABASE {DATABASE}\n",
    )


def _run(command: list[str], data: Path, account: Account, statement: str = "") -> None:
    try:
        subprocess.run(
            command,
            cwd=data,
            env=environment(),
            input=statement,
            text=True,
            capture_output=True,
            check=True,
            timeout=_INIT_SECONDS,
            umask=0o077,
            **account.credentials,
        )
    except subprocess.CalledProcessError as error:
        said = f"{error.stdout}\n{error.stderr}".strip().splitlines()
        raise CannotRunPostgres("Postgres could not be initialised:\n" + "\n".join(said[-8:])) from error
    except subprocess.TimeoutExpired as error:
        raise CannotRunPostgres(
            f"Postgres could not be initialised within {_INIT_SECONDS} s; is the disk that slow?"
        ) from error


def environment() -> dict[str, str]:
    """The environment of Postgres's programs: nothing of ours, least of all our secrets."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot
            os.fsync(fd)
    finally:
        os.close(fd)


def _explain(error: OSError, directory: Path) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"no space is left for {directory}; free some, or choose another data directory"
        case errno.EACCES | errno.EROFS:
            return f"{directory} cannot be written ({error.strerror}); choose another data directory"
        case errno.EPERM:
            return (
                f"{directory} cannot be given to the account that runs Postgres ({error.strerror}); as root this needs "
                "the capabilities CHOWN, SETUID, SETGID and DAC_OVERRIDE. Start Control Layer as a plain user instead"
            )
    return f"Postgres's directory {directory} cannot be made: {error}"
