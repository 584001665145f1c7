"""Unix sockets that only our own user can open, for the processes of this host."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["listening", "serving"]

_BACKLOG = 1024


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
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


async def serving(
    path: Path,
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]],
    *,
    name: str,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serves connections to `path` for ever, each in a task called `name`; `ready` is called when there can be any.

    What `serve` raises ends everything: a failure that is one connection's own it catches itself.
    """
    async with asyncio.TaskGroup() as connections:

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.create_task(serve(reader, writer), name=name)

        with listening(path) as listener:
            async with await asyncio.start_unix_server(accept, sock=listener):
                ready()
                await asyncio.get_running_loop().create_future()
