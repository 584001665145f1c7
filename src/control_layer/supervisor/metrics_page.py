"""`GET /metrics` on a listener of its own: what the children count, added up, in the Prometheus text format.

`/internal/metrics` there is the same page, for those who know it by that name.
Counters of a worker that has ended are kept as they were last read: a counter never goes down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from control_layer.contract.supervision import Sample
from control_layer.supervisor.process import Process
from control_layer.wire import Request, Responder

__all__ = ["MetricsPage", "Totals", "exposition"]

_COLLECT_SECONDS = 1.0
_PATHS = (b"/metrics", b"/internal/metrics")
_PLAIN = (b"content-type", b"text/plain; charset=utf-8")

Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Total:
    """One series' sum over processes."""

    kind: str
    help: str
    value: float = 0.0
    total: float = 0.0
    buckets: dict[float, int] = field(default_factory=dict)

    def add(self, sample: Sample) -> None:
        if sample.kind == "gauge" and "process" in sample.labels:
            # A process and its successor for a moment: they have a version each, and not its sum.
            self.value = max(self.value, sample.value)
        else:
            self.value += sample.value
        self.total += sample.total
        for bound, count in sample.buckets:
            self.buckets[bound] = self.buckets.get(bound, 0) + count


class Totals:
    """Samples of several processes, added up by name and labels."""

    def __init__(self) -> None:
        self._series: dict[str, dict[Labels, _Total]] = {}

    def add(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            labels = tuple(sorted(sample.labels.items()))
            family = self._series.setdefault(sample.name, {})
            family.setdefault(labels, _Total(sample.kind, sample.help)).add(sample)

    def families(self) -> Iterator[Metric]:
        """As Prometheus knows them."""
        for name, series in self._series.items():
            first = next(iter(series.values()))
            names = sorted({key for labels in series for key, _ in labels})
            family = _family(first.kind, name, first.help, names)
            for labels, total in series.items():
                known = dict(labels)
                values = [known.get(key, "") for key in names]
                if isinstance(family, HistogramMetricFamily):
                    buckets = [(_bound(bound), float(count)) for bound, count in sorted(total.buckets.items())]
                    family.add_metric(values, buckets, total.total)
                else:
                    family.add_metric(values, total.value)
            yield family


def _family(
    kind: str, name: str, text: str, labels: list[str]
) -> CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily:
    match kind:
        case "counter":
            return CounterMetricFamily(name, text, labels=labels)
        case "histogram":
            return HistogramMetricFamily(name, text, labels=labels)
        case _:
            return GaugeMetricFamily(name, text, labels=labels)


def _bound(bound: float) -> str:
    return "+Inf" if bound == float("inf") else str(float(bound))


class _Families(Collector):
    def __init__(self, totals: Totals) -> None:
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        return self._totals.families()


def exposition(samples: Iterable[Sample]) -> bytes:
    """The page's text."""
    totals = Totals()
    totals.add(samples)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(totals))
    return generate_latest(registry)


class MetricsPage:
    """Answers requests on the metrics listener (a `wire.Server`'s `accept`)."""

    def __init__(self, processes: Callable[[], Iterable[Process]], own: Callable[[], Iterable[Sample]]) -> None:
        """`processes` are the living children; `own` are the supervisor's samples."""
        self._processes = processes
        self._own = own
        self._ended: dict[tuple[str, Labels], Sample] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def ended(self, process: Process) -> None:
        """A child is gone, and no longer among `processes`: what it counted stays counted."""
        for sample in _counts(process):
            key = (sample.name, tuple(sorted(sample.labels.items())))
            before = self._ended.get(key)
            self._ended[key] = sample if before is None else _sum(before, sample)

    def accept(self, request: Request, responder: Responder) -> _Answered:
        """The handler of one request; it is answered when the children have spoken."""
        handler = _Answered()
        if request.path not in _PATHS:
            responder.respond(404, [_PLAIN], b"GET /metrics is all there is here\n")
        elif request.method not in (b"GET", b"HEAD"):
            responder.respond(405, [_PLAIN, (b"allow", b"GET, HEAD")], b"this path takes GET only\n")
        else:
            task = asyncio.get_running_loop().create_task(self._answer(responder, handler), name="metrics")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return handler

    async def _answer(self, responder: Responder, handler: _Answered) -> None:
        asked = list(self._processes())
        answers = await asyncio.gather(*(process.collect(_COLLECT_SECONDS) for process in asked))
        # Who has ended meanwhile is among the ended and not among the living: nobody counts twice, or not at all.
        samples = [*self._own(), *self._ended.values()]
        for process in self._processes():
            samples.extend(_counts(process))
        for stats in answers:
            if stats is not None:
                samples.extend(sample for sample in stats.samples if sample.kind == "gauge")
        if not handler.gone:
            responder.respond(200, [(b"content-type", CONTENT_TYPE_PLAIN_0_0_4.encode())], exposition(samples))


def _counts(process: Process) -> Iterator[Sample]:
    """What never goes down: as the child said last, which may have been before this question."""
    if process.last_stats is not None:
        yield from (sample for sample in process.last_stats.samples if sample.kind != "gauge")


def _sum(one: Sample, other: Sample) -> Sample:
    buckets = dict(one.buckets)
    for bound, count in other.buckets:
        buckets[bound] = buckets.get(bound, 0) + count
    return Sample(
        one.name,
        one.kind,
        one.help,
        one.labels,
        one.value + other.value,
        one.total + other.total,
        tuple(sorted(buckets.items())),
    )


class _Answered:
    """The handler of a request without a body that matters."""

    __slots__ = ("gone",)

    def __init__(self) -> None:
        self.gone = False

    def on_body(self, data: bytes) -> None: ...

    def on_end(self) -> None: ...

    def on_disconnect(self) -> None:
        self.gone = True

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...
