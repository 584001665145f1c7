"""Runs active probes at their intervals, on the one host that leads."""

from __future__ import annotations

import asyncio
import uuid

import structlog

from control_layer.contract.supervision import Sample
from control_layer.control.errors import ControlError
from control_layer.control.leadership import Leader, NotLeading, elected
from control_layer.control.own_gateway import GatewayUnreachable
from control_layer.control.probes.execution import executed, request_of
from control_layer.control.probes.queries import find_target, last_runs, scheduled_probes
from control_layer.control.probes.schedule import Schedule
from control_layer.control.probes.state import note_state
from control_layer.control.request_context import transaction
from control_layer.control.services import Services

__all__ = ["ProbeScheduler"]

_log = structlog.get_logger(__name__)
_LOCK = 0x70726F6265  # "probe", the key of the advisory lock
_LOOK_SECONDS = 1.0
"""How often the leader looks for probes that are due: how late a run can be."""
_RETRY_SECONDS = 2.0
_READ_SECONDS = 5.0
"""Who reads longer may lead no more by then."""


class ProbeScheduler:
    """One per host; of all hosts on one database, one runs probes."""

    def __init__(self, services: Services, database_url: str) -> None:
        settings = services.settings.background_services
        self._services = services
        self._database_url = database_url
        self._enabled = settings.probe_scheduler.enabled
        self._election = settings.leader_election.enabled
        self._room = asyncio.Semaphore(settings.probe_scheduler.concurrency)
        self._leading = False
        self._outcomes = {"success": 0, "failure": 0, "not_run": 0}

    async def run(self) -> None:
        """Leads whenever it can, for ever, unless the settings say no. The database may be away at any time.

        Cancelling it ends runs at once.
        """
        while self._enabled:
            try:
                async with elected(self._database_url, lock=_LOCK, election=self._election) as leader:
                    _log.info("probe_scheduler_leads")
                    self._leading = True
                    await self._lead(leader)
            except NotLeading as error:
                _log.warning("probe_scheduler_does_not_lead", reason=str(error), retry_seconds=_RETRY_SECONDS)
            finally:
                self._leading = False
            await asyncio.sleep(_RETRY_SECONDS)

    def samples(self) -> list[Sample]:
        """The scheduler's part of the metrics."""
        leads, runs = "Whether this host runs the probes.", "Scheduled runs of probes."
        return [
            Sample("control_layer_probe_leader", "gauge", leads, {}, int(self._leading)),
            *(
                Sample("control_layer_probe_runs_total", "counter", runs, {"outcome": outcome}, count)
                for outcome, count in self._outcomes.items()
            ),
        ]

    async def _lead(self, leader: Leader) -> None:
        """Looks for what is due until the leadership is lost; what is under way then is cancelled.

        Raises `NotLeading`.
        """
        schedule = Schedule()
        tasks: set[asyncio.Task[None]] = set()
        try:
            while True:
                await leader.confirm()
                for probe_id in await self._due(schedule):
                    task = asyncio.create_task(self._run(schedule, probe_id), name=f"probe-{probe_id}")
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _due(self, schedule: Schedule) -> list[uuid.UUID]:
        try:
            async with asyncio.timeout(_READ_SECONDS), transaction(self._services) as session:
                intervals = await scheduled_probes(session)
                unknown = schedule.unknown(intervals)
                if unknown:
                    schedule.learn(await last_runs(session, unknown))
        except (ControlError, TimeoutError) as error:
            _log.warning("probes_not_read", reason=repr(error))
            return []
        return schedule.take_due(intervals, self._services.now())

    async def _run(self, schedule: Schedule, probe_id: uuid.UUID) -> None:
        """One scheduled run. A result is stored where the model was asked, whatever it answered."""
        outcome = "not_run"
        try:
            async with self._room:
                outcome = await self._executed(probe_id)
        except (ControlError, GatewayUnreachable) as error:
            _log.warning("probe_not_run", probe=str(probe_id), reason=str(error))
        except Exception:  # noqa: BLE001 - one probe's trouble is not the others'
            _log.error("probe_failed", probe=str(probe_id), exc_info=True)
        finally:
            self._outcomes[outcome] += 1
            schedule.ended(probe_id)

    async def _executed(self, probe_id: uuid.UUID) -> str:
        async with transaction(self._services) as session:
            found = await find_target(session, probe_id)
        if found is None or not found[0].active:
            return "not_run"  # it waited for room, and was taken away meanwhile
        probe, target = found
        result = await executed(self._services, probe_id, request_of(probe, target), target.alias)
        succeeded = result.success
        async with transaction(self._services) as session:
            session.add(result)
            await note_state(session, target.model_id, result)
        if not succeeded:
            _log.info("probe_unsuccessful", probe=str(probe_id), model=target.alias, reason=result.error_message)
        return "success" if succeeded else "failure"
