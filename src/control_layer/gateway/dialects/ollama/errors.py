"""Errors of Ollama's API: a text, under `error`."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from control_layer.gateway.dialects import openai_chat
from control_layer.gateway.dialects.dialect import ProviderError

__all__ = ["read_error", "stream_error"]

_TOO_LONG = ("exceeds the context length", "exceeds maximum context length", "exceeds the available context")


def read_error(status: int, body: bytes) -> ProviderError:
    """A provider's error answer; what is none of this form is quoted, shortened."""
    error = openai_chat.OPENAI_CHAT.read_error(status, body)
    return error if error.code is not None else _named(error, status)


def stream_error(message: str) -> ProviderError:
    """The error that ends a stream."""
    return _named(ProviderError(message), HTTPStatus.INTERNAL_SERVER_ERROR)


def _named(error: ProviderError, status: int) -> ProviderError:
    message = error.message.lower()
    if any(words in message for words in _TOO_LONG):
        return msgspec.structs.replace(error, code="context_length_exceeded")
    if status == HTTPStatus.NOT_FOUND and "model" in message and "not found" in message:
        return msgspec.structs.replace(error, code="model_not_found")
    return error
