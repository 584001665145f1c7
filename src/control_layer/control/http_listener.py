"""Serves the application over HTTP on a Unix socket that only this user can reach."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

__all__ = ["HttpListener", "listening"]

_BACKLOG = 1024
_GRACE_SECONDS = 3


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A socket at `path`, with mode 0600 from its first moment; what a dead process left there goes."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        mask = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(mask)
        listener.listen(_BACKLOG)
        yield listener
    path.unlink(missing_ok=True)


class HttpListener(uvicorn.Server):
    """uvicorn, without its way with signals: the process decides when to end."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,  # the gateway says it
                proxy_headers=False,
                ws="none",
                timeout_keep_alive=75,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
