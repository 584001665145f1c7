"""What a client is told of the limits that it is under, in the formats of OpenAI and Anthropic.

https://platform.openai.com/docs/guides/rate-limits, https://docs.anthropic.com/en/api/rate-limits#response-headers
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from control_layer.gateway.policy.gate import Gate
from control_layer.wire import Header

__all__ = ["duration", "rate_limit_headers", "retry_headers"]


def rate_limit_headers(gates: Iterable[Gate], now: float, wall: float, *, anthropic: bool) -> list[Header]:
    """Fields for the tightest limit of requests and of tokens. `now` is monotonic, `wall` Unix seconds."""
    tightest: dict[str, Gate] = {}
    for gate in gates:
        if gate.counts:
            continue
        known = tightest.get(gate.limit.kind)
        if known is None or _left(gate, now) < _left(known, now):
            tightest[gate.limit.kind] = gate
    headers: list[Header] = []
    for kind, gate in tightest.items():
        of = kind.encode()
        limit, remaining = b"%d" % int(gate.limit.amount), b"%d" % int(gate.remaining(now))
        seconds = gate.full_in(now)
        headers += [
            (b"x-ratelimit-limit-" + of, limit),
            (b"x-ratelimit-remaining-" + of, remaining),
            (b"x-ratelimit-reset-" + of, duration(seconds).encode()),
        ]
        if anthropic:
            reset = datetime.fromtimestamp(wall + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            headers += [
                (b"anthropic-ratelimit-%b-limit" % of, limit),
                (b"anthropic-ratelimit-%b-remaining" % of, remaining),
                (b"anthropic-ratelimit-%b-reset" % of, reset.encode()),
            ]
    return headers


def retry_headers(seconds: float) -> tuple[Header, ...]:
    """When to try again: whole seconds, rounded up, and milliseconds for those who look."""
    return (b"retry-after", b"%d" % -(-seconds // 1)), (b"retry-after-ms", b"%d" % -(-seconds * 1000 // 1))


def duration(seconds: float) -> str:
    """As OpenAI writes it: `17ms`, `1.5s`, `6m0s`, `2h0m0s`."""
    if seconds < 1.0:
        return f"{round(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:.3f}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _left(gate: Gate, now: float) -> float:
    return gate.remaining(now) / gate.limit.amount
