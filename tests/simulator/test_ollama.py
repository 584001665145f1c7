"""The simulated API of Ollama: what it takes, what it refuses, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

_USER = {"role": "user", "content": "Use the tool get_weather, please."}
_PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
_TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": _PARAMETERS}}]


@pytest.fixture
def client(root: str) -> Iterator[httpx.Client]:
    headers = {"authorization": "Bearer key"}
    with httpx.Client(base_url=f"{root}/ollama", headers=headers, timeout=15) as client:
        yield client


def chat(client: httpx.Client, name: str = "sim-small", status: int = 200, **more: Any) -> dict[str, Any]:
    answer = client.post("/api/chat", json={"model": name, "messages": [_USER], "stream": False, **more})
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def streamed(client: httpx.Client, name: str = "sim-small", **more: Any) -> list[dict[str, Any]]:
    """It streams unless it is told not to."""
    answer = client.post("/api/chat", json={"model": name, "messages": [_USER], **more})
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_who_asks(root: str) -> None:
    answer = httpx.post(f"{root}/ollama/api/chat", json={"model": "m", "messages": [_USER]})
    assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"model": ""}, "model is required"),
        ({"tool_choice": "auto"}, 'unknown field "tool_choice"'),
        ({"options": {"max_tokens": 1}}, 'unknown field "options.max_tokens"'),
        ({"options": {"num_predict": "x"}}, "ChatRequest.options.num_predict"),
        ({"messages": [{"role": "developer", "content": "x"}]}, "invalid role: 'developer'"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "ChatRequest.messages.0.content"),
        ({"messages": [{"role": "user", "images": ["%"]}]}, "illegal base64 data"),
        ({"think": "minimal"}, "ChatRequest.think"),
        ({"format": "xml"}, "ChatRequest.format"),
        ({"format": {"properties": {}}}, "invalid JSON schema"),
        ({"logprobs": True, "top_logprobs": 21}, "between 0 and 20"),
        ({"top_logprobs": 1}, "requires logprobs"),
        ({"options": {"temperature": -1}}, "must not be negative"),
        ({"tools": [{"type": "function", "function": {}}]}, "name is required"),
    ],
)
def test_it_refuses_what_it_cannot_read(client: httpx.Client, more: dict[str, Any], told: str) -> None:
    assert told in chat(client, status=400, **more)["error"]


def test_a_stream_says_what_the_whole_answer_says(client: httpx.Client) -> None:
    whole, lines = chat(client, think=True, logprobs=True), streamed(client, think=True, logprobs=True)
    for name in ("content", "thinking"):
        assert "".join(line["message"].get(name, "") for line in lines) == whole["message"][name]
    assert [entry for line in lines for entry in line.get("logprobs", ())] == whole["logprobs"]
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]
    counts = ("prompt_eval_count", "eval_count", "done_reason")
    assert {name: lines[-1][name] for name in counts} == {name: whole[name] for name in counts}


def test_calls_have_ids_and_objects(client: httpx.Client) -> None:
    calls = chat(client, "sim-calls-2", tools=_TOOLS)["message"]["tool_calls"]
    assert [call["function"]["arguments"] for call in calls] == [{"city": "simulated"}] * 2
    assert calls[0]["id"] != calls[1]["id"]
    told = [line["message"]["tool_calls"] for line in streamed(client, "sim-calls-2", tools=_TOOLS)[:-1]]
    assert told == [calls]


@pytest.mark.parametrize(
    ("name", "more", "reason"),
    [("sim-small", {}, "stop"), ("sim-small", {"options": {"num_predict": 3}}, "length")],
)
def test_why_it_stopped(client: httpx.Client, name: str, more: dict[str, Any], reason: str) -> None:
    assert chat(client, name, **more)["done_reason"] == reason


def test_scripts_hold_for_it_too(client: httpx.Client) -> None:
    assert "exceeds the context length" in chat(client, "sim-context", 400)["error"]
    assert chat(client, "sim-error-503", 503) == {"error": "Simulated error 503."}
    assert "error" in streamed(client, "sim-error-in-stream")[-1]
    assert "done_reason" not in streamed(client, "sim-cut")[-1]
    assert "eval_count" not in chat(client, "sim-no-usage")


def test_embeddings_and_models(client: httpx.Client) -> None:
    given = client.post("/api/embed", json={"model": "sim-embed", "input": ["a", "b"], "dimensions": 8}).json()
    assert [len(vector) for vector in given["embeddings"]] == [8, 8]
    assert given["prompt_eval_count"] > 0
    one = client.post("/api/embed", json={"model": "sim-embed", "input": "a"}).json()
    assert len(one["embeddings"]) == 1
    assert "sim-small" in [model["name"] for model in client.get("/api/tags").json()["models"]]
    assert "version" in client.get("/api/version").json()
    assert client.post("/api/generate", json={}).status_code == 404
