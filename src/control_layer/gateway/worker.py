"""One gateway process: puts the parts together, serves, drains, ends."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

import structlog

from control_layer.contract import aws
from control_layer.contract.frames import FrameReader, frame
from control_layer.contract.supervision import Collect, Ready, Sample, Stats, decode_supervisor, encode
from control_layer.gateway.config import GatewayConfig
from control_layer.gateway.data_plane import DataPlane
from control_layer.gateway.errors import bad_head, render
from control_layer.gateway.identifiers import text
from control_layer.gateway.journal import Journal
from control_layer.gateway.lease_link import LeaseLink
from control_layer.gateway.loop_lag import LoopLag
from control_layer.gateway.paths import is_anthropic
from control_layer.gateway.policy.key_defaults import is_default
from control_layer.gateway.snapshot import SnapshotState
from control_layer.gateway.snapshot_link import SnapshotLink, load_persisted
from control_layer.gateway.upstreams import Upstreams
from control_layer.wire import Header, Origin, Pool, PoolOptions, Server, ServerLimits, server_context

__all__ = ["Worker"]

_log = structlog.get_logger(__name__)
_BACKLOG = 4096
_FAREWELL_SECONDS = 1.0
"""Clients that use their connections more often than that notice nothing when a worker is replaced."""

_LAST_RESPONSES_SECONDS = 2.0
"""For responses that are on their way into the database when a worker ends."""


class Worker:
    """A gateway worker's life, from its configuration to its last drained stream."""

    def __init__(self, config: GatewayConfig, channel: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._config = config
        self._channel = channel
        self._loop = loop
        self._stopping = asyncio.Event()
        self._signs = False
        """What signs requests for Amazon is loaded, or being loaded."""
        self._supervisor: asyncio.StreamWriter | None = None
        self._snapshots = SnapshotState()
        self._journal = Journal(
            Path(config.journal_dir) / config.worker_id, config.segment_bytes, loop, reserve_bytes=config.reserve_bytes
        )
        self._upstreams = Upstreams(config, loop)
        self._checkers = Upstreams(config, loop, sealed_for="guardrail-secret")
        self._link = SnapshotLink(config.snapshot_socket, config.worker_id, self._snapshots, self._changed)
        self._control = Pool(
            Origin.unix(config.control_socket), PoolOptions(connect_timeout=2.0), loop=loop, tls=None, proxy=None
        )
        self._plane = DataPlane(
            config,
            loop=loop,
            snapshots=self._snapshots,
            journal=self._journal,
            upstreams=self._upstreams,
            checkers=self._checkers,
            control=self._control,
        )
        self._lag = LoopLag(loop, self._plane.monotonic)
        timeouts = config.timeouts
        self._server = Server(
            self._plane.accept,
            loop=loop,
            limits=ServerLimits(
                head_timeout=timeouts.head,
                body_timeout=timeouts.body,
                keep_alive_timeout=timeouts.keep_alive,
                write_timeout=timeouts.write,
            ),
            on_refused=self._refused,
        )

    async def run(self) -> None:
        """Serves until SIGTERM or until the supervisor is gone; then drains."""
        config, loop = self._config, self._loop
        if load_persisted(Path(config.snapshot_file), self._snapshots):
            self._upstreams.prepare(self._snapshots.current.endpoints)
        leases = LeaseLink(
            config.lease_socket,
            config.worker_id,
            self._plane.purse,
            self._plane.limiter,
            self._plane.deployments,
            lambda limit_id: self._snapshots.current.has_limit(limit_id) or is_default(limit_id),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        tls = None
        if config.tls_certificate and config.tls_key:
            tls = server_context(config.tls_certificate, config.tls_key)
        listeners = [
            await loop.create_server(self._server.protocol, sock=socket.socket(fileno=fd), ssl=tls, backlog=_BACKLOG)
            for fd in config.listen_fds
        ]
        tasks = [
            loop.create_task(self._link.run(), name="snapshot-link"),
            loop.create_task(leases.run(), name="lease-link"),
            loop.create_task(self._plane.shared_answers.run(), name="answer-link"),
            loop.create_task(self._plane.stored_responses.run(), name="response-link"),
            loop.create_task(self._answer_supervisor(), name="supervision"),
        ]
        for task in tasks:
            task.add_done_callback(self._task_ended)
        _log.info("gateway_serving", worker=config.worker_id, snapshot=self._snapshots.current.version)
        self._lag.begin()
        await self._stopping.wait()
        for listener in listeners:
            listener.close()
        self._plane.draining = True
        _log.info("gateway_draining", active=self._server.active_requests, grace_seconds=config.drain_seconds)
        await self._server.drain(config.drain_seconds, farewell_seconds=_FAREWELL_SECONDS)
        await self._plane.stored_responses.settle(_LAST_RESPONSES_SECONDS)
        if self._supervisor is not None and not self._supervisor.is_closing():
            self._supervisor.write(frame(encode(Stats(0, self._samples()))))  # so that nothing counted is lost
        self._lag.end()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._upstreams.retire()
        self._checkers.retire()
        self._control.retire()
        self._journal.close()
        _log.info("gateway_ended", worker=config.worker_id)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        """Without its link or its supervisor a worker is of no use for long: it drains and is replaced."""
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task_failed", task=task.get_name(), exc_info=error)
            self._stopping.set()

    def _changed(self) -> None:
        current = self._snapshots.current
        self._upstreams.retain(current.endpoints)
        self._upstreams.prepare(current.endpoints)
        self._plane.deployments.retain(current.routes.values())
        self._checkers.retain(() if current.guardrails is None else frozenset(current.guardrails.external()))
        if not self._signs and any(endpoint.dialect == "bedrock" for endpoint in current.endpoints.values()):
            self._signs = True
            self._loop.run_in_executor(None, aws.load)  # beside the loop: no stream waits for it

    def _refused(self, status: int, reason: str, target: bytes) -> tuple[list[Header], bytes]:
        error = bad_head(status, reason)
        self._plane.metrics.refused[error.code] += 1
        request_id = text(self._plane.ids.next(int(self._plane.wall() * 1000)))
        anthropic = is_anthropic(target.partition(b"?")[0])
        _, headers, body = render(error, anthropic, request_id)
        return [*headers, (b"x-request-id", request_id.encode())], body

    async def _answer_supervisor(self) -> None:
        """Says that we serve, then answers questions; a closed channel means that the supervisor died."""
        reader, writer = await asyncio.open_connection(sock=self._channel)
        self._supervisor = writer
        writer.write(frame(encode(Ready())))
        frames = FrameReader()
        while data := await reader.read(65536):
            for payload in frames.feed(data):
                message = decode_supervisor(payload)
                if isinstance(message, Collect):
                    writer.write(frame(encode(Stats(message.number, self._samples()))))
        _log.warning("supervisor_gone")
        self._stopping.set()

    def _samples(self) -> list[Sample]:
        server, snapshot = self._server, self._snapshots.current
        gauges = (
            ("control_layer_open_connections", "Client connections.", server.connections),
            ("control_layer_active_requests", "Requests under way.", server.active_requests),
        )
        mine = {"process": self._config.name}
        own_gauges = (
            ("control_layer_snapshot_version", "Version of the snapshot in force.", snapshot.version),
            (
                "control_layer_snapshot_age_seconds",
                "Time since the snapshot was last known to be the newest; 0 while the control plane is linked.",
                self._link.age_seconds,
            ),
            ("control_layer_journal_failing", "Whether the disk takes no records.", float(self._journal.failing)),
        )
        samples = [
            *(Sample(name, "gauge", help_text, {}, value) for name, help_text, value in gauges),
            *(Sample(name, "gauge", help_text, mine, value) for name, help_text, value in own_gauges),
        ]
        text_ = "Deployments that are left alone: their breaker is not closed, or their provider limits us."
        for (endpoint_id, state), count in self._plane.deployments.resting(self._plane.monotonic()).items():
            endpoint = snapshot.endpoints.get(endpoint_id)
            labels = {**mine, "endpoint": endpoint.name if endpoint is not None else endpoint_id, "state": state}
            samples.append(Sample("control_layer_resting_deployments", "gauge", text_, labels, count))
        cache = self._plane.cache
        for name, help_text, value in (
            ("entries", "Answers that are kept.", len(cache)),
            ("bytes", "What kept answers take in memory.", cache.bytes),
        ):
            samples.append(Sample(f"control_layer_cache_{name}", "gauge", help_text, mine, value))
        text_ = "Kept answers that made room for others."
        samples.append(Sample("control_layer_cache_evictions_total", "counter", text_, {}, cache.evictions))
        written, text_ = self._journal.written_bytes, "Bytes written to the journal."
        samples.append(Sample("control_layer_journal_bytes_total", "counter", text_, {}, written))
        text_ = "How late the event loop was for a timer, twice a second."
        samples.append(self._lag.histogram.sample("control_layer_event_loop_lag_seconds", text_, mine))
        samples.extend(self._plane.metrics.samples())
        samples.extend(self._plane.shared_answers.samples())
        samples.extend(self._plane.stored_responses.samples())
        return samples
