"""Databases that last for a test or a module, in the Postgres of the test session."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from control_layer.store.engine import connect

__all__ = ["at_database", "carry_out", "database_of", "fresh_database", "leave"]

_thread = ThreadPoolExecutor(1)
_runner = asyncio.Runner()
_connections: dict[str, asyncpg.Connection[Any]] = {}
"""To servers that databases are made on, kept from test to test: connecting takes longer than making one."""


@contextmanager
def fresh_database(postgres_url: str, template: str = "template1") -> Iterator[str]:
    """The URL of a copy of `template`, which nobody may be connected to."""
    name = f"test_{uuid.uuid4().hex}"
    # Files are copied, not logged page by page: a fifth of the time.
    carry_out(_execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
    yield at_database(postgres_url, name)
    carry_out(_execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


def database_of(url: str) -> str:
    """The name of the database."""
    return urlsplit(url).path.removeprefix("/")


def at_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _execute(url: str, statement: str) -> None:
    connection = _connections.get(url)
    if connection is None or connection.is_closed():
        connection = _connections[url] = await connect(url)
    await connection.execute(statement)


def leave(url: str) -> None:
    """Closes the connection by which databases of that server were made."""

    async def close() -> None:
        connection = _connections.pop(url, None)
        if connection is not None:
            await connection.close()

    carry_out(close())


def carry_out(work: Coroutine[object, object, None]) -> None:
    """Runs `work` in a loop of its own, apart from the test's."""
    _thread.submit(_runner.run, work).result()
