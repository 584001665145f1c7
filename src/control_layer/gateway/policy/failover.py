"""What follows a failed attempt: another one, where and when, or the end."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from control_layer.contract.routing import Backoff, Fallback

__all__ = ["Failure", "attempts_allowed", "backoff_seconds", "may_follow", "may_move_on"]

_ALONE = 2
_WITH_REPLACEMENT = 3
_LIMITED = 429
_UNAVAILABLE = 503
_OVERLOADED = 529
"""Anthropic's word for 503."""
_FAILING = frozenset((_LIMITED, 499, 500, 502, _UNAVAILABLE, 504, _OVERLOADED))


class Failure(Enum):
    """How an attempt failed, as far as it matters for what follows. Nothing of it has reached the client."""

    CONNECTION = "connection"
    """No connection, or it ended before a byte of an answer."""
    TIMEOUT = "timeout"
    """The provider took too long."""
    BROKEN = "broken"
    """Its answer broke off, was no HTTP, or a stream said that it failed, before anything was said."""
    STATUS = "status"
    """It answered with an error status."""
    CREDENTIALS = "credentials"
    """It does not take our credentials."""
    CONTEXT_LENGTH = "context_length"
    """The request is too long for this model."""
    REFUSED_CONTENT = "refused_content"
    """The provider's content policy forbids the request."""


def attempts_allowed(rules: Fallback, targets: int) -> int:
    """How many attempts a request may have in all, with so many deployments."""
    if not rules.enabled:
        return _ALONE
    if rules.max_attempts is not None:
        return rules.max_attempts
    return max(targets, _WITH_REPLACEMENT if rules.with_replacement else _ALONE)


def may_follow(rules: Fallback, failure: Failure, status: int | None) -> bool:
    """Whether another attempt may follow this failure. `status` is the provider's, where it answered."""
    if failure is Failure.CONNECTION:
        return True
    if not rules.enabled or failure in (Failure.CONTEXT_LENGTH, Failure.REFUSED_CONTENT):
        return False
    if failure is not Failure.STATUS:
        return True
    if status == _LIMITED:
        return rules.on_rate_limit
    return status in rules.on_status or (status == _OVERLOADED and _UNAVAILABLE in rules.on_status)


def may_move_on(rules: Fallback, failure: Failure, status: int | None) -> bool:
    """Whether the next model that the client names may be asked, once nothing more follows in this one. Errors of the
    request's own are none: every model would say the same.
    """
    return failure is not Failure.STATUS or status in _FAILING or status in rules.on_status


def backoff_seconds(backoff: Backoff, failures: int, random: Callable[[], float]) -> float:
    """Seconds before the same deployment is asked again, after so many failed attempts (at least one)."""
    longest = min(backoff.initial * backoff.factor ** min(failures - 1, 64), backoff.maximum)
    return longest * random() if backoff.jitter else longest
