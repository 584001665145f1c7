"""The control plane's process, from its configuration to its last answer: puts the parts together and watches them."""

from __future__ import annotations

import asyncio
import signal
import socket
import uuid
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from control_layer.contract.supervision import Sample
from control_layer.control.alerts.watch import AlertWatch
from control_layer.control.app import build_app, build_services
from control_layer.control.authentication.expiry import forget_expired
from control_layer.control.batches.purge import purge_files_and_batches
from control_layer.control.batches.worker import BatchWorker
from control_layer.control.config import ControlConfig
from control_layer.control.endpoints.discovery import DiscoveryFailed
from control_layer.control.errors import TryLater
from control_layer.control.first_start.demonstration import set_up_demonstration
from control_layer.control.first_start.model_sources import connect_model_sources
from control_layer.control.first_start.seeding import seed
from control_layer.control.http_listener import HttpListener
from control_layer.control.kept_answers.cleaning import Cleaning
from control_layer.control.kept_answers.purges import forget_old_purges
from control_layer.control.kept_answers.server import AnswerServer
from control_layer.control.kept_answers.tier import AnswerTier
from control_layer.control.leases.grants import RECALLS, Grants
from control_layer.control.leases.limit_exchange import TAKEN, LimitExchange
from control_layer.control.leases.server import LeaseServer
from control_layer.control.led_work import do_while_leading
from control_layer.control.local_socket import listening
from control_layer.control.payments.topups import AutoTopups
from control_layer.control.periodic import periodically
from control_layer.control.probes.retention import erase_old_results
from control_layer.control.probes.scheduler import ProbeScheduler
from control_layer.control.request_log.following import Following
from control_layer.control.resealing import reseal
from control_layer.control.simulated.endpoint import settle
from control_layer.control.simulated.simulation import Simulation
from control_layer.control.simulated.watch import SimulatedWatch
from control_layer.control.sinks.target import open_target
from control_layer.control.sinks.worker import SinkWorker
from control_layer.control.snapshots import SnapshotService
from control_layer.control.stored_responses.retention import erase_old_responses
from control_layer.control.stored_responses.server import ResponseServer
from control_layer.control.stored_responses.store import ResponseStore
from control_layer.control.supervision import Supervision
from control_layer.control.webhooks.retention import erase_old_deliveries
from control_layer.control.webhooks.worker import WebhookWorker
from control_layer.recorder import Folding, Keep, Recorder, Retention
from control_layer.recorder.journal import WorkerJournal
from control_layer.settings import Settings
from control_layer.store.engine import DRIVER_ERRORS, open_engine
from control_layer.store.migrations import migrate
from control_layer.store.notifications import ChangeListener

if TYPE_CHECKING:
    from control_layer.control.tracing.shipping import SpanShipper

__all__ = ["ControlPlane"]

_log = structlog.get_logger(__name__)
_FIRST_RETRY_SECONDS = 0.1
_LAST_RETRY_SECONDS = 5.0
_LAST_ERRANDS_SECONDS = 5.0
_LAST_SPANS_SECONDS = 2.0
_HOUSEKEEPING_SECONDS = 600.0
_RECORDING_CONNECTIONS = 4
"""Two journals at a time, a new day's partition, and folding: usage waits for no page. Each has buffers of its own."""

_SHARING_CONNECTIONS = 2
"""For kept answers: to look for some, and to store others. Made where a model shares what it keeps."""
_SHARING_SECONDS = 10.0
_STORING_CONNECTIONS = 2
"""For stored responses, in the same way."""


class ControlPlane:
    """One control plane's life."""

    def __init__(self, config: ControlConfig, settings: Settings, channel: socket.socket) -> None:
        self._config = config
        self._supervision = Supervision(channel)
        self._engine = open_engine(config.database_url, pool_size=settings.database.pool.max_connections)
        self._services = build_services(
            engine=self._engine,
            settings=settings,
            setting_origins=config.setting_origins,
            gateway=config.gateway,
            simulation=Simulation(
                self._supervision.simulate if config.offers_simulated else None,
                here=config.simulated,
                pinned=config.demo is not None,
            ),
            mail_directory=Path(config.mail_dir),
            password_generated=config.password_generated,
        )
        self._simulated = SimulatedWatch(self._services)
        self._snapshots = SnapshotService(
            self._engine,
            file=Path(config.snapshot_file),
            socket=Path(config.snapshot_socket),
            in_force=self._services.in_force,
        )
        self._limits = LimitExchange(self._engine, lambda message: self._leases.deliver(message))
        self._leases = LeaseServer(
            Path(config.lease_socket),
            Grants(self._engine, lives=self._lives),
            self._limits.publish,
            self._services.conditions,
        )
        self._sharing = open_engine(
            config.database_url, pool_size=_SHARING_CONNECTIONS, statement_seconds=_SHARING_SECONDS
        )
        self._cleaning = Cleaning(self._engine, settings.gateway.shared_response_cache_bytes)
        self._answers = AnswerTier(self._sharing, self._cleaning)
        self._storing = open_engine(
            config.database_url, pool_size=_STORING_CONNECTIONS, statement_seconds=_SHARING_SECONDS
        )
        self._responses = ResponseStore(
            self._storing, self._services.received_responses, settings.responses.max_age, self._services.now
        )
        self._changes = ChangeListener(config.database_url, on_change=self._notice, on_resync=self._resync)
        self._probes = ProbeScheduler(self._services, config.database_url)
        self._batches = BatchWorker(self._services, config.database_url)
        self._webhooks = WebhookWorker(self._services)
        self._sinks = SinkWorker(self._services, {sink.name: open_target(sink) for sink in settings.sinks})
        self._spans = _span_shipper(settings)
        self._recording = open_engine(config.database_url, pool_size=_RECORDING_CONNECTIONS)
        self._recorder = _recorder(self._recording, config, settings, self._spans)
        self._folding = Folding(self._recording)
        self._retention = _retention(self._engine, settings, self._services.now)
        self._led: list[asyncio.Task[None]] = []
        self._retired = False
        self._stopping = asyncio.Event()
        _warn_of_believed_headers(settings)

    async def run(self) -> None:
        """Serves until SIGTERM or until the supervisor is gone.

        Raises `MigrationFailed`, or what a part died of: a control plane that lacks a part is better started anew.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        supervised = loop.create_task(self._supervised(), name="supervision")
        try:
            if await self._unless_stopped(self._prepare()):
                await self._serve()
        finally:
            supervised.cancel()
            with suppress(asyncio.CancelledError):
                await supervised
            self._services.passwords.close()
            if self._services.payments is not None:
                await self._services.payments.close()
            await self._recording.dispose()
            await self._sharing.dispose()
            await self._storing.dispose()
            await self._engine.dispose()

    async def _prepare(self) -> None:
        """Waits for the database, and for the simulated provider of a demonstration, as long as it takes."""
        delay = _FIRST_RETRY_SECONDS
        while True:
            try:
                await migrate(self._config.database_url)
                await seed(self._services)
                if self._config.demo is not None:
                    await set_up_demonstration(self._services, self._config.demo)
                await settle(self._services)
            except (*DRIVER_ERRORS, TryLater, DiscoveryFailed) as error:
                reason = f"{type(error).__name__}: {error}".splitlines()[0]
                _log.warning("not_ready", reason=reason, retry_seconds=delay)
                self._supervision.waiting(reason)
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LAST_RETRY_SECONDS)
            else:
                return

    async def _serve(self) -> None:
        """Runs all parts; ends them in order once we are told to stop: the recorder last, with all that there is."""
        http = HttpListener(self._app())
        with listening(Path(self._config.control_socket)) as listener:
            async with asyncio.TaskGroup() as parts:
                recording = parts.create_task(self._recorder.run(), name="recorder")
                endless = [
                    parts.create_task(self._snapshots.run(), name="snapshots"),
                    parts.create_task(self._leases.run(), name="leases"),
                    parts.create_task(self._limits.run(), name="limits"),
                    parts.create_task(self._answers.run(), name="answers"),
                    parts.create_task(
                        AnswerServer(Path(self._config.answer_socket), self._answers).run(), name="answer-link"
                    ),
                    parts.create_task(self._responses.run(), name="responses"),
                    parts.create_task(
                        ResponseServer(Path(self._config.response_socket), self._responses).run(), name="response-link"
                    ),
                    parts.create_task(self._changes.run(), name="changes"),
                    parts.create_task(self._simulated.run(), name="simulated-provider"),
                    parts.create_task(self._services.errands.run(), name="errands"),
                    parts.create_task(Following(self._services).run(), name="request-tail"),
                    parts.create_task(self._retention.run(), name="retention"),
                    parts.create_task(self._folding.run(), name="folding"),
                    *(
                        parts.create_task(
                            periodically(work, self._services, every_seconds=_HOUSEKEEPING_SECONDS), name=work.__name__
                        )
                        for work in (
                            forget_expired,
                            forget_old_purges,
                            erase_old_results,
                            erase_old_deliveries,
                            erase_old_responses,
                            purge_files_and_batches,
                        )
                    ),
                ]
                passing = [
                    parts.create_task(connect_model_sources(self._services), name="model-sources"),
                    parts.create_task(reseal(self._services), name="resealing"),
                ]
                if self._spans is not None:
                    endless.append(parts.create_task(self._spans.run(), name="spans"))
                serving = parts.create_task(http.serve([listener]), name="http")
                await self._snapshots.serving.wait()
                await self._snapshots.current.wait()
                self._supervision.ready()
                if not self._retired:
                    self._led = [
                        parts.create_task(self._probes.run(), name="probes"),
                        parts.create_task(self._lead(), name="leading"),
                    ]
                endless.append(parts.create_task(self._batches.run(), name="batches"))
                _log.info("control_plane_serving")
                await self._stopping.wait()
                _log.info("control_plane_stopping")
                self._retire()
                http.should_exit = True
                await serving
                await self._services.errands.finish(_LAST_ERRANDS_SECONDS)
                for task in (*passing, *endless):
                    task.cancel()
                self._recorder.stop()
                await recording
                if self._spans is not None:
                    await self._spans.finish(_LAST_SPANS_SECONDS)

    def _app(self) -> FastAPI:
        app = build_app(self._services)
        if self._spans is not None:
            from control_layer.control.tracing.opening import trace_requests  # as in `_span_shipper`

            trace_requests(app, self._services.settings, self._spans)
        return app

    def _lives(self, worker_id: uuid.UUID) -> bool:
        return WorkerJournal(worker_id, Path(self._config.journal_dir) / str(worker_id)).lives()

    def _resync(self) -> None:
        self._snapshots.missed()
        self._simulated.notice()

    def _notice(self, table: str, row_id: str) -> None:
        if table == "endpoints":
            self._simulated.notice()
        if table == RECALLS:
            self._leases.recall(row_id)
        elif table == TAKEN:
            self._limits.received(row_id)
        else:
            self._snapshots.notice(table, row_id)

    async def _supervised(self) -> None:
        try:
            await self._supervision.run(self._samples, self._retire)
        finally:
            self._stopping.set()

    def _retire(self) -> None:
        """Begins nothing more of its own accord: another host goes on with it. Nobody who watches holds up the end."""
        self._retired = True
        self._services.tail.close()
        self._batches.drain()
        for task in self._led:
            task.cancel()

    async def _lead(self) -> None:
        """What one host at a time does."""
        services = self._services
        work = {
            "webhooks": self._webhooks.run,
            "alerts": AlertWatch(services).run,
            "sinks": self._sinks.run,
            "kept-answers": self._cleaning.run,
        }
        if services.payments is not None:
            work["auto-topups"] = AutoTopups(services, services.payments).run
        election = services.settings.background_services.leader_election.enabled
        await do_while_leading(work, self._config.database_url, election=election)

    def _samples(self) -> list[Sample]:
        return [
            *self._snapshots.samples(),
            *self._limits.samples(),
            *self._answers.samples(),
            *self._cleaning.samples(),
            *self._responses.samples(),
            *self._probes.samples(),
            *self._batches.samples(),
            *self._webhooks.samples(),
            *self._sinks.samples(),
            *self._recorder.samples(),
            *self._folding.samples(),
            *(self._spans.samples() if self._spans is not None else ()),
        ]

    async def _unless_stopped(self, work: Coroutine[object, object, None]) -> bool:
        """Whether `work` came to its end before we were told to stop; it is cancelled if not. Raises what it raises."""
        working = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                await working
            return working.done()
        finally:
            working.cancel()
            stopping.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)


def _span_shipper(settings: Settings) -> SpanShipper | None:
    if not settings.tracing.enabled:
        return None
    from control_layer.control.tracing.opening import open_shipper  # 5 MB that an instance without traces does not need

    return open_shipper(settings)


def _recorder(engine: AsyncEngine, config: ControlConfig, settings: Settings, spans: SpanShipper | None) -> Recorder:
    return Recorder(
        engine,
        Path(config.journal_dir),
        max_bytes=settings.recorder.journal_max_bytes,
        searchable=settings.request_log.full_text,
        announcing=bool(settings.sinks),
        on_recorded=None if spans is None else spans.recorded,
    )


def _retention(engine: AsyncEngine, settings: Settings, now: Callable[[], datetime]) -> Retention:
    kept = settings.request_log
    return Retention(
        engine,
        requests=Keep(kept.requests.max_age, kept.requests.max_bytes),
        bodies=Keep(kept.bodies.max_age, kept.bodies.max_bytes),
        minutes=kept.sums.minutes_max_age,
        sums=kept.sums.max_age,
        now=now,
    )


def _warn_of_believed_headers(settings: Settings) -> None:
    proxy = settings.auth.proxy_header
    if proxy.enabled and not proxy.trusted_peers:
        advice = "name the proxy's addresses in auth.proxy_header.trusted_peers, or let nobody else reach this port"
        _log.warning("proxy_headers_believed_from_everybody", advice=advice)
