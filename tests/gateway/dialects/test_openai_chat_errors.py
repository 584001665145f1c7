"""Errors in OpenAI's form, and in those that servers which speak its dialect have instead."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openai.types.shared import ErrorObject
from tests.gateway.dialects.openai_chat_streams import AS_CLIENT, AS_PROVIDER

from control_layer.gateway.dialects.dialect import ProviderError

RATE = {"message": "Slow down.", "type": "requests", "param": None, "code": "rate_limit_exceeded"}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, {"error": RATE}, ProviderError("Slow down.", "rate_limit_exceeded", "requests")),
        (
            400,
            {"error": {"message": "Bad.", "type": "invalid_request_error", "param": "n", "code": None}},
            ProviderError("Bad.", None, "invalid_request_error", "n"),
        ),
        (
            429,
            {"error": {"message": "You exceeded your quota.", "type": "insufficient_quota", "code": None}},
            ProviderError("You exceeded your quota.", "insufficient_quota", "insufficient_quota"),
        ),
        (
            400,
            {
                "object": "error",
                "message": "This model's maximum context length is 9.",
                "type": "BadRequestError",
                "code": 400,
            },
            ProviderError("This model's maximum context length is 9.", "context_length_exceeded", "BadRequestError"),
        ),
        (
            400,
            {"error": {"code": "content_filter", "message": "Filtered.", "innererror": {}}},
            ProviderError("Filtered.", "content_filter", "invalid_request_error"),
        ),
        (
            400,
            {"error": {"code": "content_policy_violation", "message": "Filtered."}},
            ProviderError("Filtered.", "content_filter", "invalid_request_error"),
        ),
        (404, {"error": "no such model"}, ProviderError("no such model", None, "invalid_request_error")),
        (401, {"detail": "Unauthorized"}, ProviderError("Unauthorized", "invalid_api_key", "invalid_request_error")),
        (422, {"detail": [{"loc": ["n"]}]}, ProviderError('[{"loc":["n"]}]', None, "invalid_request_error")),
        (
            500,
            {"error": {"message": "Oh", "type": "server_error"}, "request_id": "req_1"},
            ProviderError("Oh", None, "server_error", request_id="req_1"),
        ),
        (503, {}, ProviderError("The provider answered 503 Service Unavailable.", None, "server_error")),
    ],
)
def test_errors_are_read(status: int, body: dict[str, Any], error: ProviderError) -> None:
    assert AS_PROVIDER.read_error(status, msgspec.json.encode(body)) == error


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        (b"", "The provider answered 502 Bad Gateway."),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"x" * 9999, "x" * 500),
        (b"[" * 100_000, "[" * 500),
    ],
)
def test_what_cannot_be_read_is_quoted(body: bytes, message: str) -> None:
    assert AS_PROVIDER.read_error(502, body) == ProviderError(message, None, "server_error")


def test_a_status_without_a_name_is_told() -> None:
    assert AS_PROVIDER.read_error(799, b"").message == "The provider answered 799."


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "context_length_exceeded", "invalid_request_error"),
        (401, "invalid_api_key", "invalid_request_error"),
        (403, None, "permission_error"),
        (404, "model_not_found", "invalid_request_error"),
        (429, "rate_limit_exceeded", "rate_limit_error"),
        (429, "insufficient_quota", "insufficient_quota"),
        (500, None, "server_error"),
        (529, "overloaded_error", "server_error"),
    ],
)
def test_errors_are_written_as_the_sdk_reads_them(status: int, code: str | None, kind: str) -> None:
    body = msgspec.json.decode(AS_CLIENT.write_error(status, ProviderError("It broke.", code, "api_error", "n")))
    assert body == {"error": {"message": "It broke.", "type": kind, "param": "n", "code": code}}
    error = ErrorObject.model_validate(body["error"])
    assert (error.code, error.param, error.type) == (code, "n", kind)
