"""A running Postgres server process: found by its pid file, or started by us; watched and stopped."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Self

import psutil

from control_layer.store.embedded.account import Account
from control_layer.store.embedded.cluster import RUN_FROM_DATA, Cluster, data_argument, environment
from control_layer.store.embedded.programs import Programs

__all__ = ["Postmaster", "clear_remains"]

_SETTINGS = {
    # Reachable through the socket only, and the socket through its directory only.
    "listen_addresses": "",
    "unix_socket_directories": RUN_FROM_DATA,
    "unix_socket_permissions": "0700",
    # A small footprint: one host's control plane, not a data warehouse.
    "max_connections": "60",
    "shared_buffers": "128MB",
    # A question about all times locks every day's table of requests with its indexes: some 3300 locks for a year.
    "max_locks_per_transaction": "256",
    "huge_pages": "off",
    "jit": "off",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",  # parallel queries need more of /dev/shm than containers have (64 MB)
    "max_logical_replication_workers": "0",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",  # details quote the rows' values
    "cluster_name": "control-layer",
}
_STOP_SECONDS = 20.0
_KILL_SECONDS = 5.0
_POLL_SECONDS = 0.01
_PID_LINE, _STATUS_LINE = 0, 7
"""Lines of postmaster.pid (src/include/utils/pidfile.h)."""


class Postmaster:
    """One server process, our child or not."""

    def __init__(self, process: psutil.Process, cluster: Cluster, child: subprocess.Popen[bytes] | None) -> None:
        self._process = process
        self._cluster = cluster
        self._child = child

    @classmethod
    def find(cls, cluster: Cluster) -> Self | None:
        """The living server of this cluster, such as one that outlived us; `None` when the pid file is stale."""
        lines = _pid_file(cluster)
        if not lines or not lines[_PID_LINE].strip().isdigit():
            return None
        try:
            process = psutil.Process(int(lines[_PID_LINE]))
            if not _serves(process, cluster):
                return None
        except psutil.Error:
            return None
        return cls(process, cluster, None)

    @classmethod
    def launch(
        cls, cluster: Cluster, programs: Programs, account: Account, settings: Mapping[str, str], log: IO[bytes]
    ) -> Self:
        """Starts a server as our child, in a session of its own: Ctrl-C on the terminal is for us. Raises OSError."""
        options = [f"--{name}={value}" for name, value in {**_SETTINGS, **settings}.items()]
        child = subprocess.Popen(
            [str(programs.postgres), "-D", data_argument(cluster.data, account), *options],
            cwd=cluster.data,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o077,
            **account.credentials,
        )
        return cls(psutil.Process(child.pid), cluster, child)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        if self._child is not None:
            return self._child.poll() is None
        return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE

    @property
    def ready(self) -> bool:
        """Whether it takes connections."""
        lines = _pid_file(self._cluster)
        return (
            len(lines) > _STATUS_LINE
            and lines[_PID_LINE].strip() == str(self._process.pid)
            and lines[_STATUS_LINE].strip() == "ready"
        )

    def runs(self, programs: Programs) -> bool:
        """Whether it was started from these very files: after an upgrade it was not, and must be restarted."""
        try:
            return Path(self._process.exe()).samefile(programs.postgres)
        except (psutil.Error, OSError):
            return False

    def stop(self) -> None:
        """Shuts down: fast, then immediate, then by force, each with its deadline."""
        for number, seconds in (
            (signal.SIGINT, _STOP_SECONDS),
            (signal.SIGQUIT, _KILL_SECONDS),
            (signal.SIGKILL, _KILL_SECONDS),
        ):
            with contextlib.suppress(psutil.NoSuchProcess):
                self._process.send_signal(number)
            if self.wait(seconds):
                return

    def wait(self, seconds: float) -> bool:
        """True once the process has ended, False when it has not within `seconds`."""
        deadline = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True


def clear_remains(cluster: Cluster) -> None:
    """Removes what a killed server left: its children, its socket, and lock files that name its pid.

    Postgres itself would stop at a lock file whose pid is somebody else's now, or a zombie's that nobody reaps; in
    containers both are common. Only after `Postmaster.find` found nothing, and under the directory's lock.
    """
    remains = [process for process in psutil.process_iter() if _is_postgres_in(process, cluster)]
    for process in remains:
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal.SIGQUIT)
    _, stubborn = psutil.wait_procs(remains, timeout=_KILL_SECONDS)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=_KILL_SECONDS)
    for path in (cluster.data / "postmaster.pid", *cluster.run.iterdir()):
        path.unlink(missing_ok=True)


def _pid_file(cluster: Cluster) -> list[str]:
    try:
        return (cluster.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _serves(process: psutil.Process, cluster: Cluster) -> bool:
    return process.status() != psutil.STATUS_ZOMBIE and _is_postgres_in(process, cluster)


def _is_postgres_in(process: psutil.Process, cluster: Cluster) -> bool:
    """Every Postgres process has the data directory as its working directory."""
    try:
        return process.name() == "postgres" and Path(process.cwd()).samefile(cluster.data)
    except (psutil.Error, OSError):
        return False
