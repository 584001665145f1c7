"""Errors in OpenAI's form (https://platform.openai.com/docs/guides/error-codes), read and written.

Servers that speak this dialect have others: an error that is a text, one without the object around it, `detail`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from control_layer.gateway.dialects.dialect import ProviderError
from control_layer.gateway.dialects.unreadable import MAX_QUOTED, answered, quoted

__all__ = ["error_of", "read_error", "write_error"]

_MAX_CODE = 64

_TYPES = {
    403: "permission_error",
    409: "conflict_error",
    429: "rate_limit_error",
}
_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
"""Where the provider has no word for it."""
_CONTEXT_LENGTH = "context_length_exceeded"
_TOO_LONG = ("maximum context length", "context window", "context length", "input is too long", "prompt is too long")
_FILTERED = frozenset(("content_policy_violation", "moderation_blocked", "ResponsibleAIPolicyViolation"))
_QUOTA = "insufficient_quota"


class _Error(msgspec.Struct, frozen=True):
    message: str
    type: str
    param: str | None
    code: str | None


class _Body(msgspec.Struct, frozen=True):
    error: _Error


_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


def read_error(status: int, body: bytes) -> ProviderError:
    """A provider's error answer; what is none of these forms is quoted, shortened."""
    try:
        found = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ProviderError(quoted(body, status), _CODES.get(status), _type_of(status))
    request_id = found.get("request_id")
    error = error_of(found.get("error", found), status)
    return msgspec.structs.replace(error, request_id=request_id if isinstance(request_id, str) else None)


def error_of(error: object, status: int) -> ProviderError:
    """What an `error`, of an answer or in a stream, says."""
    fields = error if isinstance(error, dict) else {"message": error}
    message = _text(fields.get("message")) or _text(fields.get("detail")) or _text(fields.get("error"))
    kind, code = _text(fields.get("type")), _text(fields.get("code"))
    if not message:
        message = answered(status) if not fields.get("detail") else _encode(fields["detail"]).decode()[:MAX_QUOTED]
    return ProviderError(
        message,
        _code_of(status, (code or "")[:_MAX_CODE], kind or "", message.lower()),
        kind or _type_of(status),
        _text(fields.get("param")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _code_of(status: int, code: str, kind: str, message: str) -> str | None:
    if code in _FILTERED:
        return "content_filter"
    if code and not code.isdigit():
        return code
    if status < HTTPStatus.INTERNAL_SERVER_ERROR and any(words in message for words in _TOO_LONG):
        return _CONTEXT_LENGTH
    return _QUOTA if kind == _QUOTA else _CODES.get(status)


def _type_of(status: int) -> str:
    return _TYPES.get(status, "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error")


# -- for clients -----------------------------------------------------------------------------------------------------


def write_error(status: int, error: ProviderError) -> bytes:
    """An error answer, or the data of the event that ends a stream. Its type follows from the status and the code."""
    kind = _QUOTA if error.code == _QUOTA else _type_of(status)
    return _encode(_Body(_Error(error.message, kind, error.parameter, error.code)))
