"""When an instance has started, and when it must be said that it does not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from control_layer.supervisor.errors import CannotStart
from control_layer.supervisor.kept import Kept

__all__ = ["Start"]

_POLL_SECONDS = 0.02
_COLLECT_SECONDS = 1.0
_WAIT_FOR_DATABASE_SECONDS = 10.0
_GIVE_UP_SECONDS = 180.0
"""Recovery of a large database after a crash takes minutes at worst."""
_MAX_DEATHS = 3
_CANNOT_START = 3
"""A child's exit status that no restart would change."""
_PUBLISHED = "control_layer_snapshot_published_version"
_IN_FORCE = "control_layer_snapshot_version"


class Start:
    """Watches the children from their launch until all of them serve."""

    def __init__(self, control: Kept, gateways: Sequence[Kept], *, persisted: bool) -> None:
        self._control = control
        self._gateways = gateways
        self._persisted = persisted

    async def finished(self, *, external: bool) -> bool:
        """Waits until gateways serve what the control plane says; true then.

        False where they serve from the persisted snapshot and the control plane is waiting for its database. Raises
        `CannotStart` where waiting longer would change nothing.
        """
        begun = time.monotonic()
        while True:
            waited = time.monotonic() - begun
            self._check_deaths()
            gateways_up = all(gateway.ready.is_set() for gateway in self._gateways)
            if gateways_up and self._control.ready.is_set():
                if await self._snapshots_there():
                    return True
            elif waited > _WAIT_FOR_DATABASE_SECONDS and self._reason is not None:
                if self._persisted and gateways_up:
                    return False
                where = "database.url (or DATABASE_URL)" if external else "the log of the embedded Postgres"
                raise CannotStart(f"the database cannot be used: {self._reason}; check {where}")
            if waited > _GIVE_UP_SECONDS:
                raise CannotStart(f"not everything serves after {_GIVE_UP_SECONDS:.0f} s; see the messages above")
            await asyncio.sleep(_POLL_SECONDS)

    @property
    def _reason(self) -> str | None:
        process = self._control.process
        return None if process is None else process.waiting_for

    def _check_deaths(self) -> None:
        process = self._control.process
        if process is not None and process.exit_code == _CANNOT_START and not self._control.ready.is_set():
            raise CannotStart("the control plane cannot start; its last message above says why")
        for child in (self._control, *self._gateways):
            if child.restarts.count >= _MAX_DEATHS and not child.ready.is_set():
                raise CannotStart(f"{child.name} does not start; its messages above say why")

    async def _snapshots_there(self) -> bool:
        """Whether every gateway has what the control plane publishes."""
        published = await _sample(self._control, _PUBLISHED)
        in_force = [await _sample(gateway, _IN_FORCE) for gateway in self._gateways]
        return published > 0 and min(in_force) >= published


async def _sample(child: Kept, name: str) -> float:
    stats = None if child.process is None else await child.process.collect(_COLLECT_SECONDS)
    return 0.0 if stats is None else next((sample.value for sample in stats.samples if sample.name == name), 0.0)
