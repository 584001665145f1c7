"""What a client is told when its provider fails: the contract's error table, in both dialects."""

from __future__ import annotations

import httpx
import pytest
from tests.gateway.conftest import Journal, Provider, chat

CASES = [
    # model, status, OpenAI type, code, Anthropic type
    ("sim-error-401", 502, "upstream_error", "upstream_authentication", "api_error"),
    ("sim-error-403", 502, "upstream_error", "upstream_authentication", "api_error"),
    ("sim-error-429", 429, "rate_limit_error", "upstream_rate_limited", "rate_limit_error"),
    ("sim-reset-before", 502, "upstream_error", "model_unavailable", "api_error"),
    ("sim-hang", 504, "upstream_error", "upstream_timeout", "api_error"),
    ("sim-redirect", 502, "upstream_error", "model_unavailable", "api_error"),
    ("dead", 502, "upstream_error", "model_unavailable", "api_error"),
    ("absent", 502, "upstream_error", "model_unavailable", "api_error"),
    ("unreadable", 502, "upstream_error", "model_unavailable", "api_error"),
    ("broken", 502, "upstream_error", "model_unavailable", "api_error"),
    ("sim-error-500-sanitised", 500, "upstream_error", "upstream_failed", "api_error"),
    ("sim-error-400-sanitised", 400, "invalid_request_error", "upstream_rejected", "invalid_request_error"),
    ("sim-context-sanitised", 400, "invalid_request_error", "context_length_exceeded", "invalid_request_error"),
]


@pytest.mark.parametrize(("model", "status", "kind", "code", "anthropic"), CASES)
@pytest.mark.parametrize("stream", [False, True])
def test_a_providers_failure_is_said_in_our_words(
    client: httpx.Client, journal: Journal, model: str, status: int, kind: str, code: str, anthropic: str, stream: bool
) -> None:
    with journal.admitted(2) as ends:
        answer = client.post("/chat/completions", json=chat(model, stream=stream))
        other = client.post("/messages", json=chat(model, stream=stream, max_tokens=5))
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (status, kind, code)
    assert (other.status_code, other.json()["error"]["type"]) == (status, anthropic)
    for end in ends:
        assert (end.outcome, end.status, end.error, end.tokens.source) == ("failed", status, code, "none")
    for text in (answer.text, other.text):
        assert "127.0.0.1" not in text
        assert "sim-host" not in text
        assert "elsewhere.invalid" not in text
    assert "location" not in answer.headers


@pytest.mark.parametrize("status", [400, 404, 422, 500, 503, 529])
def test_any_other_error_passes_with_its_status_and_body(client: httpx.Client, journal: Journal, status: int) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat(f"sim-error-{status}"))
    assert answer.status_code == status
    assert answer.json()["error"]["message"] == f"Simulated error {status}."
    assert answer.headers["content-type"] == "application/json"
    assert (ends[0].outcome, ends[0].status, ends[0].error) == ("completed", status, "simulated_error")
    assert ends[0].tokens.source == "none"


def test_a_too_long_context_is_passed_on(client: httpx.Client) -> None:
    answer = client.post("/chat/completions", json=chat("sim-context"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "context_length_exceeded")


def test_a_rate_limits_retry_after_is_kept(client: httpx.Client) -> None:
    assert client.post("/chat/completions", json=chat("sim-error-429")).headers["retry-after"] == "7"


def test_a_model_that_no_deployment_serves_is_unavailable(client: httpx.Client, journal: Journal) -> None:
    before = len(journal.records())
    answer = client.post("/chat/completions", json=chat("nowhere"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "model_unavailable")
    assert client.post("/messages", json=chat("nowhere")).json()["error"]["type"] == "overloaded_error"
    assert len(journal.records()) == before


@pytest.mark.parametrize("model", ["dead-or-alive", "absent-or-alive"])
def test_another_deployment_is_tried_before_the_client_hears_of_it(
    client: httpx.Client, journal: Journal, model: str
) -> None:
    attempts = set()
    for _ in range(12):
        with journal.admitted() as ends:
            answer = client.post("/chat/completions", json=chat(model))
        assert answer.status_code == 200
        assert answer.headers["x-control-layer-attempts"] == str(len(ends[0].attempts))
        assert ends[0].attempts[-1].error is None
        attempts.add(len(ends[0].attempts))
    assert attempts == {1, 2}


def test_a_lone_deployment_is_tried_twice_and_each_try_is_noted(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted(2) as ends:
        client.post("/chat/completions", json=chat("dead"))
        client.post("/chat/completions", json=chat("sim-reset-before"))
    assert [[attempt.error for attempt in end.attempts] for end in ends] == [
        ["connect_failed"] * 2,
        ["reset_before_response"] * 2,
    ]


def test_a_timeout_has_used_its_time_up(client: httpx.Client, journal: Journal, provider: Provider) -> None:
    with journal.admitted() as ends:
        client.post("/chat/completions", json=chat("sim-hang"))
    assert [attempt.error for attempt in ends[0].attempts] == ["first_byte_timeout"]


@pytest.mark.parametrize("model", ["sim-reset-after", "sim-reset-middle", "sim-wrong-content-length"])
def test_a_whole_answer_that_breaks_off_never_looks_whole(client: httpx.Client, journal: Journal, model: str) -> None:
    with journal.admitted() as ends:
        try:
            answer = client.post("/chat/completions", json=chat(model))
        except httpx.RemoteProtocolError:
            pass
        else:
            assert answer.status_code == 502
    assert (ends[0].outcome, ends[0].error) == ("failed", "upstream_broken")
    assert ends[0].attempts[0].error == "reset_during_response"


def test_half_a_json_document_is_the_providers_answer_and_is_estimated(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("sim-truncated"))
    assert answer.status_code == 200
    assert ends[0].tokens.source == "estimate"
