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
import sys
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass

import structlog

from control_layer.contract.logs import configure_logs
from control_layer.contract.supervision import Sample, Simulate
from control_layer.control.config import Demo
from control_layer.data_directory import DataDirectory, UnusableDirectory
from control_layer.settings import Settings
from control_layer.settings_sources import SettingsError, Sources
from control_layer.store.embedded import EmbeddedPostgres
from control_layer.supervisor.child_configs import PROXY_VARIABLES, control_config, gateway_config
from control_layer.supervisor.database import InstanceDatabase
from control_layer.supervisor.errors import CannotStart
from control_layer.supervisor.gateways import Gateways
from control_layer.supervisor.kept import Kept, Launch, NotReplaced
from control_layer.supervisor.listeners import PublicListeners, listen
from control_layer.supervisor.metrics_page import MetricsPage
from control_layer.supervisor.own_samples import own_samples
from control_layer.supervisor.predecessor import ControlLock
from control_layer.supervisor.process import Process
from control_layer.supervisor.processors import usable_processors
from control_layer.supervisor.restarts import Restarts
from control_layer.supervisor.secrets import Completed, complete
from control_layer.supervisor.simulated import SimulatedProvider
from control_layer.supervisor.start import Start
from control_layer.wire import Server

__all__ = ["Started", "Supervisor"]

_log = structlog.get_logger(__name__)
_CONTROL_GRACE_SECONDS = 30.0
"""It answers what is under way (3 s) and ships what gateways recorded (20 s, where the database is slow)."""
_HURRIED_SECONDS = 3.0
_AFTER_DRAIN_SECONDS = 5.0
_ABANDONED_PORT_SECONDS = 5.0
_RESTART_ONLY = (
    "host", "port", "data_dir", "database", "metrics", "enable_metrics", "secret_key", "previous_secret_keys",
    "log_format",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What a person wants to know once everything serves."""

    address: str
    """Such as `http://localhost:3001`."""
    admin_email: str
    completed: Completed
    demo_key: str | None
    away: str | None
    """Why the control plane is not there yet, while gateways serve what they know."""
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
        demo_key: str | None,
        announce: Callable[[Started], None],
        log_json: bool,
    ) -> None:
        """`demo_key` is the secret of the demonstration's key, where there is one. Raises `UnusableDirectory`."""
        self._sources = sources
        self._directory = directory
        self._completed = complete(settings, directory)
        self._settings = self._completed.settings
        self._setting_origins = sources.origins()
        self._demo = None if demo_key is None else Demo(api_key=demo_key)
        self._announce = announce
        self._log_json = log_json
        self._in_terminal = any(
            stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)
        )
        self._address = ""
        self._nearest = ("", 0)
        self._metrics_address: str | None = None
        self._gateways: Gateways | None = None
        self._stopping = asyncio.Event()
        self._at_once = asyncio.Event()
        self._reload = asyncio.Event()
        self._begun_at = time.time()
        embedded = EmbeddedPostgres(directory.postgres) if settings.database.type == "embedded" else None
        self._database = InstanceDatabase(self._settings, embedded)
        self._simulated = SimulatedProvider(directory.simulated_file)
        self._page = MetricsPage(self._processes, self._samples)
        self._control_lock = ControlLock(directory.control_lock)
        self._control = self._keep("control", self._launch_control, first=0.2, last=10.0)

    # -- the life of an instance -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Starts everything and returns when everything has ended. Raises `CannotStart`; nothing runs then."""
        listeners = await self._listen()
        self._address = _address(self._settings, listeners.port)
        self._nearest = listeners.nearest
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        refusal: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._serve(listeners, tasks)
        except* CannotStart as failures:
            refusal = failures.exceptions[0]  # raised here, it would be wrapped in a group (Python before 3.11.4)
        finally:
            listeners.close()
            await self._end(_HURRIED_SECONDS)
            await self._database.stop()
            self._control_lock.close()
        if refusal is not None:
            raise refusal

    async def _serve(self, listeners: PublicListeners, tasks: asyncio.TaskGroup) -> None:
        metrics = await self._open_metrics()
        gateways = self._gateways = Gateways(listeners, self._launch_gateway, keep=self._keep_gateway, tasks=tasks)
        gateways.start(_workers_wanted(self._settings))
        persisted = self._directory.snapshot_file.exists()
        start = Start(self._database, self._control, gateways, persisted=persisted)
        starting = [
            tasks.create_task(self._until_stopped(self._database.run()), name="database"),
            tasks.create_task(self._until_stopped(self._start_control(tasks)), name="start-control"),
            tasks.create_task(self._until_stopped(self._tell(start, gateways)), name="start"),
        ]
        await self._stopping.wait()
        await asyncio.wait(starting)
        listeners.close()
        await self._end(self._settings.gateway.drain.total_seconds() + _AFTER_DRAIN_SECONDS)
        for server in metrics:
            server.close()

    async def _start_control(self, tasks: asyncio.TaskGroup) -> None:
        """The control plane, when there is a database and nobody else's control plane."""
        await asyncio.gather(self._start_simulated(), self._database.url(), self._control_lock.acquire())
        tasks.create_task(self._control.run(), name="control")

    async def _start_simulated(self) -> None:
        """The simulated provider, where a demonstration wants it or an endpoint of earlier days needs it."""
        if self._demo is not None:
            await self._simulated.start()
        elif self._simulated.is_remembered:
            await self._simulated.answer(Simulate(wanted=True))  # an instance starts without it, too

    async def _tell(self, start: Start, gateways: Gateways) -> None:
        """Says that we run; from then on settings are read again when that is wanted."""
        away = await start.finished()
        started = Started(
            address=self._address,
            admin_email=self._settings.admin_email,
            completed=self._completed,
            demo_key=self._demo.api_key if self._demo is not None else None,
            away=away,
            metrics=self._metrics_address,
        )
        self._announce(started)
        while True:
            await self._reload.wait()
            self._reload.clear()
            await self._reload_settings(gateways)

    async def _end(self, grace_seconds: float) -> None:
        """Gateways first (each drains), then the control plane (which ships what they wrote), then the rest."""
        for process in self._control.processes:
            process.retire()  # gateways would wait for what it asks of them
        gateways = self._gateways
        if gateways is not None:
            await self._unless_hurried(gateways.end(grace_seconds), gateways.end(0.0))
        await self._unless_hurried(self._control.end(_CONTROL_GRACE_SECONDS), self._control.end(_HURRIED_SECONDS))
        await self._simulated.end()

    async def _unless_hurried(
        self, calmly: Coroutine[object, object, None], hurriedly: Coroutine[object, object, None]
    ) -> None:
        """Ends something; when we are told a second time meanwhile, at once."""
        calm, hurry = asyncio.ensure_future(calmly), asyncio.ensure_future(self._at_once.wait())
        await asyncio.wait((calm, hurry), return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if calm.done():
            hurriedly.close()
        else:
            await hurriedly
        await calm

    def _asked_to_stop(self) -> None:
        if self._stopping.is_set():
            self._at_once.set()  # asked twice: now
        else:
            _log.info("stopping", grace_seconds=self._settings.gateway.drain.total_seconds())
            self._stopping.set()

    def _hung_up(self) -> None:
        """SIGHUP: the settings are to be read again, or the terminal that we were started in has been closed."""
        if self._in_terminal and not _has_terminal():
            self._asked_to_stop()
        else:
            self._reload.set()

    async def _until_stopped(self, work: Coroutine[object, object, None]) -> None:
        """Runs `work` to its end, or until we stop."""
        working = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                await working
        finally:
            working.cancel()
            stopping.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)

    # -- children ----------------------------------------------------------------------------------------------------

    def _keep(self, name: str, launch: Launch, *, first: float, last: float) -> Kept:
        restarts = Restarts(time.monotonic, random.random, first=first, last=last)
        return Kept(name, launch, restarts, on_exit=self._page.ended)

    def _keep_gateway(self, name: str, launch: Launch) -> Kept:
        return self._keep(name, launch, first=0.05, last=5.0)

    async def _launch_gateway(self, name: str, fds: list[int]) -> Process:
        config = gateway_config(
            self._settings,
            self._directory,
            name=name,
            worker_id=str(uuid.uuid4()),
            listen_fds=fds,
            environment=os.environ,
            log_json=self._log_json,
        )
        return await Process.start(
            name, "control_layer.gateway", config, inherited=tuple(fds), withheld=PROXY_VARIABLES
        )

    async def _launch_control(self) -> Process:
        config = control_config(
            self._settings,
            self._directory,
            setting_origins=self._setting_origins,
            database_url=await self._database.url(),
            gateway=self._nearest,
            password_generated=self._completed.password_file is not None,
            simulated=self._simulated.where,
            demo=self._demo,
            log_json=self._log_json,
        )
        inherited, answer = (self._control_lock.fd,), self._simulated.answer
        return await Process.start("control", "control_layer.control", config, inherited=inherited, answer=answer)

    def _processes(self) -> Iterator[Process]:
        if self._gateways is not None:
            yield from self._gateways.processes
        yield from self._control.processes

    # -- reload ------------------------------------------------------------------------------------------------------

    async def _reload_settings(self, gateways: Gateways) -> None:
        try:
            fresh = complete(self._sources.load(), self._directory).settings
        except (SettingsError, UnusableDirectory) as error:
            _log.error("settings_not_reloaded", problems=str(error).splitlines(), consequence="the old ones hold")
            return
        self._setting_origins = self._sources.origins()
        fixed = [name for name in _RESTART_ONLY if getattr(fresh, name) != getattr(self._settings, name)]
        if fixed:
            _log.warning("settings_need_a_restart", keys=fixed)
        # Replaced also where nothing has changed: what they name may have, such as a renewed certificate.
        self._settings = fresh.model_copy(update={name: getattr(self._settings, name) for name in _RESTART_ONLY})
        configure_logs(self._settings.log_level, json=self._log_json, process="supervisor")
        grace = self._settings.gateway.drain.total_seconds() + _AFTER_DRAIN_SECONDS
        await gateways.replace(_workers_wanted(self._settings), grace)
        with contextlib.suppress(NotReplaced):  # it ends for good
            await self._control.restart(_CONTROL_GRACE_SECONDS)
        _log.info("settings_reloaded")

    # -- what can be seen --------------------------------------------------------------------------------------------

    async def _listen(self) -> PublicListeners:
        """The public sockets. Gateways of a killed instance let go of theirs within moments."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (_ABANDONED_PORT_SECONDS if self._directory.abandoned else 0.0)
        while True:
            try:
                return PublicListeners(self._settings.host, self._settings.port)
            except CannotStart:
                if loop.time() >= deadline:
                    raise
                await asyncio.sleep(0.05)

    async def _open_metrics(self) -> list[asyncio.Server]:
        settings = self._settings
        if not settings.enable_metrics:
            return []
        loop = asyncio.get_running_loop()
        listeners = listen(settings.metrics.host, settings.metrics.port, setting="metrics.port")
        self._metrics_address = f"http://{_bracketed(settings.metrics.host)}:{listeners[0].getsockname()[1]}/metrics"
        server = Server(self._page.accept, loop=loop)
        return [await loop.create_server(server.protocol, sock=listener) for listener in listeners]

    def _samples(self) -> Iterator[Sample]:
        children = [*(self._gateways or ()), self._control]
        yield from own_samples(children, self._database, self._directory.path, begun_at=self._begun_at)


def _workers_wanted(settings: Settings) -> int:
    return settings.gateway.workers or usable_processors()


def _address(settings: Settings, port: int) -> str:
    scheme = "http" if settings.gateway.tls.certificate is None else "https"
    host = "localhost" if settings.host in ("", "0.0.0.0", "::") else settings.host  # noqa: S104
    return f"{scheme}://{_bracketed(host)}:{port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
