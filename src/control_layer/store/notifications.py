"""What changed in the database, told by its triggers: `<table>:<id>` on the channel `control_layer_changes`.

A notification is a hint and may be missed: whenever the connection is made anew, the listener is told to look at
everything again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog

from control_layer.store.engine import DRIVER_ERRORS, connect

__all__ = ["CHANNEL", "LISTENER", "ChangeListener"]

_log = structlog.get_logger(__name__)
CHANNEL = "control_layer_changes"
LISTENER = "control-layer-listener"
"""What the connection of each host that listens is called (`application_name`): so hosts can be counted."""
_KEEPALIVE_SECONDS = 10.0
_ANSWER_SECONDS = 5.0
_FIRST_BACKOFF_SECONDS = 0.1
_LONGEST_BACKOFF_SECONDS = 5.0


class ChangeListener:
    """Listens on a connection of its own for as long as `run` runs."""

    def __init__(
        self,
        database_url: str,
        *,
        on_change: Callable[[str, str], None],
        on_resync: Callable[[], None],
        jitter: Callable[[], float] = random.random,
        keepalive_seconds: float = _KEEPALIVE_SECONDS,
    ) -> None:
        """`on_change` is called with a table and an id; `on_resync` once after each connect, the first included.

        Both are called in the loop, must be quick and must not raise. After `on_resync` no later change is missed:
        what is read then, is read after listening has begun.
        """
        self._url = database_url
        self._on_change = on_change
        self._on_resync = on_resync
        self._jitter = jitter
        self._keepalive_seconds = keepalive_seconds
        self._lost = asyncio.Event()

    async def run(self) -> None:
        """Listens until cancelled; reconnects for ever."""
        backoff = _FIRST_BACKOFF_SECONDS
        while True:
            try:
                await self._listen()
                backoff = _FIRST_BACKOFF_SECONDS
            except DRIVER_ERRORS as error:
                _log.warning("change_listener_disconnected", error=str(error), retry_in_seconds=round(backoff, 2))
            await asyncio.sleep(backoff * (0.5 + self._jitter() / 2))
            backoff = min(backoff * 2, _LONGEST_BACKOFF_SECONDS)

    async def _listen(self) -> None:
        """One connection's life. Returns when it was lost after it had listened; raises when it never did."""
        connection = await connect(self._url)
        try:
            self._lost.clear()
            connection.add_termination_listener(lambda _: self._lost.set())
            await connection.execute(f"SET application_name = '{LISTENER}'")
            await connection.add_listener(CHANNEL, self._heard)
            self._on_resync()
            while not connection.is_closed():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._lost.wait(), self._keepalive_seconds)
                    break
                # A connection whose other end vanished without a word is found out only by asking.
                await connection.execute("SELECT 1", timeout=_ANSWER_SECONDS)
        except DRIVER_ERRORS as error:
            _log.info("change_listener_connection_failed", error=repr(error))
        finally:
            connection.terminate()
        _log.warning("change_listener_connection_lost")

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        table, _, row = str(payload).partition(":")
        self._on_change(table, row)
