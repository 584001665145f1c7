"""One host at a time does what must be done once: the one that holds an advisory lock of the database.

The lock lives in one connection. Where that is lost, so is the lock, and a host that asks gets it: the loser finds out
by `confirm`, which is therefore asked before everything that a leader does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from control_layer.store.engine import DRIVER_ERRORS, connect

__all__ = ["Leader", "NotLeading", "elected"]
_ASK_SECONDS = 2.0
_ANSWER_SECONDS = 5.0


class NotLeading(Exception):
    """The connection that holds the lock is lost, or was never made; the message says why."""


class Leader:
    """The host that leads, for as long as `confirm` says so."""

    def __init__(self, connection: asyncpg.Connection[Any]) -> None:
        self._connection = connection

    async def confirm(self) -> None:
        """Raises `NotLeading` where somebody else may lead by now."""
        try:
            await self._connection.execute("SELECT 1")
        except DRIVER_ERRORS as error:
            raise NotLeading(repr(error)) from error


@asynccontextmanager
async def elected(database_url: str, *, lock: int, election: bool = True) -> AsyncIterator[Leader]:
    """Waits until this host leads, and leads until the end of the block. `lock` names what is led.

    Without `election` this host leads without asking. Raises `NotLeading` where the database cannot be reached.
    """
    try:
        connection = await connect(database_url, statement_seconds=_ANSWER_SECONDS)
    except OSError as error:
        raise NotLeading(str(error)) from error
    try:
        while election and not await _locked(connection, lock):  # noqa: ASYNC110 - it happens on another host
            await asyncio.sleep(_ASK_SECONDS)
        yield Leader(connection)
    finally:
        connection.terminate()  # at once, and the lock with it


async def _locked(connection: asyncpg.Connection[Any], lock: int) -> bool:
    try:
        return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock))
    except DRIVER_ERRORS as error:
        raise NotLeading(repr(error)) from error
