"""The instance on this machine, whose generated administrator password its owner may read: so they may sign in with it.

The password goes to nobody but the process that holds this instance's directory. Another account's program that listens
in its place would be given the administrator's password, so the listening process is looked at first.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from control_layer.instance_files import ADMIN_PASSWORD, LOCK, default_directory

__all__ = ["LocalInstance", "is_loopback"]

_DEFAULT_EMAIL = "admin@localhost"


def is_loopback(url: str) -> bool:
    """Whether `url` cannot lead to another machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class LocalInstance:
    """How to sign in as the administrator of the instance in `directory`."""

    directory: Path
    email: str
    password: str = field(repr=False)

    @classmethod
    def behind(cls, url: str, environment: Mapping[str, str]) -> LocalInstance | None:
        """The instance that listens at `url`; `None` where it is not here, not ours to read, or cannot be told."""
        if not is_loopback(url):
            return None
        configured = environment.get("CONTROL_LAYER_DATA_DIR")
        directory = Path(configured).expanduser() if configured else default_directory()
        try:
            password = (directory / ADMIN_PASSWORD).read_text().strip()
            listens = _listens(directory / LOCK, _port(url))
        except (OSError, ValueError, psutil.Error):
            return None
        email = environment.get("CONTROL_LAYER_ADMIN_EMAIL") or _DEFAULT_EMAIL
        return cls(directory, email, password) if password and listens else None


def _port(url: str) -> int:
    address = urlsplit(url)
    return address.port or (443 if address.scheme == "https" else 80)


def _listens(lock: Path, port: int) -> bool:
    """Whether the process named in `lock` is its owner's, and listens on `port`. Raises as psutil does."""
    process = psutil.Process(int(lock.read_text()))
    if process.uids().effective != lock.stat().st_uid:
        return False  # the instance was killed, and its number is somebody else's now
    return any(
        connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        for connection in process.net_connections(kind="tcp")
    )
