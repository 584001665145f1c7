"""What is counted of guardrails, and how operators hear of one that fails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

import structlog

from control_layer.contract.guardrails import Kind
from control_layer.contract.supervision import Sample
from control_layer.gateway.histogram import Histogram

__all__ = ["GuardrailCounts", "Looked", "Result"]

_log = structlog.get_logger(__name__)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_TELL_SECONDS = 60.0
"""A service that is down fails every check: once a minute is enough to say why."""

Looked = Literal["request", "answer"]
Result = Literal["passed", "blocked", "redacted", "failed"]


class GuardrailCounts:
    """One worker's counters since its start."""

    __slots__ = ("_checks", "_duration", "_tell_at")

    def __init__(self) -> None:
        self._checks: defaultdict[tuple[Kind, Looked, Result], int] = defaultdict(int)
        self._duration: Histogram | None = None
        self._tell_at: dict[str, float] = {}

    def looked(self, kind: Kind, stage: Looked, result: Result) -> None:
        """Counts what a guardrail has found."""
        self._checks[kind, stage, result] += 1

    def asked(self, seconds: float) -> None:
        """Counts how long an external check took to answer, or to fail."""
        if self._duration is None:
            self._duration = Histogram(_SECONDS)
        self._duration.observe(seconds)

    def failing(self, name: str, reason: str, now: float) -> None:
        """Tells operators, now and then, why an external check fails. `now` is monotonic."""
        if now >= self._tell_at.get(name, 0.0):
            self._tell_at[name] = now + _TELL_SECONDS
            _log.warning("guardrail_failed", guardrail=name, reason=reason)

    def samples(self) -> Iterator[Sample]:
        """Everything, as the supervisor wants it."""
        text = "Checks by guardrails: passed, blocked, redacted, or failed to be made."
        for (kind, stage, result), count in self._checks.items():
            labels: dict[str, str] = {"kind": kind, "stage": stage, "result": result}
            yield Sample("control_layer_guardrail_checks_total", "counter", text, labels, count)
        if self._duration is not None:
            text = "How long external guardrails took to answer, or to fail."
            yield self._duration.sample("control_layer_guardrail_duration_seconds", text, {})
