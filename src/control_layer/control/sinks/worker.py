"""Fills sinks, on the one host that leads; each at its own pace.

A file is planned, written and noted, in this order: who dies in between writes the same file again.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from control_layer.contract.supervision import Sample
from control_layer.control.errors import ControlError
from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.control.sinks.outbox import advance, erase, forget_others, plan, requests_of, waiting
from control_layer.control.sinks.target import Target, Undeliverable

__all__ = ["SinkWorker"]

_log = structlog.get_logger(__name__)
_LOOK_SECONDS = 1.0
_TIDY_SECONDS = 30.0
_LONGEST_BACKOFF_SECONDS = 60.0


class SinkWorker:
    """One per host. Two that write at once write the same file."""

    def __init__(
        self, services: Services, targets: Mapping[str, Target], *, jitter: Callable[[], float] = random.random
    ) -> None:
        """`targets` are the places of the sinks in the settings, by name."""
        self._services = services
        self._targets = targets
        self._jitter = jitter
        self._sinks = {sink.name: sink for sink in services.settings.sinks}
        self._delivered: Counter[str] = Counter(dict.fromkeys(targets, 0))
        self._failed: Counter[str] = Counter(dict.fromkeys(targets, 0))
        self._dropped = 0
        self._waiting: dict[str, tuple[int, datetime | None]] = {}

    async def run(self) -> None:
        """Delivers as long as this host leads. The database and the sinks may be away at any time."""
        if not self._targets:
            await self.tidy()
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tidy())
            for name in self._targets:
                group.create_task(self._fill(name))

    def samples(self) -> list[Sample]:
        """The worker's part of the metrics."""
        now = self._services.now()
        waits = {
            name: 0.0 if since is None else (now - since).total_seconds() for name, (_, since) in self._waiting.items()
        }
        many = {name: float(requests) for name, (requests, _) in self._waiting.items()}
        rows = (
            ("sink_requests_total", "counter", "Requests that a sink has been sent.", self._delivered),
            ("sink_failures_total", "counter", "Attempts to write a file that a sink did not take.", self._failed),
            ("sink_lag_seconds", "gauge", "How long the oldest request waits for a sink.", waits),
            ("sink_waiting_requests", "gauge", "Requests that a sink has yet to be sent.", many),
        )
        return [
            *(
                Sample(f"control_layer_{name}", kind, what, {"sink": sink}, float(value))
                for name, kind, what, values in rows
                for sink, value in values.items()
            ),
            Sample(
                "control_layer_sink_dropped_requests_total",
                "counter",
                "Requests that waited too long for a sink and are not sent any more.",
                {},
                float(self._dropped),
            ),
        ]

    async def _fill(self, name: str) -> None:
        failures = 0
        while True:
            try:
                more = await self.step(name)
                failures = 0
            except (Undeliverable, ControlError, TimeoutError) as error:
                self._failed[name] += 1
                failures += 1
                more = False
                _log.warning("sink_failed", sink=name, reason=str(error), attempt=failures)
            except Exception:  # noqa: BLE001 - one sink's fault must not end the others
                self._failed[name] += 1
                failures += 1
                more = False
                _log.error("sink_failed", sink=name, exc_info=True)
            longest = min(_LOOK_SECONDS * 2 ** min(failures, 10), _LONGEST_BACKOFF_SECONDS)
            await asyncio.sleep(0 if more else longest * (0.5 + self._jitter() / 2))

    async def step(self, name: str) -> bool:
        """Writes a sink's next file, if it is time for one; whether it was. Raises `Undeliverable`, `ControlError`."""
        sink, now = self._sinks[name], self._services.now()
        async with transaction(self._services) as session:
            planned = await plan(session, name, now, sink.flush_requests, now - sink.flush_interval)
        if planned is None:
            return False
        async with transaction(self._services) as session:
            rows = await requests_of(session, planned)
        if rows:
            places = f"{planned.position + 1:012d}-{planned.until:012d}"
            file = f"date={planned.recorded_at:%Y-%m-%d}/{places}-{planned.first}"
            await self._targets[name].put(file, rows)
        async with transaction(self._services) as session:
            await advance(session, name, planned, now)
        self._delivered[name] += len(rows)
        return True

    async def _tidy(self) -> None:
        while True:
            try:
                await self.tidy()
            except ControlError as error:
                _log.warning("step_failed", step="sinks", reason=error.message, retry_seconds=_TIDY_SECONDS)
            await asyncio.sleep(_TIDY_SECONDS)

    async def tidy(self) -> None:
        """Erases what no sink needs any more, and looks how much waits. Raises `ControlError`."""
        before = self._services.now() - self._services.settings.sinks_max_wait
        async with transaction(self._services) as session:
            await forget_others(session, [*self._targets])
            if self._targets:
                dropped = await erase(session, before)
                self._dropped += dropped
                if dropped:
                    _log.error("sink_requests_dropped", requests=dropped, reason="a sink did not take them in time")
                self._waiting = {name: await waiting(session, name) for name in self._targets}
