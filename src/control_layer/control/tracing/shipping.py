"""Takes spans to the collector: in batches, on a thread of its own, and without ever waiting for it.

A collector that is slow or away costs spans, which are counted, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import structlog
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from control_layer.contract.supervision import Sample
from control_layer.contract.usage import Closed, Record

__all__ = ["SpanShipper"]

_log = structlog.get_logger(__name__)
_GATHER_SECONDS = 0.5
_BATCH = 512
"""Half a megabyte as OTLP, and 50 ms of the thread's time."""
_WAITING = 16 * 1024
"""Usage events of 2 KB: what is lost of a second at full speed is better than more memory."""


class SpanShipper(SpanProcessor):
    """Usage events and ended spans in; OTLP out."""

    def __init__(
        self,
        exporter: SpanExporter,
        spans_of: Callable[[Closed], Iterable[ReadableSpan]],
        *,
        most_waiting: int = _WAITING,
    ) -> None:
        self._most = most_waiting
        self._exporter = exporter
        self._spans_of = spans_of
        self._waiting: deque[Closed | ReadableSpan] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spans")
        self._some = asyncio.Event()
        self._sent = 0
        self._refused = 0
        """Counted on the thread, as `_sent` is."""
        self._overflowed = 0
        """Counted on the loop."""
        self._failing = False

    def recorded(self, records: Iterable[Record]) -> None:
        """These usage events are in the database: those that are traced become spans."""
        for record in records:
            if isinstance(record, Closed) and record.trace is not None:
                self._add(record)

    def on_end(self, span: ReadableSpan) -> None:
        """A span of the control plane's own has ended."""
        if span.context is not None and span.context.trace_flags.sampled:
            self._add(span)

    async def run(self) -> None:
        """Ships for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await self._some.wait()
            if len(self._waiting) < _BATCH:
                await asyncio.sleep(_GATHER_SECONDS)
            while batch := self._next_batch():
                # Shielded: what the thread has taken is sent, also when we are told to end meanwhile.
                await asyncio.shield(loop.run_in_executor(self._thread, self._send, batch))
            self._some.clear()

    async def finish(self, seconds: float) -> None:
        """Sends what there is, for so long at most; nothing is taken after that."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                while batch := self._next_batch():
                    await loop.run_in_executor(self._thread, self._send, batch)
                await loop.run_in_executor(self._thread, _nothing)  # behind what `run` was sending
        except TimeoutError:
            _log.warning("spans_left_behind", waiting=len(self._waiting))
        # Wakes a sender that waits to try again.
        self._exporter.shutdown()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def samples(self) -> list[Sample]:
        """How it goes."""
        dropped = self._overflowed + self._refused
        return [
            Sample("control_layer_spans_sent_total", "counter", "Spans that a collector took.", {}, self._sent),
            Sample("control_layer_spans_dropped_total", "counter", "Spans no collector took.", {}, dropped),
        ]

    def _add(self, item: Closed | ReadableSpan) -> None:
        if len(self._waiting) >= self._most:
            self._overflowed += _spans_in(self._waiting.popleft())
        self._waiting.append(item)
        self._some.set()

    def _next_batch(self) -> list[Closed | ReadableSpan]:
        return [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]

    def _send(self, batch: list[Closed | ReadableSpan]) -> None:
        """On the thread. The exporter says in the log why it could not."""
        try:
            spans: list[ReadableSpan] = []
            for item in batch:
                spans.extend(self._spans_of(item) if isinstance(item, Closed) else (item,))
            taken = self._exporter.export(spans) is SpanExportResult.SUCCESS
        except Exception:  # noqa: BLE001 - a span that cannot be made must not end the control plane
            _log.error("spans_not_made", exc_info=True)
            taken = False
        if taken:
            self._sent += len(spans)
        else:
            self._refused += sum(_spans_in(item) for item in batch)
        if taken is self._failing:
            self._failing = not taken
            _log.warning("spans_taken_again" if taken else "spans_not_taken", dropped=self._refused)


def _spans_in(item: Closed | ReadableSpan) -> int:
    if isinstance(item, Closed) and item.trace is not None:
        return 1 + len(item.trace.attempts)
    return 1


def _nothing() -> None:
    """Something to wait for."""
