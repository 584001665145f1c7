"""A database with somebody in it, and a directory for journals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.recorder.journals import KEY, USER

from control_layer.store.engine import connect, open_engine


@pytest.fixture
def journal_dir(tmp_path: Path) -> Path:
    directory = tmp_path / "journal"
    directory.mkdir()
    return directory


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database_url, pool_size=5)
    yield engine
    await engine.dispose()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(database_url)
    await connection.execute(
        "INSERT INTO users (id, username, email, auth_source) VALUES ($1, 'u', 'u', 'native')", USER
    )
    await connection.execute(
        "INSERT INTO api_keys (id, name, user_id, created_by, secret_digest, secret_prefix) "
        "VALUES ($1, 'k', $2, $2, '\\x00', 'sk-')",
        *(KEY, USER),
    )
    yield connection
    await connection.close()
