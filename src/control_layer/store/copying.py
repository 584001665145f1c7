"""Rows into a table by COPY, with a deadline and an eye on the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg

__all__ = ["copy_rows"]

_GONE = ("08", "57")
"""Classes of SQLSTATE: connection exception, and operator intervention, such as a shutdown."""
_COPY_SECONDS = 60.0
"""More than a batch takes on the slowest database."""


async def copy_rows(
    driver: asyncpg.Connection[Any],
    table: str,
    columns: Sequence[str],
    rows: Sequence[tuple[object, ...]],
    *,
    seconds: float = _COPY_SECONDS,
) -> None:
    """Copies rows into a table.

    asyncpg's own COPY waits for room in the socket's buffer without a deadline, even where the connection is gone.

    Raises what asyncpg raises of the rows; ConnectionResetError when the connection is lost and TimeoutError after
    `seconds`, with the connection left in no state to be used.
    """
    lost = asyncio.get_running_loop().create_future()
    copy = asyncio.ensure_future(driver.copy_records_to_table(table, records=rows, columns=list(columns)))

    def note(_: object) -> None:
        if not lost.done():
            lost.set_result(None)

    driver.add_termination_listener(note)
    try:
        await asyncio.wait((copy, lost), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if copy.done():
            _check(copy)
        elif lost.done():
            raise ConnectionResetError("the connection was lost")
        else:
            raise TimeoutError(f"nothing was taken for {seconds:.0f} s")
    finally:
        driver.remove_termination_listener(note)
        if not copy.done():
            copy.cancel()
            await asyncio.gather(copy, return_exceptions=True)


def _check(copy: asyncio.Future[str]) -> None:
    try:
        copy.result()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        if _is_loss(error):
            raise ConnectionResetError(f"the connection was lost: {error}") from error
        raise


def _is_loss(error: Exception) -> bool:
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "")[:2] in _GONE
    return not isinstance(error, ValueError)  # which is a value that asyncpg cannot write
