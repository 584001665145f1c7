"""Keeps what gateways know in step with Postgres: notified rows within milliseconds, everything compared now and then.

State changes in one way only: ids are read and what is found is published. A notification brings one id; a comparison
of everything (after the listener was away, and every few minutes) brings the ids that turn out to differ, so that
changes made meanwhile are never held up by it, nor undone. Beginnings and ends of tariffs, which nobody tells, are
waited for.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from control_layer.contract.supervision import Sample
from control_layer.control.snapshots.compiler import Compiler
from control_layer.control.snapshots.file import SnapshotFile, load
from control_layer.control.snapshots.in_force import InForce
from control_layer.control.snapshots.publication import Publication
from control_layer.control.snapshots.server import SnapshotServer
from control_layer.control.snapshots.state import State, Touched

__all__ = ["SnapshotService"]

_log = structlog.get_logger(__name__)
_GATHER_SECONDS = 0.02
"""A transaction's notifications arrive together; those of a person's next click do not. Far below what anybody sees."""
_COMPARE_SECONDS = 300.0
_ROWS_PER_READING = 2000
_ENDPOINTS_PER_READING = 100
_READ_SECONDS = 10.0
_READ_EVERYTHING_SECONDS = 120.0
_FIRST_COMPARE_SECONDS = 2.0
"""How long the first comparison waits for the listener, lest everything be compared twice."""
_FIRST_RETRY_SECONDS = 0.1
_LAST_RETRY_SECONDS = 5.0


class SnapshotService:
    """One per host. Gateways find it at `socket`; `file` is for those that start when nobody else is up."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        file: Path,
        socket: Path,
        in_force: InForce | None = None,
        clock: Callable[[], float] = time.time,
        compare_seconds: float = _COMPARE_SECONDS,
    ) -> None:
        self._compiler = Compiler(engine)
        self._file = file
        self._socket = socket
        self._compare_seconds = compare_seconds
        self._publication = Publication(clock)
        self._in_force = in_force or InForce()
        self._in_force.follow(self._publication)
        self._touched = Touched()
        self._work = asyncio.Event()
        self._doubt = asyncio.Event()
        self._tariffs_changed = asyncio.Event()
        self.serving = asyncio.Event()
        """Set when gateways can connect."""
        self.current = asyncio.Event()
        """Set once what is published is what Postgres holds, and no longer only what was persisted."""
        self._compared = False

    # -- what the listener says --------------------------------------------------------------------------------------

    def notice(self, table: str, row_id: str) -> None:
        """A row has changed, as the triggers tell it."""
        ids = _ids_of(self._touched, table)
        if ids is None:
            return
        try:
            ids.add(str(uuid.UUID(row_id)))
        except ValueError:
            _log.warning("notification_not_understood", table=table, row_id=row_id[:100])
            return
        self._work.set()
        if table in ("tariffs", "cache_pricings"):
            self._tariffs_changed.set()

    def missed(self) -> None:
        """Notifications may have been lost: everything is compared."""
        self._doubt.set()
        self._tariffs_changed.set()

    # -- running -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Publishes and serves for ever. Postgres may be away at any time, the start included."""
        persisted = await asyncio.to_thread(load, self._file)
        if persisted is not None:
            self._publication.open(*persisted)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._compare_for_ever(), name="snapshot-compare")
            tasks.create_task(self._publish_for_ever(), name="snapshot-publish")
            tasks.create_task(self._follow_tariffs_for_ever(), name="snapshot-tariffs")
            tasks.create_task(SnapshotFile(self._file, self._publication).run(), name="snapshot-file")
            server = SnapshotServer(self._socket, self._publication, self._in_force)
            tasks.create_task(server.run(self.serving), name="snapshot-server")

    def samples(self) -> list[Sample]:
        """The control plane's part of the metrics."""
        publication, rows = self._publication, self._publication.state
        version = "Version of the published snapshot, in milliseconds of Unix time."
        linked = "Gateways and files that follow the snapshot."
        count = "Rows of the published snapshot."
        sizes = {
            "keys": len(rows.keys.rows),
            "users": len(rows.users.rows),
            "models": len(rows.models.rows),
            "endpoints": len(rows.endpoints.rows),
            "budgets": len(rows.budgets.rows),
            "limits": len(rows.limits.rows),
            "guardrails": len(rows.guardrails.rows),
            "purges": len(rows.purges.rows),
        }
        return [
            Sample("control_layer_snapshot_published_version", "gauge", version, {}, publication.version),
            Sample("control_layer_snapshot_subscribers", "gauge", linked, {}, publication.subscribers),
            *(
                Sample("control_layer_snapshot_rows", "gauge", count, {"table": table}, size)
                for table, size in sizes.items()
            ),
        ]

    async def _publish_for_ever(self) -> None:
        """Reads what was touched and publishes what it finds, a batch at a time."""
        await self._publication.published.wait()
        while True:
            await self._work.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._work.clear()
            while self._touched:
                await self._publish(self._touched.take(_ROWS_PER_READING, _ENDPOINTS_PER_READING))
            if self._compared:
                self.current.set()

    async def _publish(self, touched: Touched) -> None:
        delay = _FIRST_RETRY_SECONDS
        while True:
            try:
                async with asyncio.timeout(_READ_SECONDS):
                    found = await self._compiler.find(touched, self._publication.state)
                break
            except (SQLAlchemyError, OSError) as error:
                _log.warning("snapshot_not_read", error=_brief(error), retry_seconds=delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LAST_RETRY_SECONDS)
        difference = self._publication.replace(found)
        if difference:
            _log.debug("snapshot_published", version=self._publication.version)

    async def _compare_for_ever(self) -> None:
        """Compares everything when the listener has connected, and now and then."""
        delay, wait_seconds = _FIRST_RETRY_SECONDS, _FIRST_COMPARE_SECONDS
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await self._doubt.wait()
            self._doubt.clear()
            try:
                async with asyncio.timeout(_READ_EVERYTHING_SECONDS):
                    await self._compare()
            except (SQLAlchemyError, OSError) as error:
                _log.warning("snapshot_not_compared", error=_brief(error), retry_seconds=delay)
                wait_seconds, delay = delay, min(delay * 2, _LAST_RETRY_SECONDS)
                continue
            delay, wait_seconds = _FIRST_RETRY_SECONDS, self._compare_seconds
            self._compared = True
            self._work.set()  # what was touched is published, or being published, before `current` is set

    async def _follow_tariffs_for_ever(self) -> None:
        """Has models read again when a tariff of theirs begins or ends."""
        delay, since = _FIRST_RETRY_SECONDS, datetime.fromtimestamp(0, UTC)
        while True:
            self._tariffs_changed.clear()
            try:
                async with asyncio.timeout(_READ_SECONDS):
                    turns = await self._compiler.turns(since)
            except (SQLAlchemyError, OSError) as error:
                _log.warning("snapshot_tariffs_not_read", error=_brief(error), retry_seconds=delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LAST_RETRY_SECONDS)
                continue
            delay, since = _FIRST_RETRY_SECONDS, turns.moment
            self._touch(Touched(models=set(turns.models)))
            # Clocks do not agree for ever: what is far off is asked for again.
            next_turn = self._compare_seconds if turns.seconds_to_next is None else turns.seconds_to_next
            with suppress(TimeoutError):
                async with asyncio.timeout(min(next_turn, self._compare_seconds)):
                    await self._tariffs_changed.wait()

    async def _compare(self) -> None:
        if not self._publication.published.is_set():
            state = State()
            async for rows in self._compiler.everything():
                state.add(rows)
            self._publication.open(state)
            return
        state = self._publication.state
        unseen = state.ids()
        async for rows in self._compiler.everything():
            self._touch(state.unlike(rows))
            unseen.remove(rows)
        self._touch(unseen)

    def _touch(self, touched: Touched) -> None:
        if touched:
            self._touched.add(touched)
            self._work.set()


def _ids_of(touched: Touched, table: str) -> set[str] | None:
    match table:
        case "api_keys" | "lent_secrets":
            return touched.keys
        case "users" | "group_members" | "account_balances":
            return touched.users
        case "models" | "model_components" | "group_models" | "tariffs" | "cache_pricings" | "probe_states":
            return touched.models
        case "endpoints":
            return touched.endpoints
        case "budgets":
            return touched.budgets
        case "rate_limits":
            return touched.limits
        case "guardrails":
            return touched.guardrails
        case "answer_purges":
            return touched.purges
        case _:
            return (
                None  # a group's own row: gateways know groups by id only, and its rows elsewhere speak for themselves
            )


def _brief(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
