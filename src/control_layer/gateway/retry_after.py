"""How long a provider asks to be left alone (RFC 9110, 10.2.3, and what providers say besides)."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from control_layer.wire import Header

__all__ = ["retry_after"]

_MILLISECONDS = b"retry-after-ms"
_SECONDS = b"retry-after"
_RESETS = {
    b"x-ratelimit-remaining-requests": b"x-ratelimit-reset-requests",
    b"x-ratelimit-remaining-tokens": b"x-ratelimit-reset-tokens",
}
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")
_IN_SECONDS = (86400.0, 3600.0, 60.0, 1.0, 0.001)


def retry_after(headers: list[Header], now: float) -> float | None:
    """Seconds from `now` (Unix seconds); `None` where the provider does not say.

    `retry-after-ms` before `retry-after` (seconds or a date); else when the limit of which nothing remains is reset, in
    OpenAI's durations (https://platform.openai.com/docs/guides/rate-limits: `1s`, `6m0s`, `17ms`).
    """
    fields = dict(headers)
    exact = _number(fields.get(_MILLISECONDS))
    if exact is not None:
        return exact / 1000.0
    said = fields.get(_SECONDS)
    if said is not None:
        seconds = _number(said)
        return _until(said, now) if seconds is None else seconds
    resets = [_duration(fields.get(reset)) for remaining, reset in _RESETS.items() if fields.get(remaining) == b"0"]
    return max((seconds for seconds in resets if seconds is not None), default=None)


def _number(value: bytes | None) -> float | None:
    try:
        number = float(value) if value is not None else None
    except ValueError:
        return None
    return number if number is not None and 0.0 <= number < 1e9 else None


def _until(value: bytes, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(value.decode("latin-1"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)


def _duration(value: bytes | None) -> float | None:
    match = _DURATION.fullmatch(value.decode("latin-1")) if value else None
    if match is None:
        return None
    return sum(float(part) * unit for part, unit in zip(match.groups(), _IN_SECONDS, strict=True) if part is not None)
