"""What a client is told of the limits that it is under, in the formats of OpenAI and Anthropic.

https://platform.openai.com/docs/guides/rate-limits, https://docs.anthropic.com/en/api/rate-limits#response-headers
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from control_layer.gateway.policy.gate import Gate, Gates
from control_layer.wire import Header

__all__ = ["duration", "rate_limit_headers", "retry_headers"]


_FRESH_SECONDS = 0.01
"""So long the same is told of a limit, to whoever asks a hundred times a second."""
_SAID = (b"limit", b"remaining", b"reset")
_OF_REQUESTS, _OF_TOKENS = (
    tuple(b"x-ratelimit-%b-%b" % (said, of) for said in _SAID) for of in (b"requests", b"tokens")
)
_ANTHROPICS_OF_REQUESTS, _ANTHROPICS_OF_TOKENS = (
    tuple(b"anthropic-ratelimit-%b-%b" % (of, said) for said in _SAID) for of in (b"requests", b"tokens")
)


def rate_limit_headers(gates: Gates, now: float, wall: float | None) -> list[Header]:
    """Fields for the tightest limit of requests and of tokens.

    `now` is monotonic. `wall`, Unix seconds, is given where Anthropic's are wanted as well.
    """
    headers: list[Header] = []
    for gate in gates.rates if gates.plain else _tightest(gates, now):
        if now - gate.shown_at > _FRESH_SECONDS:
            _show(gate, now)
        headers += gate.shown
        if wall is not None:
            headers += _in_anthropics_format(gate, now, wall)
    return headers


def _tightest(gates: Gates, now: float) -> list[Gate]:
    kinds = ([gate for gate in gates.rates if gate.of_tokens is of_tokens] for of_tokens in (False, True))
    return [min(kind, key=lambda gate: gate.bucket.level(now) / gate.limit.amount) for kind in kinds if kind]


def _show(gate: Gate, now: float) -> None:
    gate.shown_at = now
    seconds = gate.full_in(now)
    reset = b"%dms" % (seconds * 1000.0) if seconds < 1.0 else duration(seconds).encode()
    values = b"%d" % gate.limit.amount, b"%d" % gate.remaining(now), reset
    gate.shown = list(zip(_OF_TOKENS if gate.of_tokens else _OF_REQUESTS, values, strict=True))


def _in_anthropics_format(gate: Gate, now: float, wall: float) -> Iterable[Header]:
    moment = datetime.fromtimestamp(wall + gate.full_in(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    values = gate.shown[0][1], gate.shown[1][1], moment
    return zip(_ANTHROPICS_OF_TOKENS if gate.of_tokens else _ANTHROPICS_OF_REQUESTS, values, strict=True)


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
