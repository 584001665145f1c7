"""The embedded Postgres as its owner sees it: start, watch, stop."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import structlog

from control_layer.store.embedded.account import owner_of_cluster
from control_layer.store.embedded.cluster import DATABASE, USER, Cluster
from control_layer.store.embedded.errors import CannotRunPostgres, DirectoryInUse
from control_layer.store.embedded.log_file import LogFile
from control_layer.store.embedded.postmaster import Postmaster, clear_remains
from control_layer.store.embedded.programs import CACHE, locate
from control_layer.store.embedded.socket_path import SocketPath

__all__ = ["EmbeddedPostgres"]

_log = structlog.get_logger(__name__)
_START_SECONDS = 300.0
"""Recovery after a crash reads at most `max_wal_size` (512 MB) of log; slow disks take minutes for that."""
_POLL_SECONDS = 0.01


class EmbeddedPostgres:
    """A Postgres server in `directory`, which is made with mode 0700. Its calls block: from a loop, use a thread."""

    def __init__(self, directory: Path, *, settings: Mapping[str, str] | None = None, cache: Path = CACHE) -> None:
        """`settings` override the server's; `cache` is where programs go that the server's account cannot reach."""
        self._directory = directory
        self._settings = dict(settings or {})
        self._cache = cache
        self._cluster = Cluster(directory)
        self._log = LogFile(directory / "postgres.log")
        self._socket = SocketPath(directory / "socket", self._cluster.run)
        self._lock: int | None = None
        self._postmaster: Postmaster | None = None
        self._given_up = threading.Event()

    def start(self) -> str:
        """Makes sure that a server runs and takes connections; returns its URL.

        A server that outlived a killed owner is taken over. Raises `CannotRunPostgres`.
        """
        self._acquire()
        try:
            self._start()
        except OSError as error:
            raise CannotRunPostgres(f"Postgres does not start in {self._directory}: {error}") from error
        return self.url

    @property
    def url(self) -> str:
        """Where the server in the directory listens, whoever runs it. Raises `CannotRunPostgres`."""
        return (
            f"postgresql://{USER}:{quote(self._cluster.password)}@/{DATABASE}"
            f"?host={quote(str(self._socket.directory()), safe='/')}"
        )

    @property
    def alive(self) -> bool:
        """Whether the server process runs. To be asked now and then: the log is kept within its bound here."""
        self._log.trim()
        return self._postmaster is not None and self._postmaster.alive

    @property
    def log_path(self) -> Path:
        """Where the server logs."""
        return self._log.path

    def give_up(self) -> None:
        """From another thread: a `start` that waits for a recovering server raises `CannotRunPostgres` now."""
        self._given_up.set()

    def stop(self) -> None:
        """Shuts the server down within seconds and lets the directory go."""
        self._given_up.clear()
        if self._postmaster is not None:
            self._postmaster.stop()
            self._postmaster = None
        self._socket.remove()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _acquire(self) -> None:
        if self._lock is not None:
            return
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._directory / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotRunPostgres(
                f"{self._directory} cannot be written ({error.strerror}); choose another data directory"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise DirectoryInUse(
                f"another Control Layer runs its Postgres in {self._directory}; "
                "stop it, or choose another data directory"
            ) from None
        self._lock = lock

    def _start(self) -> None:
        if self._postmaster is not None and self._postmaster.alive:
            self._wait_ready(self._postmaster)
            return
        cluster = self._cluster
        account = owner_of_cluster(cluster.owner())
        programs = locate(account, self._cache)
        cluster.clear_leftovers()
        if cluster.owner() is None:
            cluster.create(programs, account)
        cluster.check_version()
        postmaster = Postmaster.find(cluster)
        if postmaster is not None and not postmaster.runs(programs):
            _log.info("postgres_of_another_release_stopping")
            postmaster.stop()
            postmaster = None
        if postmaster is None:
            clear_remains(cluster)
            with self._log.open() as log:
                postmaster = Postmaster.launch(cluster, programs, account, self._settings, log)
        else:
            _log.info("postgres_taken_over")
        self._postmaster = postmaster
        self._wait_ready(postmaster)

    def _wait_ready(self, postmaster: Postmaster) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not postmaster.ready:
            if self._given_up.is_set():
                raise CannotRunPostgres("Postgres was still starting when it was given up")
            if not postmaster.alive:
                raise CannotRunPostgres(f"Postgres does not start; it says (in {self._log.path}):\n{self._log.tail()}")
            if time.monotonic() > deadline:
                postmaster.stop()
                raise CannotRunPostgres(f"Postgres is not ready after {_START_SECONDS:.0f} s; see {self._log.path}")
            time.sleep(_POLL_SECONDS)
