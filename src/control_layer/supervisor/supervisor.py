"""All processes of one host: sockets first, then gateways, Postgres and the control plane side by side.

Gateways do not wait for the others: with a persisted snapshot they serve at once. They end first and the database last,
so that what they recorded on the way out is shipped.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial

import structlog

from control_layer.contract.supervision import Sample
from control_layer.control.config import Demo
from control_layer.data_directory import DataDirectory, UnusableDirectory
from control_layer.settings import Settings
from control_layer.settings_sources import SettingsError, Sources
from control_layer.store.embedded import EmbeddedPostgres
from control_layer.supervisor.child_configs import control_config, gateway_config, workers_wanted
from control_layer.supervisor.database import InstanceDatabase
from control_layer.supervisor.errors import CannotStart
from control_layer.supervisor.kept import Kept, Launch, NotReplaced
from control_layer.supervisor.listeners import listen
from control_layer.supervisor.metrics_page import MetricsPage
from control_layer.supervisor.process import Process
from control_layer.supervisor.restarts import Restarts
from control_layer.supervisor.secrets import Completed, DemoKeys, complete
from control_layer.supervisor.simulated import SimulatedProvider
from control_layer.supervisor.start import Start
from control_layer.wire import Server

__all__ = ["Started", "Supervisor"]

_log = structlog.get_logger(__name__)
_CONTROL_GRACE_SECONDS = 15.0
_AFTER_DRAIN_SECONDS = 5.0
_RESTART_ONLY = ("host", "port", "data_dir", "database", "metrics", "enable_metrics", "secret_key", "log_format")


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What a person wants to know once everything serves."""

    address: str
    """Such as `http://localhost:3001`."""
    admin_email: str
    completed: Completed
    demo_key: str | None
    management: bool
    """False while the control plane is still waiting for its database and gateways serve what they know."""
    metrics: str | None
    """Address of the metrics page."""


class Supervisor:
    """One instance, from its sockets to its last process."""

    def __init__(
        self,
        sources: Sources,
        settings: Settings,
        directory: DataDirectory,
        *,
        demo: DemoKeys | None,
        announce: Callable[[Started], None],
        log_json: bool,
    ) -> None:
        self._sources = sources
        self._directory = directory
        self._completed = complete(settings, directory)
        self._settings = self._completed.settings
        self._demo_keys = demo
        self._demo: Demo | None = None
        self._announce = announce
        self._log_json = log_json
        self._listeners: list[socket.socket] = []
        self._gateways: list[Kept] = []
        self._stopping = asyncio.Event()
        self._at_once = asyncio.Event()
        self._reload = asyncio.Event()
        self._begun = time.time()
        self._metrics_address: str | None = None
        embedded = EmbeddedPostgres(directory.postgres) if settings.database.type == "embedded" else None
        self._database = InstanceDatabase(self._settings, embedded)
        self._database_url = ""
        self._simulated = SimulatedProvider(demo.provider_key) if demo is not None else None
        self._page = MetricsPage(self._processes, self._samples)
        self._control = self._kept("control", self._launch_control, first=0.2, last=10.0)

    # -- the life of an instance -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Starts everything and returns when everything has ended. Raises `CannotStart`; nothing runs then."""
        settings = self._settings
        self._listeners = listen(settings.host, settings.port, setting="port")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        refusal: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._serve(tasks)
        except* CannotStart as failures:
            refusal = failures.exceptions[0]  # raised here, it would be wrapped in a group (Python before 3.11.4)
        finally:
            await self._end(0.0)
            await self._database.stop()
        if refusal is not None:
            raise refusal

    async def _serve(self, tasks: asyncio.TaskGroup) -> None:
        metrics = await self._open_metrics()
        for number in range(workers_wanted(self._settings)):
            self._add_gateway(number, tasks)
        start = Start(self._control, self._gateways, persisted=self._directory.snapshot_file.exists())
        starting = tasks.create_task(self._start(tasks, start), name="start")
        await self._stopping.wait()
        starting.cancel()
        await self._end(self._settings.gateway.drain.total_seconds() + _AFTER_DRAIN_SECONDS)
        if metrics is not None:
            metrics.close()

    async def _start(self, tasks: asyncio.TaskGroup, start: Start) -> None:
        self._database_url = await self._database.start()
        watchers = [tasks.create_task(self._until_stopped(self._database.watch()), name="watch-database")]
        if self._simulated is not None and self._demo_keys is not None:
            url = await self._simulated.start()
            self._demo = Demo(
                provider_url=url, provider_key=self._demo_keys.provider_key, api_key=self._demo_keys.api_key
            )
            watchers.append(tasks.create_task(self._until_stopped(self._keep_simulated(url)), name="watch-simulated"))
        tasks.create_task(self._control.run(), name="control")
        management = await start.finished(external=not self._database.is_embedded)
        tasks.create_task(self._until_stopped(self._reload_for_ever(tasks)), name="reload")
        self._announce(
            Started(
                address=self._address(),
                admin_email=self._settings.admin_email,
                completed=self._completed,
                demo_key=self._demo.api_key if self._demo is not None else None,
                management=management,
                metrics=self._metrics_address,
            )
        )

    async def _end(self, grace_seconds: float) -> None:
        """Gateways first (each drains), then the control plane (which ships what they wrote), then the rest."""
        for listener in self._listeners:
            listener.close()
        self._listeners = []
        draining = asyncio.gather(*(gateway.end(grace_seconds) for gateway in self._gateways))
        hurry = asyncio.ensure_future(self._at_once.wait())
        await asyncio.wait((draining, hurry), return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not draining.done():
            for process in self._processes():
                if process.name.startswith("gateway"):
                    process.signal(signal.SIGKILL)
            await draining
        await self._control.end(_CONTROL_GRACE_SECONDS)
        if self._simulated is not None:
            await self._simulated.end()

    def _asked_to_stop(self) -> None:
        if self._stopping.is_set():
            self._at_once.set()  # asked twice: now
        else:
            _log.info("stopping", grace_seconds=self._settings.gateway.drain.total_seconds())
            self._stopping.set()

    async def _until_stopped(self, work: Coroutine[object, object, None]) -> None:
        """Runs a watcher that never ends by itself."""
        watching = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((watching, stopping), return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                await watching
        finally:
            watching.cancel()
            stopping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    # -- children ----------------------------------------------------------------------------------------------------

    def _kept(self, name: str, launch: Launch, *, first: float, last: float) -> Kept:
        restarts = Restarts(time.monotonic, random.random, first=first, last=last)
        return Kept(name, launch, restarts, on_exit=self._page.ended)

    def _add_gateway(self, number: int, tasks: asyncio.TaskGroup) -> None:
        name = f"gateway-{number}"
        gateway = self._kept(name, partial(self._launch_gateway, name), first=0.05, last=5.0)
        self._gateways.append(gateway)
        tasks.create_task(gateway.run(), name=name)

    async def _launch_gateway(self, name: str) -> Process:
        fds = [listener.fileno() for listener in self._listeners]
        config = gateway_config(
            self._settings,
            self._directory,
            worker_id=str(uuid.uuid4()),
            listen_fds=fds,
            environment=os.environ,
            log_json=self._log_json,
        )
        return await Process.start(name, "control_layer.gateway", config, inherited=tuple(fds))

    async def _launch_control(self) -> Process:
        config = control_config(
            self._settings,
            self._directory,
            database_url=self._database_url,
            demo=self._demo,
            log_json=self._log_json,
        )
        return await Process.start("control", "control_layer.control", config)

    async def _keep_simulated(self, url: str) -> None:
        assert self._simulated is not None
        port = int(url.rpartition(":")[2].partition("/")[0])
        while True:
            _log.error("simulated_provider_died", exit_code=await self._simulated.exited())
            await self._simulated.start(port)

    def _processes(self) -> list[Process]:
        kept = (*self._gateways, self._control)
        return [child.process for child in kept if child.process is not None and not child.process.exited.is_set()]

    # -- reload ------------------------------------------------------------------------------------------------------

    async def _reload_for_ever(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            try:
                fresh = complete(self._sources.load(), self._directory).settings
            except (SettingsError, UnusableDirectory) as error:
                _log.error("settings_not_reloaded", problems=str(error).splitlines(), consequence="the old ones hold")
                continue
            fixed = [name for name in _RESTART_ONLY if getattr(fresh, name) != getattr(self._settings, name)]
            if fixed:
                _log.warning("settings_need_a_restart", keys=fixed)
            kept = {name: getattr(self._settings, name) for name in _RESTART_ONLY}
            fresh = fresh.model_copy(update=kept)
            if fresh == self._settings:
                _log.info("settings_unchanged")
                continue
            self._settings = fresh
            await self._replace_children(tasks)
            _log.info("settings_reloaded")

    async def _replace_children(self, tasks: asyncio.TaskGroup) -> None:
        """One gateway after the other, each new one serving before its old one leaves; then the control plane."""
        grace = self._settings.gateway.drain.total_seconds() + _AFTER_DRAIN_SECONDS
        wanted = workers_wanted(self._settings)
        for gateway in self._gateways[:wanted]:
            try:
                await gateway.replace(grace)
            except (NotReplaced, OSError) as error:
                _log.error("gateway_not_replaced", reason=str(error), consequence="the old one goes on")
        for number in range(len(self._gateways), wanted):
            self._add_gateway(number, tasks)
        surplus, self._gateways = self._gateways[wanted:], self._gateways[:wanted]
        for gateway in surplus:
            tasks.create_task(gateway.end(grace), name=f"surplus-{gateway.name}")
        await self._control.restart(_CONTROL_GRACE_SECONDS)

    # -- what can be seen --------------------------------------------------------------------------------------------

    async def _open_metrics(self) -> asyncio.Server | None:
        settings = self._settings
        if not settings.enable_metrics:
            return None
        loop = asyncio.get_running_loop()
        (listener, *_) = listen(settings.metrics.host, settings.metrics.port, setting="metrics.port")
        self._metrics_address = f"http://{_bracketed(settings.metrics.host)}:{listener.getsockname()[1]}/metrics"
        server = Server(self._page.accept, loop=loop)
        return await loop.create_server(server.protocol, sock=listener)

    def _samples(self) -> Iterator[Sample]:
        up, restarts = "Whether the process serves.", "Times the process died and was started again."
        for child in (*self._gateways, self._control):
            process = child.process
            serving = process is not None and process.ready.is_set() and not process.exited.is_set()
            labels = {"process": child.name}
            yield Sample("control_layer_process_up", "gauge", up, labels, float(serving))
            yield Sample("control_layer_process_restarts_total", "counter", restarts, labels, child.restarts.count)
        if self._database.is_embedded:
            labels = {"process": "postgres"}
            yield Sample("control_layer_process_up", "gauge", up, labels, float(self._database.alive))
            count = self._database.restarts.count
            yield Sample("control_layer_process_restarts_total", "counter", restarts, labels, count)
        text = "When this instance was started, in Unix seconds."
        yield Sample("control_layer_start_time_seconds", "gauge", text, {}, self._begun)

    def _address(self) -> str:
        settings = self._settings
        scheme = "http" if settings.gateway.tls.certificate is None else "https"
        host = "localhost" if settings.host in ("", "0.0.0.0", "::") else settings.host  # noqa: S104
        port = self._listeners[0].getsockname()[1]
        return f"{scheme}://{_bracketed(host)}:{port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
