"""Connecting: URLs as people paste them, errors that say where and why and never the password."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from control_layer.store.engine import DatabaseUnavailable, connect, open_engine

_SECRET = "hunter2/#secret"


@pytest.mark.parametrize(
    "options",
    ["application_name=mine", "channel_binding=require&gssencmode=disable", "connect_timeout=5&keepalives_idle=30"],
)
async def test_options_that_only_libpq_knows_do_no_harm(postgres_url: str, options: str) -> None:
    connection = await connect(f"{postgres_url}&{options}")
    expected = "mine" if "mine" in options else "control-layer"
    assert await connection.fetchval("SHOW application_name") == expected
    await connection.close()


async def test_both_schemes_work(postgres_url: str) -> None:
    connection = await connect(postgres_url.replace("postgresql://", "postgres://"))
    await connection.close()


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://user:{_SECRET}@127.0.0.1:1/db",
        "postgresql://user:hunter2@127.0.0.1:1/db",
        "postgresql://user:hunter2@127.0.0.1:hunter2/db",
        "mysql://user:hunter2@127.0.0.1/db",
        "postgresql://user:hunter2@[::1/db",
        "hunter2",
        "",
    ],
)
async def test_an_unusable_url_is_explained_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "/nonexistent")
    with pytest.raises(DatabaseUnavailable) as raised:
        await connect(url)
    assert "hunter2" not in str(raised.value)
    assert "Postgres" in str(raised.value) or "URL" in str(raised.value)
    assert isinstance(raised.value, OSError), "what waits for a network's return waits for the database's as well"


async def test_an_engine_raises_the_same(database_url: str) -> None:
    engine = open_engine("postgresql://u:hunter2@127.0.0.1:1/db", pool_size=1)
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1:1/db"):
        await engine.connect()
    await engine.dispose()


async def test_errors_of_statements_show_no_values(database_url: str) -> None:
    engine = open_engine(database_url, pool_size=1)
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as raised:
            await connection.execute(text("SELECT CAST(:x AS text), 1 / 0"), {"x": "hunter2"})
    await engine.dispose()
    assert "hunter2" not in str(raised.value)


async def test_a_statement_has_a_deadline(database_url: str) -> None:
    engine = open_engine(database_url, pool_size=1, statement_seconds=0.1)
    async with engine.connect() as connection:
        with pytest.raises(TimeoutError):
            await connection.execute(text("SELECT pg_sleep(30)"))
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await engine.dispose()


async def test_a_pool_outlives_its_connections(database_url: str) -> None:
    engine = open_engine(database_url, pool_size=2)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    killer = await connect(database_url)
    await killer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await killer.close()
    await asyncio.sleep(0)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await engine.dispose()
