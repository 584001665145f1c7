"""The database of this instance: the embedded server, started and watched, or an external one's address."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress

import structlog

from control_layer.settings import Settings
from control_layer.store.embedded import CannotRunPostgres, EmbeddedPostgres
from control_layer.supervisor.restarts import Restarts

__all__ = ["InstanceDatabase"]

_log = structlog.get_logger(__name__)
_WATCH_SECONDS = 0.25


class InstanceDatabase:
    """`run` starts an embedded server and brings it back when it died; `url` waits for it."""

    def __init__(self, settings: Settings, embedded: EmbeddedPostgres | None) -> None:
        self._embedded = embedded
        self._url = asyncio.Event()
        self._address = ""
        self._starting: asyncio.Future[str] | None = None
        self.failure: str | None = None
        """Why there is none now, for a person."""
        self.restarts = Restarts(time.monotonic, random.random, first=0.1, last=10.0)
        if embedded is None:
            assert settings.database.url is not None, "checked with the settings"
            self._address = settings.database.url.get_secret_value()
            self._url.set()

    @property
    def is_embedded(self) -> bool:
        return self._embedded is not None

    @property
    def alive(self) -> bool:
        """Whether the server runs; of an external one we do not know better."""
        return self._embedded is None or self._embedded.alive

    async def url(self) -> str:
        """The database's URL; an embedded server has been running then."""
        await self._url.wait()
        return self._address

    async def run(self) -> None:
        """Sees to it that an embedded server runs. Ends by cancellation only, for an external one at once."""
        if self._embedded is None:
            return
        await self._start(self._embedded)
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if self.alive:
                continue
            delay = self.restarts.died()
            if self.failure is None:
                _log.error("postgres_died", restart_seconds=round(delay, 2))
            await asyncio.sleep(delay)
            await self._start(self._embedded)

    async def _start(self, embedded: EmbeddedPostgres) -> None:
        self._starting = asyncio.ensure_future(asyncio.to_thread(embedded.start))
        try:
            # Cancelling does not reach the thread: `stop` waits for it.
            self._address = await asyncio.shield(self._starting)
        except CannotRunPostgres as error:
            self.failure = str(error)
            _log.error("postgres_not_started", error=self.failure)
        else:
            self.failure = None
            self.restarts.started()
            self._url.set()
            _log.info("postgres_running")

    async def stop(self) -> None:
        """Shuts an embedded server down, also one that is still starting."""
        if self._embedded is None:
            return
        self._embedded.give_up()
        if self._starting is not None:
            with suppress(CannotRunPostgres):
                await self._starting
        await asyncio.to_thread(self._embedded.stop)
