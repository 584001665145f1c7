"""The database of this instance: the embedded server, started and watched, or an external one's address."""

from __future__ import annotations

import asyncio
import random
import time

import structlog

from control_layer.settings import Settings
from control_layer.store.embedded import CannotRunPostgres, EmbeddedPostgres
from control_layer.supervisor.errors import CannotStart
from control_layer.supervisor.restarts import Restarts

__all__ = ["InstanceDatabase"]

_log = structlog.get_logger(__name__)
_WATCH_SECONDS = 0.25


class InstanceDatabase:
    """`start` gives the URL; `watch` brings an embedded server back when it died."""

    def __init__(self, settings: Settings, embedded: EmbeddedPostgres | None) -> None:
        self._url = settings.database.url
        self._embedded = embedded
        self.restarts = Restarts(time.monotonic, random.random, first=0.1, last=10.0)

    @property
    def is_embedded(self) -> bool:
        return self._embedded is not None

    async def start(self) -> str:
        """The URL; an embedded server is running then. Raises `CannotStart`."""
        if self._embedded is None:
            assert self._url is not None, "checked with the settings"
            return self._url.get_secret_value()
        try:
            return await asyncio.to_thread(self._embedded.start)
        except CannotRunPostgres as error:
            raise CannotStart(str(error)) from error

    @property
    def alive(self) -> bool:
        """Whether the server runs; of an external one we do not know better."""
        return self._embedded is None or self._embedded.alive

    async def watch(self) -> None:
        """Starts an embedded server again whenever it died. Ends by cancellation only."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if self.alive:
                continue
            delay = self.restarts.died()
            _log.error("postgres_died", restart_seconds=round(delay, 2))
            await asyncio.sleep(delay)
            try:
                await self.start()
            except CannotStart as error:
                _log.error("postgres_not_started", error=str(error))
            else:
                self.restarts.started()
                _log.info("postgres_running_again")

    async def stop(self) -> None:
        """Shuts an embedded server down."""
        if self._embedded is not None:
            await asyncio.to_thread(self._embedded.stop)
