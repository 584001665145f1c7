"""Ends the simulated provider when its endpoint goes, whoever deletes it."""

from __future__ import annotations

import asyncio

import structlog

from control_layer.control.errors import ControlError
from control_layer.control.services import Services
from control_layer.control.simulated.endpoint import settle

__all__ = ["SimulatedWatch"]

_log = structlog.get_logger(__name__)
_RETRY_SECONDS = 5.0


class SimulatedWatch:
    """Looks again whenever an endpoint has changed."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._changed = asyncio.Event()

    def notice(self) -> None:
        """An endpoint has changed, or may have."""
        self._changed.set()

    async def run(self) -> None:
        """Runs until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await settle(self._services)
            except ControlError as error:
                _log.warning("simulated_provider_not_settled", reason=error.message, retry_seconds=_RETRY_SECONDS)
                await asyncio.sleep(_RETRY_SECONDS)
                self._changed.set()
