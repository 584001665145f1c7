"""The change listener: hears what changed, and says so whenever it may have missed something."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from control_layer.store.engine import connect
from control_layer.store.notifications import ChangeListener


@dataclass(slots=True)
class _Heard:
    """What a listener's owner was told, in order; `None` for a resync."""

    told: list[tuple[str, str] | None] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def change(self, table: str, row: str) -> None:
        self.told.append((table, row))
        self.news.set()

    def resync(self) -> None:
        self.told.append(None)
        self.news.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.told) < count:
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def _listening(url: str, keepalive_seconds: float = 10.0) -> AsyncIterator[_Heard]:
    heard = _Heard()
    listener = ChangeListener(
        url,
        on_change=heard.change,
        on_resync=heard.resync,
        jitter=lambda: 0.0,
        keepalive_seconds=keepalive_seconds,
    )
    task = asyncio.create_task(listener.run())
    try:
        yield heard
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(database_url)
    yield connection
    await connection.close()


async def _change(db: asyncpg.Connection) -> tuple[str, str]:
    group = uuid.uuid4()
    await db.execute("INSERT INTO groups (id, name, created_by) VALUES ($1, $2, $1)", group, str(group))
    return ("groups", str(group))


async def test_tells_each_change_after_a_first_resync(database_url: str, db: asyncpg.Connection) -> None:
    async with _listening(database_url) as heard:
        await heard.until(1)
        changes = [await _change(db) for _ in range(3)]
        await heard.until(4)
    assert heard.told == [None, *changes]


async def test_asks_for_a_resync_after_a_cut_connection(database_url: str, db: asyncpg.Connection) -> None:
    async with _listening(database_url) as heard:
        await heard.until(1)
        await db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await heard.until(2)
        change = await _change(db)
        await heard.until(3)
    assert heard.told == [None, None, change]


class _Wire:
    """A Unix socket in front of Postgres's whose connections can fall silent without closing, as a network's do."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._writers: list[asyncio.StreamWriter] = []
        self._silenced: set[asyncio.StreamWriter] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(self._target)
        self._writers += [writer, server_writer]
        await asyncio.gather(self._pump(reader, server_writer), self._pump(server_reader, writer))

    def fall_silent(self) -> None:
        """On the connections there are now; later ones are heard."""
        self._silenced.update(self._writers)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if writer not in self._silenced:
                    writer.write(data)
        writer.close()


async def test_finds_out_that_the_other_end_fell_silent(
    database_url: str, db: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("control_layer.store.notifications._ANSWER_SECONDS", 0.2)
    host = parse_qs(urlsplit(database_url).query)["host"][0]
    wire = _Wire(f"{host}/.s.PGSQL.5432")
    server = await asyncio.start_unix_server(wire.accept, tmp_path / ".s.PGSQL.5432")
    async with _listening(database_url.replace(host, str(tmp_path)), keepalive_seconds=0.1) as heard:
        await heard.until(1)
        wire.fall_silent()
        await heard.until(2)
        change = await _change(db)
        await heard.until(3)
    assert heard.told == [None, None, change]
    server.close()
