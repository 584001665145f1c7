"""A COPY whose connection is lost ends, also where it was waiting for room in the socket's buffer."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit, urlunsplit

import asyncpg
import pytest
from tests.recorder.recording import eventually

from control_layer.store.copying import copy_rows
from control_layer.store.engine import connect

_MANY = [(bytes(1_000_000),)] * 100
"""More than any socket's buffers hold."""
_LET_THROUGH = 1_000_000


class _Passage:
    """Hands the bytes of one connection on to the database, until there are many."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self.stuck = threading.Event()
        host, port = self._listener.getsockname()
        login = self._upstream.netloc.rpartition("@")[0]
        self.url = urlunsplit(self._upstream._replace(netloc=f"{login}@{host}:{port}", query="sslmode=disable"))
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        self._listener.close()
        server = self._connect()
        self._ends += [client, server]
        self._threads += [
            threading.Thread(target=self._pass_on, args=way) for way in ((client, server), (server, client))
        ]
        for thread in self._threads[1:]:
            thread.start()

    def _connect(self) -> socket.socket:
        if self._upstream.hostname:
            return socket.create_connection((self._upstream.hostname, self._upstream.port or 5432))
        options = parse_qs(self._upstream.query)
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{options['host'][0]}/.s.PGSQL.{options.get('port', ['5432'])[0]}")
        return server

    def _pass_on(self, here: socket.socket, there: socket.socket) -> None:
        passed = 0
        with suppress(OSError):
            while data := here.recv(65536):
                passed += len(data)
                if passed > _LET_THROUGH:
                    self.stuck.set()
                    return
                there.sendall(data)

    def cut(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in self._ends:
            end.close()


@pytest.fixture
def passage(empty_database_url: str) -> Iterator[_Passage]:
    passage = _Passage(empty_database_url)
    yield passage
    passage.cut()


@pytest.fixture
async def connection(passage: _Passage) -> AsyncIterator[asyncpg.Connection]:
    """One through the passage, with a table."""
    connection = await connect(passage.url)
    await connection.execute("CREATE TEMPORARY TABLE bodies (body bytea)")
    yield connection
    connection.terminate()


async def test_a_connection_that_is_lost_while_its_buffer_is_full(
    passage: _Passage, connection: asyncpg.Connection
) -> None:
    copying = asyncio.ensure_future(copy_rows(connection, "bodies", ["body"], _MANY))
    await eventually(passage.stuck.is_set)
    await eventually(lambda: connection._transport.get_write_buffer_size() > 65536)
    passage.cut()
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(copying, 10)


async def test_a_database_that_takes_nothing_more(connection: asyncpg.Connection) -> None:
    with pytest.raises(TimeoutError, match="nothing was taken"):
        await asyncio.wait_for(copy_rows(connection, "bodies", ["body"], _MANY, seconds=0.5), 10)


async def test_rows_that_are_taken(connection: asyncpg.Connection) -> None:
    await copy_rows(connection, "bodies", ["body"], [(b"one",), (b"two",)])
    assert await connection.fetchval("SELECT count(*) FROM bodies") == 2


async def test_a_connection_that_was_lost_before(passage: _Passage, connection: asyncpg.Connection) -> None:
    passage.cut()
    await eventually(connection.is_closed)
    with pytest.raises(ConnectionResetError):
        await copy_rows(connection, "bodies", ["body"], [(b"one",)])


async def test_a_server_that_says_goodbye(empty_database_url: str) -> None:
    connection, other = await connect(empty_database_url), await connect(empty_database_url)
    try:
        await connection.execute("CREATE TABLE bodies (body bytea)")
        await other.execute("BEGIN; LOCK TABLE bodies")
        copying = asyncio.ensure_future(copy_rows(connection, "bodies", ["body"], _MANY))
        pid = connection.get_server_pid()
        waits = "SELECT count(*) FROM pg_locks WHERE pid = $1 AND NOT granted"
        while not await other.fetchval(waits, pid):
            pass
        await other.execute("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(copying, 10)
    finally:
        connection.terminate()
        other.terminate()


async def test_a_goodbye_between_two_statements(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """asyncpg takes it for a fault of its own."""

    async def confused(*_: object, **__: object) -> None:
        raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")

    monkeypatch.setattr(asyncpg.Connection, "copy_records_to_table", confused)
    with pytest.raises(ConnectionResetError, match="cannot switch to state"):
        await copy_rows(connection, "bodies", ["body"], [(b"one",)])


async def test_a_value_that_cannot_be_written(connection: asyncpg.Connection) -> None:
    with pytest.raises(TypeError):
        await copy_rows(connection, "bodies", ["body"], [(7,)])
