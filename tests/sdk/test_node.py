"""The official SDKs for Node, unmodified. `make test` installs them (`npm ci` in `tests/sdk/node`)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bench.processes import GatewayProcess
from tests.sdk.scripts import run_node


def run(gateway: GatewayProcess, script: str) -> dict[str, Any]:
    """What a script saw."""
    return run_node(script, GATEWAY_URL=gateway.base_url, GATEWAY_KEY=gateway.secret)


@pytest.fixture(scope="module")
def seen(gateway: GatewayProcess) -> dict[str, Any]:
    return run(gateway, "openai.mjs")


def test_chat_whole_and_streamed(seen: dict[str, Any]) -> None:
    assert "simulated" in seen["chat"]
    assert seen["stream"] == {"text": seen["chat"], "usage": None, "finish": "stop"}
    assert seen["countedUsage"] == seen["wholeUsage"]
    assert seen["requestId"]


def test_tools_and_structured_output(seen: dict[str, Any]) -> None:
    assert seen["tool"]["name"] == "get_weather"
    assert json.loads(seen["tool"]["arguments"]) == {"city": "simulated"}
    assert seen["parsed"] == {"city": "simulated", "days": 1.5, "windy": True}


def test_embeddings_models_responses_and_forms(seen: dict[str, Any]) -> None:
    assert seen["embeddings"] == [32, 32]
    assert "sim-small" in seen["models"]
    assert "secret-model" not in seen["models"]
    assert "simulated" in seen["responses"]
    assert seen["transcription"].endswith("bytes for sim-transcribe.")


def test_errors_have_their_class_and_code(seen: dict[str, Any]) -> None:
    errors = seen["errors"]
    assert errors["no-such-model"] == {"name": "NotFoundError", "status": 404, "code": "model_not_found"}
    assert errors["secret-model"] == {"name": "PermissionDeniedError", "status": 403, "code": "model_access_denied"}
    assert errors["sim-error-400"]["name"] == "BadRequestError"
    assert errors["sim-error-429"]["name"] == "RateLimitError"
    assert errors["sim-error-500"]["name"] == "InternalServerError"
    assert errors["key"] == {"name": "AuthenticationError", "status": 401, "code": "invalid_api_key"}
    assert errors["broken"]["name"] == "APIError"


def test_aborts_and_retries(seen: dict[str, Any]) -> None:
    assert seen["abort"] == 3
    assert seen["errors"]["abort"]["name"] == "APIUserAbortError"
    assert seen["retried"] == 1


def test_anthropics_sdk(gateway: GatewayProcess) -> None:
    seen = run(gateway, "anthropic.mjs")
    assert seen["message"] == seen["streamed"]
    assert seen["usage"]["output_tokens"] == seen["streamedUsage"]["output_tokens"] == 24
    assert seen["counted"] > 0
    assert "sim-small" in seen["models"]
    assert seen["errors"] == {
        "no-such-model": {"name": "NotFoundError", "status": 404, "id": True},
        "secret-model": {"name": "PermissionDeniedError", "status": 403, "id": True},
        "sim-error-429": {"name": "RateLimitError", "status": 429, "id": True},
    }
