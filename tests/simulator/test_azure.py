"""The simulated Azure OpenAI service: deployments with an `api-version`, and the newer `/openai/v1`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

_CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "hello"}]}
_OLDER = "/deployments/{}/chat/completions?api-version=2024-10-21"


@pytest.fixture
def client(root: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{root}/azure/openai", headers={"api-key": "key"}, timeout=15) as client:
        yield client


def test_both_apis_give_the_same_answer_and_name_the_model_behind_the_deployment(client: httpx.Client) -> None:
    older = client.post(_OLDER.format("sim-small"), json=_CHAT)
    newer = client.post("/v1/chat/completions", json={"model": "sim-small", **_CHAT})
    assert older.json() == newer.json()
    assert older.json()["model"] == "gpt-simulated-2026-01-01"
    assert older.json()["prompt_filter_results"][0]["content_filter_results"]["hate"]["filtered"] is False


def test_a_stream_begins_with_what_the_filter_thinks_of_the_prompt(client: httpx.Client) -> None:
    body = {**_CHAT, "stream": True, "stream_options": {"include_usage": True}}
    text = client.post(_OLDER.format("sim-small"), json=body).text
    *events, done, rest = text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    assert (chunks[0]["choices"], "prompt_filter_results" in chunks[0]) == ([], True)
    assert chunks[-1]["usage"]["completion_tokens"] == 24


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        (_OLDER.format("d"), {"api-key": "other"}, 401, "401"),
        (_OLDER.format("d"), {"api-key": "", "authorization": "Bearer key"}, 200, None),
        ("/deployments/d/chat/completions", {}, 404, "404"),
        ("/deployments/d/chat/completions?api-version=tomorrow", {}, 404, "404"),
        ("/deployments/d/responses?api-version=2024-10-21", {}, 404, "404"),
        ("/v1/chat/completions?api-version=2024-10-21", {}, 400, "BadRequest"),
        ("/v1/chat/completions?api-version=preview", {}, 200, None),
        (_OLDER.format("sim-context"), {}, 400, "context_length_exceeded"),
        (_OLDER.format("sim-refuses"), {}, 400, "content_filter"),
        (_OLDER.format("sim-error-429"), {}, 429, "simulated_error"),
    ],
)
def test_it_refuses_what_the_real_one_refuses(
    client: httpx.Client, path: str, headers: dict[str, str], status: int, code: str | None
) -> None:
    answer = client.post(path, json={"model": "d", **_CHAT}, headers=headers)
    assert answer.status_code == status, answer.text
    assert code is None or answer.json()["error"]["code"] == code


def test_unknown_arguments_are_refused(client: httpx.Client) -> None:
    answer = client.post(_OLDER.format("d"), json={**_CHAT, "top_k": 3})
    assert answer.json()["error"]["message"] == "Unrecognized request argument supplied: top_k"


def test_lists_embeddings_and_responses(client: httpx.Client) -> None:
    listed = client.get("/deployments?api-version=2022-12-01").json()["data"]
    assert {entry["status"] for entry in listed} == {"succeeded"}
    assert [entry["id"] for entry in client.get("/v1/models").json()["data"]] == [entry["id"] for entry in listed]
    embeddings = "/deployments/sim-embed/embeddings?api-version=2024-10-21"
    assert client.post(embeddings, json={"input": "x", "dimensions": 4}).json()["usage"]["prompt_tokens"] == 1
    response = client.post("/v1/responses", json={"model": "sim-small", "input": "x"}).json()
    assert response["status"] == "completed"
