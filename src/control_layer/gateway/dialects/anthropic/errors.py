"""Errors in Anthropic's form (https://platform.claude.com/docs/en/api/errors), and what they are called elsewhere."""

from __future__ import annotations

import re
from http import HTTPStatus

import msgspec

from control_layer.gateway.dialects.dialect import ProviderError
from control_layer.gateway.dialects.unreadable import answered, quoted

__all__ = ["ErrorDetail", "code_of", "error_event", "read_error", "write_error"]


_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_CODES = {
    "authentication_error": "invalid_api_key",
    "billing_error": "insufficient_quota",
    "rate_limit_error": "rate_limit_exceeded",
}
_TYPES_BY_CODE = {
    "invalid_api_key": "authentication_error",
    "insufficient_quota": "billing_error",
    "rate_limit_exceeded": "rate_limit_error",
    "context_length_exceeded": "invalid_request_error",
    "content_filter": "invalid_request_error",
    "model_not_found": "not_found_error",
}
_OWN_TYPES = frozenset(_TYPES.values()) | {"api_error"}
_TOO_LONG = re.compile(r"prompt is too long|exceeds? (?:the )?context (?:limit|window)|context window exceeded")
_NO_CREDIT = "credit balance is too low"
_PARAMETER = re.compile(r"([a-z_]+): ")
"""How a message begins that is about one field at the top. Places inside messages are not those of the client's."""


class _Details(msgspec.Struct):
    error_code: str | None = None


class ErrorDetail(msgspec.Struct):
    """`error`, in answers and in streams."""

    type: str = ""
    message: str = ""
    details: _Details | None = None


class _Body(msgspec.Struct):
    error: ErrorDetail
    request_id: str | None = None


class _ErrorForClients(msgspec.Struct, frozen=True):
    type: str
    message: str


class _BodyForClients(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="error"):
    error: _ErrorForClients
    request_id: str | None = None


_decode = msgspec.json.Decoder(_Body).decode
_encode = msgspec.json.Encoder().encode


def read_error(status: int, body: bytes) -> ProviderError:
    """A provider's error answer; what is none of this form is quoted, shortened."""
    try:
        found = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ProviderError(quoted(body, status), type=_type_of(status))
    error = found.error
    kind = error.type or _type_of(status)
    named = _PARAMETER.match(error.message) if kind == "invalid_request_error" else None
    return ProviderError(
        error.message or answered(status),
        code_of(error, kind),
        kind,
        None if named is None else named[1],
        found.request_id,
    )


def code_of(error: ErrorDetail, kind: str) -> str:
    """OpenAI's word for it where there is one, else the provider's code or type."""
    message = error.message.lower()
    if kind == "invalid_request_error" and _TOO_LONG.search(message):
        return "context_length_exceeded"
    if _NO_CREDIT in message:
        return "insufficient_quota"
    if kind == "not_found_error" and message.startswith("model"):
        return "model_not_found"
    if error.details is not None and error.details.error_code:
        return error.details.error_code
    return _CODES.get(kind, kind)


def _type_of(status: int) -> str:
    return _TYPES.get(status, "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "api_error")


# -- for clients -----------------------------------------------------------------------------------------------------


def write_error(status: int, error: ProviderError) -> bytes:
    """An error answer. Its type follows from the status: clients decide by both whether to try again."""
    return _encode(_BodyForClients(_ErrorForClients(_type_of(status), error.message), error.request_id))


def error_event(message: str, code: str | None, request_id: str | None = None) -> bytes:
    """An error inside a stream, as a whole event."""
    kind = _TYPES_BY_CODE.get(code or "", code if code in _OWN_TYPES else "api_error")
    body = _encode(_BodyForClients(_ErrorForClients(kind or "api_error", message), request_id))
    return b"event: error\ndata: %b\n\n" % body
