"""Spans on their way out: batches, what does not fit, and the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import msgspec
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from tests.control.tracing.test_spans import CLOSED

from control_layer.contract.usage import Closed
from control_layer.control.tracing.shipping import SpanShipper


class _Exporter(SpanExporter):
    """Takes what it is given, once it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.busy = threading.Event()
        self.batches: list[list[str]] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.busy.set()
        self.let.wait()
        self.batches.append([span.name for span in spans])
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self.let.set()


_LONG = 60.0
"""Seconds that are not used up."""
_MOST = 700
"""More than a batch."""


def _shipper(exporter: _Exporter) -> SpanShipper:
    def spans_of(closed: Closed) -> list[ReadableSpan]:
        return [ReadableSpan(closed.model), ReadableSpan("attempt")]

    return SpanShipper(exporter, spans_of, most_waiting=_MOST)


def _counts(shipper: SpanShipper) -> tuple[float, float]:
    sent, dropped = shipper.samples()
    return sent.value, dropped.value


async def test_what_is_not_traced_is_not_sent() -> None:
    exporter = _Exporter()
    exporter.let.set()
    shipper = _shipper(exporter)
    shipper.recorded([msgspec.structs.replace(CLOSED, trace=None), CLOSED])
    await shipper.finish(_LONG)
    assert exporter.batches == [["fast", "attempt"]]
    assert _counts(shipper) == (2, 0)


async def test_beyond_what_may_wait_the_oldest_is_dropped_and_counted() -> None:
    exporter = _Exporter()
    exporter.let.set()
    shipper = _shipper(exporter)
    total = _MOST + 3
    shipper.recorded([msgspec.structs.replace(CLOSED, model=f"m{number}") for number in range(total)])
    await shipper.finish(_LONG)
    sent = [name for batch in exporter.batches for name in batch if name != "attempt"]
    assert sent == [f"m{number}" for number in range(3, total)]
    assert _counts(shipper) == (2 * _MOST, 2 * 3)


async def test_a_collector_that_never_answers_does_not_keep_us() -> None:
    exporter = _Exporter()
    shipper = _shipper(exporter)
    running = asyncio.create_task(shipper.run())
    shipper.recorded([CLOSED] * 600)  # more than a batch: nothing is gathered
    await asyncio.to_thread(exporter.busy.wait)
    running.cancel()
    await shipper.finish(0.05)
    await asyncio.to_thread(exporter.let.wait)
    assert exporter.let.is_set(), "whoever waits in the exporter is woken"


async def test_a_batch_that_was_under_way_when_we_were_told_to_end_is_sent() -> None:
    exporter = _Exporter()
    shipper = _shipper(exporter)
    running = asyncio.create_task(shipper.run())
    shipper.recorded([CLOSED] * 600)
    await asyncio.to_thread(exporter.busy.wait)
    running.cancel()
    exporter.let.set()
    await shipper.finish(_LONG)
    assert _counts(shipper) == (1200, 0)
