"""What a client is told whose budget is spent or whose limit is reached: which one, whose, and when there is more."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from control_layer.contract.limits import Limit
from control_layer.gateway import errors
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.policy.limiter import Refused
from control_layer.gateway.policy.purse import Refusal
from control_layer.gateway.rate_limit_headers import duration, retry_headers
from control_layer.wire import Header

__all__ = ["budget_refusal", "limit_refusal"]

_CENT_FRACTION = Decimal("0.000001")
_SOON = ((b"retry-after", b"1"),)
_PER = {1.0: "second", 60.0: "minute", 3600.0: "hour", 86400.0: "day"}
_WHOSE = {"key": "this key", "user": "this user", "group": "a group of this user", "model": "this model"}


def budget_refusal(refusal: Refusal, worst: Decimal) -> GatewayError:
    """The answer to a request whose claim was refused; `worst` is the most that it could have cost."""
    budget = refusal.budget
    named = f"the budget '{budget.name}' of {_WHOSE[budget.scope]}"
    if refusal.reason == "unknown":
        text = f"Whether {named} is spent cannot be told at this moment. Try again in a moment."
        return GatewayError(503, "server_error", "budget_unavailable", text, headers=_SOON)
    left = max(refusal.left, Decimal(0))
    if budget.enforcement == "hard" and left > 0:
        text = (
            f"Only {_shown(left, ROUND_DOWN)} of {named} is left, and this request may cost up to "
            f"{_shown(worst, ROUND_UP)}. Ask for fewer tokens (max_tokens), or for a larger budget"
        )
    else:
        text = f"You exceeded your current quota: {named} ({_shown(budget.amount, ROUND_DOWN)}) is spent. Ask for more"
    if refusal.resets_at is None:
        text += "; it does not start anew by itself."
    else:
        text += f", or wait until {_moment(refusal.resets_at)}."
    return GatewayError(402, "insufficient_quota", "insufficient_quota", text)


def limit_refusal(refused: Refused, headers: list[Header]) -> GatewayError:
    """The answer to a request that a limit keeps out; `headers` say how it stands with its limits."""
    limit = refused.limit
    named = f"the limit '{limit.name}' of {_WHOSE[limit.scope]} ({_measure(limit)})"
    if limit.kind == "concurrency":
        code, text = "concurrency_limit_exceeded", f"Too many requests at once: {named}. Try again when one has ended."
    else:
        code = "rate_limit_exceeded"
        text = f"Rate limit reached: {named}. Try again in {duration(max(refused.seconds, 0.001))}."
    return errors.limit_reached(code, text, (*retry_headers(refused.seconds), *headers))


def _measure(limit: Limit) -> str:
    amount = f"{limit.amount:g}" if limit.amount % 1 else f"{int(limit.amount)}"
    if limit.kind == "concurrency":
        return f"{amount} at once"
    return f"{amount} {limit.kind.replace('_', ' ')} per {_PER.get(limit.seconds, f'{limit.seconds:g} seconds')}"


def _shown(amount: Decimal, rounding: str) -> str:
    return format(amount.quantize(_CENT_FRACTION, rounding).normalize(), "f")


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
