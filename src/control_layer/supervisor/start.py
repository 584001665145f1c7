"""When an instance has started, and when it must be said that it does not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from control_layer.supervisor.database import InstanceDatabase
from control_layer.supervisor.errors import CannotStart
from control_layer.supervisor.kept import Kept

__all__ = ["Start"]

_POLL_SECONDS = 0.02
_COLLECT_SECONDS = 1.0
_PATIENCE_SECONDS = 10.0
_GIVE_UP_SECONDS = 330.0
"""Recovery of a large database after a crash takes minutes at worst; the embedded server gives up before that."""
_MAX_DEATHS = 3
_CANNOT_START = 3
"""A child's exit status that no restart would change."""
_PUBLISHED = "control_layer_snapshot_published_version"
_IN_FORCE = "control_layer_snapshot_version"


class Start:
    """Watches the children from their launch until all of them serve.

    With a persisted snapshot gateways serve whatever keeps the control plane away; without one there is no start.
    """

    def __init__(self, database: InstanceDatabase, control: Kept, gateways: Iterable[Kept], *, persisted: bool) -> None:
        self._database = database
        self._control = control
        self._gateways = gateways
        self._persisted = persisted

    async def finished(self) -> str | None:
        """Waits until gateways serve what the control plane says: `None` then.

        Where they serve from the persisted snapshot and the control plane is away, the reason. Raises `CannotStart`
        where waiting longer would change nothing.
        """
        begun = time.monotonic()
        while True:
            waited = time.monotonic() - begun
            gateways_up = all(gateway.has_served for gateway in self._gateways)
            if gateways_up and self._control.has_served and await self._in_step():
                return None
            for gateway in self._gateways:
                if gateway.restarts.count >= _MAX_DEATHS and not gateway.has_served:
                    raise CannotStart(f"{gateway.name} does not start; its messages above say why")
            failure = self._failure(waited)
            if failure is not None and not self._persisted:
                raise CannotStart(failure)
            if self._persisted and gateways_up and not self._control.has_served:
                if failure is not None:
                    return failure
                if waited > _PATIENCE_SECONDS:
                    return "the database is still starting"
            if waited > _GIVE_UP_SECONDS:
                raise CannotStart(f"not everything serves after {_GIVE_UP_SECONDS:.0f} s; see the messages above")
            await asyncio.sleep(_POLL_SECONDS)

    def _failure(self, waited: float) -> str | None:
        """Why the control plane does not come, once that is certain."""
        if self._database.failure is not None:
            return self._database.failure
        if self._control.has_served:
            return None
        if self._control.last_exit_code == _CANNOT_START:
            raise CannotStart("the control plane cannot start; its last message above says why")
        if self._control.restarts.count >= _MAX_DEATHS:
            return "the control plane does not start; its messages above say why"
        process = self._control.process
        if waited > _PATIENCE_SECONDS and process is not None and process.waiting_for is not None:
            check = "the log of the embedded Postgres" if self._database.is_embedded else "database.url (DATABASE_URL)"
            return f"the database cannot be used: {process.waiting_for}; check {check}"
        return None

    async def _in_step(self) -> bool:
        """Whether every gateway has what the control plane publishes."""
        published = await _sample(self._control, _PUBLISHED)
        in_force = [await _sample(gateway, _IN_FORCE) for gateway in self._gateways]
        return published > 0 and min(in_force) >= published


async def _sample(child: Kept, name: str) -> float:
    stats = None if child.process is None else await child.process.collect(_COLLECT_SECONDS)
    return 0.0 if stats is None else next((sample.value for sample in stats.samples if sample.name == name), 0.0)
