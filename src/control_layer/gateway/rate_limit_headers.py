"""What a client is told of the limits that it is under, in the formats of OpenAI and Anthropic.

https://platform.openai.com/docs/guides/rate-limits, https://docs.anthropic.com/en/api/rate-limits#response-headers
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from control_layer.gateway.policy.gate import Gate
from control_layer.wire import Header

__all__ = ["duration", "rate_limit_headers", "retry_headers"]


def _names(of: bytes) -> tuple[bytes, ...]:
    ours = tuple(b"x-ratelimit-%b-%b" % (what, of) for what in (b"limit", b"remaining", b"reset"))
    return ours + tuple(b"anthropic-ratelimit-%b-%b" % (of, what) for what in (b"limit", b"remaining", b"reset"))


_OF_REQUESTS, _OF_TOKENS = _names(b"requests"), _names(b"tokens")


def rate_limit_headers(gates: Iterable[Gate], now: float, wall: float, *, anthropic: bool) -> list[Header]:
    """Fields for the tightest limit of requests and of tokens. `now` is monotonic, `wall` Unix seconds."""
    requests: Gate | None = None
    tokens: Gate | None = None
    for gate in gates:
        if gate.counts:
            continue
        if gate.of_tokens:
            if tokens is None or _left(gate, now) < _left(tokens, now):
                tokens = gate
        elif requests is None or _left(gate, now) < _left(requests, now):
            requests = gate
    headers: list[Header] = []
    if requests is not None:
        _add(headers, _OF_REQUESTS, requests, now, wall if anthropic else None)
    if tokens is not None:
        _add(headers, _OF_TOKENS, tokens, now, wall if anthropic else None)
    return headers


def _add(headers: list[Header], names: tuple[bytes, ...], gate: Gate, now: float, wall: float | None) -> None:
    level, burst = gate.bucket.level(now), gate.bucket.burst
    limit, remaining = b"%d" % gate.limit.amount, b"%d" % max(level, 0.0)
    seconds = (burst - level) / gate.bucket.rate
    reset = b"%dms" % (seconds * 1000.0) if seconds < 1.0 else duration(seconds).encode()
    headers += (names[0], limit), (names[1], remaining), (names[2], reset)
    if wall is not None:
        moment = datetime.fromtimestamp(wall + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
        headers += (names[3], limit), (names[4], remaining), (names[5], moment)


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
    return gate.bucket.level(now) / gate.limit.amount
