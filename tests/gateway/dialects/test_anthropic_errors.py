"""Errors of the Messages API, read from providers and written for clients."""

from __future__ import annotations

from typing import Any

import httpx2
import msgspec
import pytest
from anthropic import Anthropic
from anthropic.types import ErrorResponse

from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.dialect import ProviderError, UnreadableAnswer


def error(kind: str, message: str, **more: Any) -> bytes:
    body = {"type": "error", "error": {"type": kind, "message": message, **more}, "request_id": "req_1"}
    return msgspec.json.encode(body)


@pytest.mark.parametrize(
    ("status", "kind", "message", "code", "parameter"),
    [
        (400, "invalid_request_error", "max_tokens: Field required", "invalid_request_error", "max_tokens"),
        (400, "invalid_request_error", "messages.0.content: Field required", "invalid_request_error", None),
        (400, "invalid_request_error", "prompt is too long: 9 > 8", "context_length_exceeded", None),
        (
            400,
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 9 + 8 > 10",
            "context_length_exceeded",
            None,
        ),
        (400, "invalid_request_error", "Your credit balance is too low.", "insufficient_quota", None),
        (401, "authentication_error", "invalid x-api-key", "invalid_api_key", None),
        (402, "billing_error", "Pay.", "insufficient_quota", None),
        (403, "permission_error", "No.", "permission_error", None),
        (404, "not_found_error", "model: claude-9", "model_not_found", None),
        (413, "request_too_large", "Too large.", "request_too_large", None),
        (429, "rate_limit_error", "Slower.", "rate_limit_exceeded", None),
        (500, "api_error", "Oh.", "api_error", None),
        (529, "overloaded_error", "Overloaded", "overloaded_error", None),
    ],
)
def test_an_error_is_read(status: int, kind: str, message: str, code: str, parameter: str | None) -> None:
    read = ANTHROPIC.read_error(status, error(kind, message))
    assert read == ProviderError(message, code, kind, parameter, "req_1")


def test_an_error_with_a_code_of_its_own_keeps_it() -> None:
    body = error("invalid_request_error", "It is gone.", details={"error_code": "file_expired"})
    assert ANTHROPIC.read_error(400, body).code == "file_expired"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        (b"", "The provider answered 502 Bad Gateway."),
        (b"\xff" * 4000, "\ufffd" * 500),
        (b'{"error":"text"}', '{"error":"text"}'),
        (b"[" * 100_000, "[" * 500),
    ],
)
def test_what_is_no_error_of_the_api_is_quoted_and_shortened(body: bytes, message: str) -> None:
    assert ANTHROPIC.read_error(502, body) == ProviderError(message, type="api_error")


def test_a_status_without_a_name_is_told_as_it_is() -> None:
    assert ANTHROPIC.read_error(599, b"").message == "The provider answered 599."


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (409, "conflict_error"),
        (413, "request_too_large"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ],
)
def test_an_error_is_written_as_the_sdk_reads_it(status: int, kind: str) -> None:
    given = ProviderError("Too much.", "rate_limit_exceeded", "requests", request_id="req_9")
    body = msgspec.json.decode(ANTHROPIC.write_error(status, given))
    assert body == {"type": "error", "error": {"type": kind, "message": "Too much."}, "request_id": "req_9"}
    if kind not in ("conflict_error", "request_too_large"):
        ErrorResponse.model_validate(body)
    response = httpx2.Response(status, request=httpx2.Request("POST", "https://example.org"), json=body)
    raised = Anthropic(api_key="k")._make_status_error_from_response(response)
    assert raised.type == kind
    assert raised.api_message == "Too much."


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"type":"error","error":{}}', b"\xff", b'{"type":"message","id":1}']
)
def test_an_answer_that_is_no_message_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        ANTHROPIC.read_answer(body)
