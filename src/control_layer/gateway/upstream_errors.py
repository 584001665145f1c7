"""What went wrong on the provider's side of the wire, in the words of this plane."""

from __future__ import annotations

import msgspec

from control_layer.gateway import errors
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.policy.failover import Failure
from control_layer.gateway.tokens import TokenRefused, TokenUnavailable
from control_layer.wire import (
    BadRequestBody,
    BadResponse,
    ConnectFailed,
    ConnectTimeout,
    ExchangeError,
    FirstByteTimeout,
    PoolExhausted,
    ReadTimeout,
    ResetBeforeResponse,
    ResetDuringResponse,
    TotalTimeout,
)

__all__ = ["REFUSALS", "as_gateway_error", "code_in", "code_of", "failure_in", "failure_of"]

_CODES: dict[type[ExchangeError], str] = {
    ConnectFailed: "connect_failed",
    ConnectTimeout: "connect_timeout",
    FirstByteTimeout: "first_byte_timeout",
    ReadTimeout: "idle_timeout",
    TotalTimeout: "total_timeout",
    ResetBeforeResponse: "reset_before_response",
    ResetDuringResponse: "reset_during_response",
    BadRequestBody: "bad_request_body",
    BadResponse: "bad_response",
    PoolExhausted: "pool_exhausted",
    TokenRefused: "token_refused",
    TokenUnavailable: "token_unavailable",
}
_CONNECTION = (ConnectFailed, ConnectTimeout, ResetBeforeResponse)
_SLOW = (FirstByteTimeout, ReadTimeout, TotalTimeout)
_MAX_CODE = 64
_ERRORS_FROM = 400
_CONTEXT_LENGTH = "context_length_exceeded"
_TOO_LONG = (b"maximum context length", b"context window", b"prompt is too long", b"input token count")
"""OpenAI and vLLM; Bedrock; Anthropic; Gemini."""
_REFUSED_CONTENT = ("content_filter", "content_policy_violation", "moderation_blocked")
REFUSALS = ("content_filter", "refusal")
"""Finish reasons of answers that a provider's content policy has ended: OpenAI's, Anthropic's."""


class _Error(msgspec.Struct):
    code: str | int | None = None
    type: str | None = None


class _Body(msgspec.Struct):
    error: _Error


_decode = msgspec.json.Decoder(_Body).decode


def code_in(body: bytes) -> str | None:
    """The code, or else the type, that a provider's error body names."""
    try:
        error = _decode(body).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    code = error.code if isinstance(error.code, str) else error.type
    return code[:_MAX_CODE] if code else None


def code_of(error: ExchangeError) -> str:
    """A short, stable code for records and metrics."""
    return _CODES.get(type(error), "broken")


def failure_of(error: ExchangeError) -> Failure | None:
    """What kind of failure that is; `None` for one that is not the provider's."""
    if isinstance(error, _CONNECTION):
        return Failure.CONNECTION
    if isinstance(error, TotalTimeout | BadRequestBody | PoolExhausted):
        return None
    if isinstance(error, TokenRefused):
        return Failure.CREDENTIALS
    return Failure.TIMEOUT if isinstance(error, (*_SLOW, TokenUnavailable)) else Failure.BROKEN


def failure_in(status: int, body: bytes) -> Failure:
    """What kind of failure an error answer is. Not every provider gives the code that OpenAI does: words help."""
    if status < _ERRORS_FROM:
        return Failure.BROKEN  # it sends us elsewhere
    if status in (401, 403):
        return Failure.CREDENTIALS
    if status in (400, 413, 422):
        code = code_in(body)
        if code == _CONTEXT_LENGTH or any(words in body for words in _TOO_LONG):
            return Failure.CONTEXT_LENGTH
        if code in _REFUSED_CONTENT:
            return Failure.REFUSED_CONTENT
    return Failure.STATUS


def as_gateway_error(error: ExchangeError) -> GatewayError:
    """What the client is told when nothing is left to try. The provider's address stays ours."""
    if isinstance(error, _SLOW):
        return errors.upstream_timeout()
    if isinstance(error, BadRequestBody):
        return errors.not_multipart("its `model` fields differ")
    if isinstance(error, BadResponse):
        return errors.upstream_bad_reply()
    if isinstance(error, PoolExhausted):
        return errors.model_unavailable("all connections to its provider are busy; try again shortly", status=503)
    if isinstance(error, ResetDuringResponse):
        return errors.upstream_stream_broken()
    if isinstance(error, TokenRefused):
        return errors.upstream_authentication()
    if isinstance(error, TokenUnavailable):
        return errors.model_unavailable("there is no access token for its provider")
    if isinstance(error, ResetBeforeResponse):
        return errors.model_unavailable("its provider closed the connection without an answer")
    return errors.model_unavailable("its provider cannot be reached")
