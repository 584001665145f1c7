"""Connections to Postgres. The URL is libpq's (`postgresql://…`), with everything asyncpg understands in it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

__all__ = ["DRIVER_ERRORS", "DatabaseUnavailable", "connect", "open_engine"]

DRIVER_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asyncpg raises where the database is away, or says no. "Internal" to it is also a server's goodbye that comes
between two statements."""

_CONNECT_SECONDS = 10.0
_STATEMENT_SECONDS = 60.0
_WAIT_FOR_CONNECTION_SECONDS = 30.0
_RECYCLE_SECONDS = 1800
_SERVER_SETTINGS = {"timezone": "UTC", "jit": "off"}
_FOR_LIBPQ_ONLY = frozenset(
    {
        *("channel_binding", "connect_timeout", "fallback_application_name", "gssencmode", "pgbouncer"),
        *("keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval", "sslcompression"),
        "tcp_user_timeout",
    }
)
"""Options that hosting companies put in their URLs; asyncpg would pass them to the server, which refuses them."""


class DatabaseUnavailable(ConnectionError):
    """No connection to Postgres could be made; the message says where to and why, without the password."""


async def connect(
    database_url: str, *, statement_seconds: float | None = _STATEMENT_SECONDS
) -> asyncpg.Connection[Any]:
    """One connection. `statement_seconds` bounds each statement. Raises `DatabaseUnavailable`."""
    try:
        return await asyncpg.connect(
            _for_asyncpg(database_url),
            timeout=_CONNECT_SECONDS,
            command_timeout=statement_seconds,
            server_settings=_SERVER_SETTINGS,
        )
    except ValueError:  # its text may quote a piece of the password
        raise DatabaseUnavailable(
            "the database's URL cannot be understood; write postgresql://user:password@host:5432/database, "
            "with special characters in the password percent-encoded"
        ) from None
    except DRIVER_ERRORS as error:
        reason = str(error) or f"no answer within {_CONNECT_SECONDS:.0f} s"
        raise DatabaseUnavailable(f"cannot connect to Postgres at {_place(database_url)}: {reason}") from error


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
        pool_use_lifo=True,  # few are busy: each has caches and temporary buffers of its own
        hide_parameters=True,  # an error's text must hold no secret
    )


def _for_asyncpg(database_url: str) -> str:
    parts = urlsplit(database_url)
    options = [(name, value) for name, value in parse_qsl(parts.query) if name not in _FOR_LIBPQ_ONLY]
    if not any(name == "application_name" for name, _ in options):
        options.append(("application_name", "control-layer"))
    return urlunsplit(parts._replace(query=urlencode(options)))


def _place(database_url: str) -> str:
    """Host and database of a URL: what may be shown of it."""
    parts = urlsplit(database_url)
    return f"{parts.netloc.rpartition('@')[2] or 'a local socket'}{parts.path}"
