"""Errors of Bedrock, and what they are called elsewhere.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors. The body
of an answer has a message and seldom more. Which error it is stands in its head
(https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html, "Operation error serialization"), or else follows from
the status.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from control_layer.gateway.dialects.dialect import ProviderError
from control_layer.gateway.dialects.unreadable import answered, quoted
from control_layer.wire import Header

__all__ = ["code_of", "read_error"]

_TYPES = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
_CODES = {
    "AccessDeniedException": "permission_denied",
    "ExpiredTokenException": "invalid_api_key",
    "InvalidSignatureException": "invalid_api_key",
    "UnrecognizedClientException": "invalid_api_key",
    "ResourceNotFoundException": "model_not_found",
    "ThrottlingException": "rate_limit_exceeded",
    "ServiceQuotaExceededException": "insufficient_quota",
    "ValidationException": "invalid_request_error",
    "ModelTimeoutException": "timeout_error",
    "ModelNotReadyException": "overloaded_error",
    "ServiceUnavailableException": "overloaded_error",
    "InternalServerException": "server_error",
    "ModelErrorException": "server_error",
    "ModelStreamErrorException": "server_error",
}
_TOO_LONG = re.compile(r"input is too long|prompt is too long|too many (?:input )?tokens|context (?:window|length)")
_KIND = b"x-amzn-errortype"
_NO_MODEL = "model identifier is invalid"


class _Body(msgspec.Struct):
    message: str | None = None
    Message: str | None = None
    """Where Amazon's front door answers."""
    type: str | None = msgspec.field(default=None, name="__type")


_decode = msgspec.json.Decoder(_Body).decode


def read_error(status: int, body: bytes, headers: Sequence[Header] = ()) -> ProviderError:
    """A provider's error answer; what is none of this form is quoted, shortened."""
    said = next((_name(value.decode("latin-1")) for name, value in headers if name == _KIND), None)
    try:
        found = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        kind, message = said, quoted(body, status)
    else:
        kind = said or (_name(found.type) if found.type else _TYPES.get(status))
        message = found.message or found.Message or answered(status)
    if kind is None:
        return ProviderError(message, type=_TYPES.get(status))
    return ProviderError(message, code_of(kind, message), kind)


def _name(kind: str) -> str:
    """Without a namespace before it, and an address behind."""
    return kind.partition(":")[0].rpartition("#")[2]


def code_of(kind: str, message: str) -> str:
    """OpenAI's word for an exception where there is one, else its name. Its first letter is small in streams."""
    name = kind[:1].upper() + kind[1:]
    if name == "ValidationException":
        if _TOO_LONG.search(message.lower()):
            return "context_length_exceeded"
        if _NO_MODEL in message.lower():
            return "model_not_found"
    return _CODES.get(name, kind)
