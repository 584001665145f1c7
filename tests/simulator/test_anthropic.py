"""The simulated Anthropic API: what it takes, what it refuses as the real one does, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from control_layer.simulator.anthropic.checks import signature

_NEWER, _OLDER = "2026-10-21", "2023-06-01"
_USER = {"role": "user", "content": "Use the tool get_weather, please."}
_TOOL = {"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
_USE = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Oslo"}}
_RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "rain"}]}
_THOUGHT = {"type": "thinking", "thinking": "So.", "signature": signature("So.")}
_KEPT = {"type": "ephemeral"}
_THINKING = {"type": "enabled", "budget_tokens": 1024}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


@pytest.fixture
def client(root: str) -> Iterator[httpx.Client]:
    headers = {"x-api-key": "key", "anthropic-version": _NEWER}
    with httpx.Client(base_url=f"{root}/anthropic/v1", headers=headers, timeout=15) as client:
        yield client


def body(**more: Any) -> dict[str, Any]:
    return {"model": "sim-small", "max_tokens": 4000, "messages": [_USER], **more}


def refused(client: httpx.Client, version: str = _NEWER, **more: Any) -> str:
    fields = {name: value for name, value in body(**more).items() if value is not None}
    answer = client.post("/messages", json=fields, headers={"anthropic-version": version})
    assert answer.status_code == 400, answer.text
    error = answer.json()
    assert (error["type"], error["request_id"]) == ("error", answer.headers["request-id"])
    return str(error["error"]["message"])


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"anthropic-version": _NEWER}, 401, "authentication_error"),
        ({"anthropic-version": _NEWER, "x-api-key": "other"}, 401, "authentication_error"),
        ({"x-api-key": "key"}, 400, "invalid_request_error"),
        ({"anthropic-version": "2024-01-01", "x-api-key": "key"}, 400, "invalid_request_error"),
        ({"anthropic-version": _OLDER, "authorization": "Bearer key"}, 200, None),
        ({"anthropic-version": _NEWER, "authorization": "Bearer other", "x-api-key": "key"}, 200, None),
    ],
)
def test_who_asks_and_in_which_version(root: str, headers: dict[str, str], status: int, kind: str | None) -> None:
    answer = httpx.post(f"{root}/anthropic/v1/messages", json=body(), headers=headers)
    assert answer.status_code == status
    assert kind is None or answer.json()["error"]["type"] == kind


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"max_tokens": "9"}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": -1}, "max_tokens: Input should be greater"),
        ({"n": 1}, "n: Extra inputs are not permitted"),
        ({"stream_options": {}}, "stream_options: Extra inputs are not permitted"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": "x", "name": "n"}]}, "messages.0.name: Extra inputs"),
        ({"messages": [{"role": "user", "content": ""}]}, "all messages must have non-empty content"),
        ({"messages": [user({"type": "text", "text": ""})]}, "text content blocks must be non-empty"),
        ({"messages": [user({"type": "image_url", "image_url": "u"})]}, "messages.0.content"),
        ({"messages": [_USER, {"role": "assistant", "content": "Well "}]}, "trailing whitespace"),
        ({"messages": [_USER, assistant(_USE)]}, "without `tool_result` blocks"),
        ({"messages": [_USER, assistant(_USE), _USER]}, "without `tool_result` blocks immediately after: toolu_1"),
        ({"messages": [user(_RESULT)]}, "unexpected `tool_use_id`"),
        ({"messages": [_USER, assistant(_USE), user({"type": "text", "text": "x"}, _RESULT)]}, "must come first"),
        ({"messages": [_USER, assistant(_USE, _USE), user(_RESULT)]}, "ids must be unique"),
        ({"messages": [user(_USE)]}, "`tool_use` blocks are not allowed in user messages"),
        ({"messages": [_USER, assistant({**_THOUGHT, "signature": "x"}), _USER]}, "Invalid `signature`"),
        ({"messages": [_USER, assistant({"type": "thinking", "thinking": "x"})]}, "signature"),
        ({"tools": [{"name": "f"}]}, "tools.0.custom.input_schema: Field required"),
        ({"tools": [{**_TOOL, "parameters": {}}]}, "tools.0.custom.parameters: Extra inputs"),
        ({"tools": [{**_TOOL, "name": "get weather"}]}, "tools.0.custom.name"),
        ({"tools": [_TOOL, _TOOL]}, "Tool names must be unique"),
        ({"tools": [{**_TOOL, "input_schema": {}}]}, "input_schema.type"),
        ({"tool_choice": {"type": "any"}}, "only be specified while providing `tools`"),
        ({"tools": [_TOOL], "tool_choice": {"type": "tool", "name": "f"}}, "Tool 'f' not found"),
        ({"tools": [_TOOL], "tool_choice": "auto"}, "tool_choice"),
        ({"thinking": {"type": "enabled", "budget_tokens": 512}}, "greater than or equal to 1024"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4000}}, "`max_tokens` must be greater"),
        ({"thinking": _THINKING, "tools": [_TOOL], "tool_choice": {"type": "any"}}, "Thinking may not be enabled"),
        ({"stop_sequences": [" "]}, "non-whitespace"),
        (
            {"system": [{"type": "text", "text": "s", "cache_control": _KEPT}] * 5},
            "maximum of 4 blocks",
        ),
        (
            {"messages": [_USER, assistant(_USE), user(_RESULT)], "thinking": _THINKING},
            "must start with a thinking block",
        ),
    ],
)
def test_it_refuses_what_the_real_one_refuses(client: httpx.Client, more: dict[str, Any], told: str) -> None:
    for version in (_OLDER, _NEWER):
        assert told in refused(client, version=version, **more)


def test_the_newer_version_takes_no_sampling_parameters(client: httpx.Client) -> None:
    for more in ({"temperature": 1.0}, {"top_p": 1.0}, {"top_k": 1}):
        assert refused(client, _NEWER, **more) == f"{next(iter(more))}: Extra inputs are not permitted"
        fields = body(**more)
        assert client.post("/messages", json=fields, headers={"anthropic-version": _OLDER}).status_code == 200
    document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "d"}}
    assert "not permitted in assistant" in refused(client, messages=[_USER, assistant(document), _USER])
    cited = {"type": "text", "text": "t", "citations": [{"type": "char_location"}]}
    assert "citations are not permitted" in refused(client, messages=[user(cited)])
    assert "may only be set to 1" in refused(client, version=_OLDER, temperature=0.5, thinking=_THINKING)


def test_a_beta_is_for_those_who_name_it(client: httpx.Client) -> None:
    assert "context_management: Extra inputs" in refused(client, context_management={"edits": []})
    named = {"anthropic-version": _NEWER, "anthropic-beta": "other-2025-01-01,context-management-2025-06-27"}
    answer = client.post("/messages", json=body(context_management={"edits": []}), headers=named)
    assert answer.status_code == 200


def test_turns_of_one_role_are_one_and_results_follow_their_calls(client: httpx.Client) -> None:
    second = {**_USE, "id": "toolu_2"}
    messages = [
        _USER, _USER, assistant(_THOUGHT, _USE, second), user(_RESULT),
        user({**_RESULT, "tool_use_id": "toolu_2"}, {"type": "text", "text": "Go on."}),
    ]  # fmt: skip
    answer = client.post("/messages", json=body(messages=messages, tools=[_TOOL], thinking=_THINKING))
    assert answer.status_code == 200, answer.text
    assert [block["type"] for block in answer.json()["content"]] == ["thinking", "text"]


def _events(answer: httpx.Response) -> list[dict[str, Any]]:
    events = []
    for block in answer.text.split("\n\n")[:-1]:
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    return events


def test_a_stream_has_the_whole_sequence(client: httpx.Client) -> None:
    asked = body(model="sim-calls-2", tools=[_TOOL], thinking=_THINKING)
    whole = client.post("/messages", json=asked).json()
    events = _events(client.post("/messages", json={**asked, "stream": True}))
    assert [events[0]["type"], events[-2]["type"], events[-1]["type"]] == [
        "message_start", "message_delta", "message_stop",
    ]  # fmt: skip
    assert (events[0]["message"]["content"], events[0]["message"]["stop_reason"]) == ([], None)
    begun = [event["index"] for event in events if event["type"] == "content_block_start"]
    ended = [event["index"] for event in events if event["type"] == "content_block_stop"]
    assert begun == ended == [0, 1, 2]
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert "".join(delta.get("thinking", "") for delta in deltas) == whole["content"][0]["thinking"]
    assert [delta["signature"] for delta in deltas if "signature" in delta] == [whole["content"][0]["signature"]]
    arguments = "".join(delta["partial_json"] for delta in deltas if "partial_json" in delta)
    assert arguments == json.dumps({"city": "simulated"}) * 2
    assert whole["stop_reason"] == events[-2]["delta"]["stop_reason"] == "tool_use"
    assert events[-2]["usage"]["output_tokens"] == whole["usage"]["output_tokens"]
    assert events[0]["message"]["usage"]["input_tokens"] == whole["usage"]["input_tokens"]


def test_what_is_kept_is_counted(client: httpx.Client) -> None:
    plain = client.post("/messages", json=body()).json()["usage"]
    assert (plain["cache_read_input_tokens"], plain["cache_creation_input_tokens"]) == (0, 0)
    system = [{"type": "text", "text": "s" * 400, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    usage = client.post("/messages", json=body(system=system)).json()["usage"]
    assert usage["cache_read_input_tokens"] > 0
    assert usage["cache_creation"]["ephemeral_1h_input_tokens"] == usage["cache_creation_input_tokens"] > 0
    counted = client.post("/messages/count_tokens", json={"model": "m", "messages": [_USER], "system": system})
    parts = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    assert counted.json()["input_tokens"] == sum(usage[part] for part in parts)


@pytest.mark.parametrize(
    ("more", "reason", "sequence"),
    [
        ({}, "end_turn", None),
        ({"max_tokens": 3}, "max_tokens", None),
        ({"stop_sequences": ["never", "answer"]}, "stop_sequence", "answer"),
        ({"tools": [_TOOL]}, "tool_use", None),
        ({"tools": [_TOOL], "tool_choice": {"type": "none"}}, "end_turn", None),
        ({"model": "sim-filtered-late"}, "refusal", None),
    ],
)
def test_why_it_stopped(client: httpx.Client, more: dict[str, Any], reason: str, sequence: str | None) -> None:
    answer = client.post("/messages", json=body(**more)).json()
    assert (answer["stop_reason"], answer["stop_sequence"]) == (reason, sequence)


def test_structured_output_and_shown_or_hidden_thoughts(client: httpx.Client) -> None:
    form = {"type": "json_schema", "schema": {"type": "object", "properties": {"days": {"type": "integer"}}}}
    answer = client.post("/messages", json=body(output_config={"format": form})).json()
    assert json.loads(answer["content"][0]["text"]) == {"days": 1}
    adaptive = {"type": "adaptive", "display": "omitted"}
    answer = client.post("/messages", json=body(thinking=adaptive)).json()
    assert (answer["content"][0]["thinking"], answer["content"][0]["signature"]) == ("", signature(""))


@pytest.mark.parametrize(
    ("model", "status", "kind"),
    [
        ("sim-error-429", 429, "rate_limit_error"),
        ("sim-error-529", 529, "overloaded_error"),
        ("sim-error-500", 500, "api_error"),
        ("sim-error-404", 404, "not_found_error"),
        ("sim-context", 400, "invalid_request_error"),
    ],
)
def test_scripted_errors_have_its_shape(client: httpx.Client, model: str, status: int, kind: str) -> None:
    answer = client.post("/messages", json=body(model=model))
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, kind)


def test_scripted_streams_break_as_they_should(client: httpx.Client) -> None:
    def streamed(model: str) -> list[dict[str, Any]]:
        return _events(client.post("/messages", json=body(model=model, stream=True)))

    assert streamed("sim-error-in-stream")[-1]["error"]["type"] == "overloaded_error"
    assert streamed("sim-error-first")[0]["type"] == "error"
    assert "message_stop" not in [event["type"] for event in streamed("sim-cut")]
    assert streamed("sim-no-done")[-1]["type"] == "message_delta"


def test_models_come_in_pages(client: httpx.Client) -> None:
    whole = client.get("/models").json()["data"]
    names: list[str] = []
    page = client.get("/models?limit=3").json()
    while True:
        names += [model["id"] for model in page["data"]]
        if not page["has_more"]:
            break
        page = client.get("/models", params={"limit": 3, "after_id": page["last_id"]}).json()
    assert names == [model["id"] for model in whole]
    back = client.get("/models", params={"limit": 2, "before_id": names[3]}).json()
    assert ([model["id"] for model in back["data"]], back["has_more"]) == (names[1:3], True)
    assert client.get("/models/sim-small").json()["display_name"] == "Simulated sim-small"
    assert client.get("/models?limit=1001").status_code == 400
    assert client.get("/nowhere").json()["error"]["type"] == "not_found_error"
