"""Where rows stand before they are merged: a connection's temporary tables, filled by COPY, empty after its commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from control_layer.recorder.rows import BodyRow, OpenRow
from control_layer.store.copying import copy_rows
from control_layer.store.engine import DRIVER_ERRORS, DatabaseUnavailable

__all__ = ["BODIES", "CLOSED", "OPENED", "Refused", "Staging", "fill", "is_refusal", "prepare"]

_REFUSED = ("22", "23", "54")
"""Classes of SQLSTATE that blame the values: data exception, constraint violation, program limit exceeded."""


class Refused(Exception):
    """The database will not have one of the rows; the message says why."""


@dataclass(frozen=True, slots=True)
class Staging:
    """A table of rows that wait."""

    name: str
    types: Mapping[str, str]

    def columns(self, of: str = "") -> str:
        """The names of its columns, for a statement; `of` names the table."""
        return ", ".join(f"{of}.{name}" if of else name for name in self.types)

    def creation(self) -> str:
        """The statement that makes it."""
        columns = ", ".join(f"{name} {kind}" for name, kind in self.types.items())
        return f"CREATE TEMPORARY TABLE IF NOT EXISTS {self.name} ({columns}) ON COMMIT DELETE ROWS"


OPENED = Staging(
    "staged_opened",
    dict(
        zip(
            OpenRow._fields,
            ("uuid", "timestamptz", "uuid", "uuid", "uuid", "text", "uuid", "text", "text", "boolean"),
            strict=True,
        )
    ),
)
CLOSED = Staging(
    "staged_closed",
    {
        **OPENED.types,
        "outcome": "text",
        "status": "integer",
        "error": "text",
        "deployment_id": "uuid",
        "attempts": "jsonb",
        "first_byte_seconds": "double precision",
        "duration_seconds": "double precision",
        "input_tokens": "bigint",
        "output_tokens": "bigint",
        "cached_input_tokens": "bigint",
        "cache_write_tokens": "bigint",
        "cache_write_1h_tokens": "bigint",
        "audio_input_tokens": "bigint",
        "image_input_tokens": "bigint",
        "reasoning_tokens": "bigint",
        "audio_output_tokens": "bigint",
        "image_output_tokens": "bigint",
        "token_source": "text",
        "finish_reason": "text",
        "request_bytes": "bigint",
        "response_bytes": "bigint",
        "upstream_request_id": "text",
        "client_request_id": "text",
        "user_agent": "text",
        "tariff_id": "uuid",
        "free": "boolean",
        "budgets": "jsonb",
        "cache": "text",
        "saved_input_tokens": "bigint",
        "saved_output_tokens": "bigint",
        "saved_cost": "numeric",
        "asked_model": "text",
        "wasted_cost": "numeric",
        "batch_request_id": "uuid",
    },
)
BODIES = Staging(
    "staged_bodies",
    dict(
        zip(
            BodyRow._fields,
            ("uuid", "bytea", "boolean", "bytea", "boolean", "jsonb", "jsonb", "jsonb", "text"),
            strict=True,
        )
    ),
)

# The planner knows nothing of a temporary table's rows, and keeps the plan that it made for the first of them: a few
# thousand rows that each find what they need by an index are right for tables of any size.
_PREPARATION = "; ".join(
    [
        *(table.creation() for table in (OPENED, CLOSED, BODIES)),
        *(f"SET LOCAL enable_{way} = off" for way in ("hashjoin", "mergejoin", "seqscan")),
    ]
)


async def prepare(connection: AsyncConnection) -> None:
    """Makes the tables, where this connection has none yet. Raises `DatabaseUnavailable`."""
    driver = await _driver(connection)
    try:
        await driver.execute(_PREPARATION)
    except DRIVER_ERRORS as error:
        raise await _broken(connection, error) from error


async def fill(connection: AsyncConnection, table: Staging, rows: Sequence[tuple[object, ...]]) -> None:
    """Copies rows into their table. Raises `Refused`; `DatabaseUnavailable` when the connection is lost or stuck."""
    driver = await _driver(connection)
    try:
        await copy_rows(driver, table.name, list(table.types), rows)
    except (ValueError, TypeError, OverflowError) as error:  # asyncpg's, of a value that it cannot write
        raise Refused(str(error)) from error
    except DRIVER_ERRORS as error:
        if is_refusal(error):
            raise Refused(str(error)) from error
        raise await _broken(connection, error) from error


def is_refusal(error: object) -> bool:
    """Whether an error of the database blames the values that it was given."""
    state = getattr(error, "sqlstate", None)
    return isinstance(state, str) and state[:2] in _REFUSED


async def _driver(connection: AsyncConnection) -> asyncpg.Connection[Any]:
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, asyncpg.Connection)
    return driver


async def _broken(connection: AsyncConnection, error: Exception) -> DatabaseUnavailable:
    await connection.invalidate()
    return DatabaseUnavailable(f"the database took no rows: {str(error) or type(error).__name__}")
