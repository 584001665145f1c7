"""One host at a time does what must be done once: the one that holds an advisory lock of the database.

The lock lives in one connection. Where that is lost, so is the lock, and a host that asks gets it: the loser finds out
by `confirm`, which is therefore asked before everything that a leader does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import structlog

from control_layer.control.errors import ControlError
from control_layer.store.engine import connect

__all__ = ["Leader", "NotLeading", "elected", "leading_periodically"]

_log = structlog.get_logger(__name__)
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
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
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
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise NotLeading(repr(error)) from error


async def leading_periodically(
    step: Callable[[], Awaitable[None]],
    database_url: str,
    *,
    name: str,
    lock: int,
    every_seconds: float,
    election: bool = True,
) -> None:
    """Does `step` at intervals whenever this host leads, for ever. The database may be away at any time.

    `name` is for the log. A step that the database refuses is done at the next interval.
    """
    while True:
        try:
            async with elected(database_url, lock=lock, election=election) as leader:
                _log.info("leads", what=name)
                while True:
                    await leader.confirm()
                    try:
                        await step()
                    except ControlError as error:
                        _log.warning("step_failed", what=name, reason=error.message, retry_seconds=every_seconds)
                    await asyncio.sleep(every_seconds)
        except NotLeading as error:
            _log.warning("does_not_lead", what=name, reason=str(error), retry_seconds=_ASK_SECONDS)
        await asyncio.sleep(_ASK_SECONDS)
