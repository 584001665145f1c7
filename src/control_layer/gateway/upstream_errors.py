"""What went wrong on the provider's side of the wire, in the words of this plane."""

from __future__ import annotations

import msgspec

from control_layer.gateway import errors
from control_layer.gateway.errors import GatewayError
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

__all__ = ["as_gateway_error", "code_in", "code_of", "may_retry"]

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
}
_RETRYABLE = (ConnectFailed, ConnectTimeout, ResetBeforeResponse)
_SLOW = (FirstByteTimeout, ReadTimeout, TotalTimeout)
_MAX_CODE = 64


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


def may_retry(error: ExchangeError) -> bool:
    """Whether another attempt may follow: no byte of a response had come. A timeout has used its time up."""
    return isinstance(error, _RETRYABLE)


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
    if isinstance(error, ResetBeforeResponse):
        return errors.model_unavailable("its provider closed the connection without an answer")
    return errors.model_unavailable("its provider cannot be reached")
