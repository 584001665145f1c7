"""What a worker counts. Plain dictionaries and lists, read by the supervisor when somebody scrapes.

Labels are bounded by the configuration (aliases, endpoint names) and by our own codes; nothing a client sends becomes
a label.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator

from control_layer.contract.supervision import Sample
from control_layer.contract.usage import Closed

__all__ = ["Histogram", "Metrics"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


class Histogram:
    """Counts of durations by upper bound."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(_SECONDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(_SECONDS, seconds)] += 1
        self.total += seconds

    def sample(self, name: str, text: str, labels: dict[str, str]) -> Sample:
        running = 0
        buckets = []
        for bound, count in zip((*_SECONDS, float("inf")), self.counts, strict=True):
            running += count
            buckets.append((bound, running))
        return Sample(name, "histogram", text, labels, running, self.total, tuple(buckets))


class Metrics:
    """One worker's counters since its start."""

    __slots__ = ("_duration", "_first_byte", "_requests", "_tokens", "_unmetered", "attempts_failed", "refused")

    def __init__(self) -> None:
        self._requests: defaultdict[tuple[str, int, str], int] = defaultdict(int)
        self._duration: defaultdict[str, Histogram] = defaultdict(Histogram)
        self._first_byte: defaultdict[str, Histogram] = defaultdict(Histogram)
        self._tokens: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._unmetered: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.refused: defaultdict[str, int] = defaultdict(int)
        """By error code: requests that were not let in."""
        self.attempts_failed: defaultdict[tuple[str, str], int] = defaultdict(int)
        """By endpoint name and error code."""

    def closed(self, event: Closed) -> None:
        """Counts an admitted request that has ended."""
        model = event.model
        self._requests[model, event.status, event.outcome] += 1
        self._duration[model].observe(event.duration)
        if event.first_byte is not None:
            self._first_byte[model].observe(event.first_byte)
        tokens = event.tokens
        if tokens.input:
            self._tokens[model, "input"] += tokens.input
        if tokens.output:
            self._tokens[model, "output"] += tokens.output
        if tokens.source != "provider":
            self._unmetered[model, tokens.source] += 1

    def samples(self) -> Iterator[Sample]:
        """Everything, as the supervisor wants it."""
        name = "control_layer_requests_total"
        for (model, status, outcome), count in self._requests.items():
            labels = {"model": model, "status": str(status), "outcome": outcome}
            yield Sample(name, "counter", "Admitted AI requests that have ended.", labels, count)
        for model, histogram in self._duration.items():
            text = "From admission to the end of the answer."
            yield histogram.sample("control_layer_request_duration_seconds", text, {"model": model})
        for model, histogram in self._first_byte.items():
            text = "From admission to the provider's first body byte."
            yield histogram.sample("control_layer_time_to_first_byte_seconds", text, {"model": model})
        for (model, kind), count in self._tokens.items():
            labels = {"model": model, "kind": kind}
            yield Sample("control_layer_tokens_total", "counter", "Tokens by kind.", labels, count)
        for (model, source), count in self._unmetered.items():
            labels = {"model": model, "source": source}
            text = "Ended requests whose token counts are not the provider's."
            yield Sample("control_layer_unmetered_requests_total", "counter", text, labels, count)
        for code, count in self.refused.items():
            text = "Requests refused before admission, by error code."
            yield Sample("control_layer_refused_requests_total", "counter", text, {"code": code}, count)
        for (endpoint, code), count in self.attempts_failed.items():
            labels = {"endpoint": endpoint, "error": code}
            text = "Attempts at a provider that brought no whole answer."
            yield Sample("control_layer_failed_attempts_total", "counter", text, labels, count)
