"""Errors of the Gemini API, by the names that clients know."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from control_layer.gateway.dialects.dialect import ProviderError
from control_layer.gateway.dialects.gemini import GEMINI


def error(code: int, status: str, message: str, *details: dict[str, Any]) -> bytes:
    body = {"code": code, "message": message, "status": status, **({"details": [*details]} if details else {})}
    return msgspec.json.encode({"error": body})


NO_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}
TOO_LONG = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
GONE = "models/gemini-1 is not found for API version v1beta, or is not supported for generateContent."


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (error(400, "INVALID_ARGUMENT", "Invalid value."), "INVALID_ARGUMENT"),
        (error(400, "INVALID_ARGUMENT", TOO_LONG), "context_length_exceeded"),
        (error(400, "INVALID_ARGUMENT", "API key not valid.", NO_KEY), "invalid_api_key"),
        (error(400, "FAILED_PRECONDITION", "User location is not supported."), "FAILED_PRECONDITION"),
        (error(401, "UNAUTHENTICATED", "No."), "invalid_api_key"),
        (error(403, "PERMISSION_DENIED", "No."), "PERMISSION_DENIED"),
        (error(404, "NOT_FOUND", GONE), "model_not_found"),
        (error(404, "NOT_FOUND", "/v1beta/x was not found."), "NOT_FOUND"),
        (error(429, "RESOURCE_EXHAUSTED", "Slower.", RETRY), "rate_limit_exceeded"),
        (error(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."), "insufficient_quota"),
        (error(500, "INTERNAL", "Oh."), "INTERNAL"),
        (error(503, "UNAVAILABLE", "The model is overloaded."), "UNAVAILABLE"),
        (error(504, "DEADLINE_EXCEEDED", "Late."), "DEADLINE_EXCEEDED"),
    ],
)
def test_an_error_is_read(body: bytes, code: str) -> None:
    told = msgspec.json.decode(body)["error"]
    read = GEMINI.read_error(told["code"], body)
    after = 7.0 if RETRY in told.get("details", ()) else None
    assert read == ProviderError(told["message"], code, told["status"], retry_after=after)
    assert GEMINI.read_error(told["code"], b"[%b]" % body) == read


@pytest.mark.parametrize(
    ("delay", "seconds"), [("45.837906927s", 45.837906927), ("7s", 7.0), ("soon", None), (None, None)]
)
def test_when_to_ask_again(delay: str | None, seconds: float | None) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.Help", "links": []}, {"retryDelay": delay}]
    body = msgspec.json.encode({"error": {"code": 429, "message": "Slower.", "details": details}})
    assert GEMINI.read_error(429, body).retry_after == seconds


def test_an_error_that_does_not_say_its_status_has_the_answers() -> None:
    assert GEMINI.read_error(429, b'{"error":{"message":"Slower."}}') == ProviderError(
        "Slower.", "rate_limit_exceeded", "RESOURCE_EXHAUSTED"
    )
    assert GEMINI.read_error(418, b'{"error":{}}') == ProviderError(
        "The provider answered 418 I'm a Teapot.", "INVALID_ARGUMENT", "INVALID_ARGUMENT"
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        (b"", "The provider answered 502 Bad Gateway."),
        (b"[]", "The provider answered 502 Bad Gateway."),
        (b"\xff" * 4000, "\ufffd" * 500),
        (b'{"error":"text"}', '{"error":"text"}'),
        (b"[" * 100_000, "[" * 500),
    ],
)
def test_what_is_no_error_of_the_api_is_quoted_and_shortened(body: bytes, message: str) -> None:
    assert GEMINI.read_error(502, body) == ProviderError(message, type="INTERNAL")
