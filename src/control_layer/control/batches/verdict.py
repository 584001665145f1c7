"""What becomes of a request after a try (§4.15). Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from control_layer.control.batches.queue import Claimed, Ended
from control_layer.control.own_gateway import GatewayAnswer
from control_layer.settings import BatchDaemon

__all__ = ["Again", "Trouble", "after_answer", "after_trouble"]

_RETRIABLE = frozenset({404, 408, 429, 499})
_SHOWN_BYTES = 4096
"""How much of a refusal is kept."""


@dataclass(frozen=True, slots=True)
class Again:
    """It is tried again."""

    not_before: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """No answer came."""

    kind: str
    """Such as `Timeout`."""
    reason: str
    final: bool = False
    """It would be no better the next time."""


def after_answer(answer: GatewayAnswer, claimed: Claimed, settings: BatchDaemon, now: datetime) -> Ended | Again:
    """The end, or another try."""
    if 200 <= answer.status < 300:
        return Ended(state="completed", status=answer.status, response=answer.body)
    body = answer.body[:_SHOWN_BYTES].decode("utf-8", "replace").replace("\0", "")
    details: dict[str, object] = {"status": answer.status, "body": body}
    retriable = (
        answer.status >= 500 or answer.status in _RETRIABLE or answer.status in settings.additional_retryable_statuses
    )
    if retriable:
        return _again("RetriableHttpStatus", details, answer.status, claimed, settings, now)
    error = _error("NonRetriableHttpStatus", details)
    return Ended(state="failed", status=answer.status, error=error)


def after_trouble(trouble: Trouble, claimed: Claimed, settings: BatchDaemon, now: datetime) -> Ended | Again:
    """The end, or another try."""
    details: dict[str, object] = {"reason": trouble.reason}
    if trouble.final:
        return Ended(state="failed", error=_error(trouble.kind, details))
    return _again(trouble.kind, details, None, claimed, settings, now)


def _again(
    kind: str,
    details: dict[str, object],
    status: int | None,
    claimed: Claimed,
    settings: BatchDaemon,
    now: datetime,
) -> Ended | Again:
    error = _error(kind, details)
    not_before = now + _delay(claimed.attempts, settings)
    if claimed.attempts > settings.max_retries or now >= claimed.deadline:
        return Ended(state="failed", status=status, error=error)
    return Again(not_before, error)


def _delay(attempts: int, settings: BatchDaemon) -> timedelta:
    """The wait after so many tries."""
    delay, bound = float(settings.backoff_ms), settings.max_backoff_ms
    for _ in range(attempts - 1):
        if delay >= bound or settings.backoff_factor == 1:
            break
        delay *= settings.backoff_factor
    return timedelta(milliseconds=min(delay, bound))


def _error(kind: str, details: dict[str, object]) -> str:
    return json.dumps({"type": kind, "details": details}, ensure_ascii=False, separators=(",", ":"))
