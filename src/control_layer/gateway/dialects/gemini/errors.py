"""Errors of Google's APIs (https://google.aip.dev/193), and what they are called elsewhere."""

from __future__ import annotations

import re
from http import HTTPStatus

import msgspec

from control_layer.gateway.dialects.dialect import ProviderError
from control_layer.gateway.dialects.unreadable import answered, quoted

__all__ = ["read_error", "stream_error"]

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_CODES = {"UNAUTHENTICATED": "invalid_api_key", "RESOURCE_EXHAUSTED": "rate_limit_exceeded"}
_NO_KEY = "API_KEY_INVALID"
_TOO_LONG = re.compile(r"input token count.*exceeds the maximum number of tokens|exceeds? the (?:model's )?context")
_NO_CREDIT = re.compile(r"credits are depleted|insufficient (?:credit|funds|balance)")
_NO_MODEL = re.compile(r"models?/\S+ (?:is|was) not found|model\b.*\bnot found")
_DELAY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")
_MAX_STATUS = 64


class _Detail(msgspec.Struct, rename="camel"):
    reason: str | None = None
    retry_delay: str | None = None
    """Of `RetryInfo`: seconds with a fraction, such as `45.837906927s`."""


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""
    status: str = ""
    details: list[_Detail] = []


class _Body(msgspec.Struct):
    error: _Error


_decode = msgspec.json.Decoder(_Body | list[_Body]).decode
_decode_error = msgspec.json.Decoder(_Error).decode


def read_error(status: int, body: bytes) -> ProviderError:
    """A provider's error answer, in a list where a stream was asked for; what is none of this form is quoted."""
    try:
        found = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ProviderError(quoted(body, status), type=_status_of(status))
    bodies = found if isinstance(found, list) else [found]
    return _told(bodies[0].error, status) if bodies else ProviderError(answered(status), type=_status_of(status))


def stream_error(error: msgspec.Raw) -> ProviderError:
    """The `error` of an event that ends a stream."""
    try:
        found = _decode_error(error)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ProviderError(quoted(bytes(error), HTTPStatus.INTERNAL_SERVER_ERROR))
    return _told(found, found.code or HTTPStatus.INTERNAL_SERVER_ERROR)


def _told(error: _Error, status: int) -> ProviderError:
    kind = error.status[:_MAX_STATUS] or _status_of(status)
    return ProviderError(error.message or answered(status), _code_of(error, kind), kind, retry_after=_delay_of(error))


def _delay_of(error: _Error) -> float | None:
    """Google says it nowhere else (https://cloud.google.com/apis/design/errors#error_details)."""
    said = (_DELAY.fullmatch(detail.retry_delay) for detail in error.details if detail.retry_delay is not None)
    return next((float(found[1]) for found in said if found is not None), None)


def _code_of(error: _Error, kind: str) -> str:
    """OpenAI's word for it where there is one, else Google's own."""
    message = error.message.lower()
    if any(detail.reason == _NO_KEY for detail in error.details):
        return "invalid_api_key"
    if kind == "INVALID_ARGUMENT" and _TOO_LONG.search(message):
        return "context_length_exceeded"
    if _NO_CREDIT.search(message):
        return "insufficient_quota"
    if kind == "NOT_FOUND" and _NO_MODEL.search(message):
        return "model_not_found"
    return _CODES.get(kind, kind)


def _status_of(status: int) -> str:
    server = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return _STATUSES.get(status, "INTERNAL" if server else "INVALID_ARGUMENT")
