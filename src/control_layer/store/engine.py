"""Connections to Postgres. The URL is libpq's (`postgresql://…`), with everything asyncpg understands in it."""

from __future__ import annotations

from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

__all__ = ["connect", "open_engine"]

_CONNECT_SECONDS = 10.0
_STATEMENT_SECONDS = 60.0
_WAIT_FOR_CONNECTION_SECONDS = 30.0
_RECYCLE_SECONDS = 1800


async def connect(
    database_url: str, *, statement_seconds: float | None = _STATEMENT_SECONDS
) -> asyncpg.Connection[Any]:
    """One connection. `statement_seconds` bounds each statement. Raises OSError and `asyncpg.PostgresError`."""
    return await asyncpg.connect(
        database_url,
        timeout=_CONNECT_SECONDS,
        command_timeout=statement_seconds,
        server_settings={"application_name": "control-layer", "timezone": "UTC", "jit": "off"},
    )


def open_engine(
    database_url: str, *, pool_size: int, statement_seconds: float | None = _STATEMENT_SECONDS
) -> AsyncEngine:
    """An engine with at most `pool_size` connections, made when they are needed.

    asyncpg reads the URL itself: `postgres://`, `?sslmode=`, `?host=/directory` and several hosts all mean what they
    mean to libpq.
    """

    async def creator() -> asyncpg.Connection[Any]:
        return await connect(database_url, statement_seconds=statement_seconds)

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=creator,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_WAIT_FOR_CONNECTION_SECONDS,
        pool_recycle=_RECYCLE_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text must hold no secret
    )
