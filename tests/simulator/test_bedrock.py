"""The simulated Bedrock: what it takes, what it refuses as the real one does, and what it answers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.eventstream import EventStreamBuffer

from control_layer.contract.aws import AccessKeys, Signer
from control_layer.simulator.bedrock.checks import signature
from control_layer.simulator.bedrock.signature import KEY_ID, SECRET

_HELLO = {"role": "user", "content": [{"text": "Use the tool get_weather, please."}]}
_TOOL = {"toolSpec": {"name": "get_weather", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
_USE = {"toolUse": {"toolUseId": "t1", "name": "get_weather", "input": {}}}
_RESULT = {"toolResult": {"toolUseId": "t1", "content": [{"text": "rain"}]}}
_UNSIGNED = {"reasoningContent": {"reasoningText": {"text": "So."}}}
_THOUGHT = {"reasoningContent": {"reasoningText": {"text": "So.", "signature": signature("So.")}}}
_PDF = {"format": "pdf", "name": "a b", "source": {"bytes": "JVBERi0="}}
_PAGE = {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}
_CITES = {"citationsContent": {"content": [{"text": "So."}], "citations": [{"location": _PAGE}]}}
_NOWHERE = {"citationsContent": {"content": [{"text": "So."}], "citations": [{"location": {}}]}}
_TOOLS = {"tools": [_TOOL]}
_THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
_POINT = {"cachePoint": {"type": "default"}}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def model(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


@pytest.fixture
def client(root: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{root}/bedrock", headers={"authorization": "Bearer key"}, timeout=15) as client:
        yield client


def refused(client: httpx.Client, **body: Any) -> str:
    answer = client.post("/model/sim-small/converse", json={"messages": [_HELLO], **body})
    assert answer.status_code == 400, answer.text
    assert list(answer.json()) == ["message"]
    return str(answer.json()["message"])


def signed(client: httpx.Client, keys: AccessKeys, now: float, **changes: str) -> httpx.Response:
    body = json.dumps({"messages": [_HELLO]}).encode()
    url = client.base_url.join("model/sim-small/converse")
    headers = dict(Signer(keys, "eu-west-1").headers("POST", str(url), body, now)) | changes
    return client.post(url, content=body, headers={"content-type": "application/json", **headers})


def test_who_asks_must_sign_or_have_an_api_key(client: httpx.Client) -> None:
    ours = AccessKeys(KEY_ID, SECRET, None)
    assert signed(client, ours, time.time()).status_code == 200
    assert signed(client, AccessKeys(KEY_ID, SECRET, "token"), time.time()).status_code == 200
    unsigned = client.post("/model/sim-small/converse", json={"messages": [_HELLO]}, headers={"authorization": ""})
    stale = signed(client, ours, time.time() - 400)
    altered = signed(client, ours, time.time(), **{"x-amz-date": "20260101T000000Z"})
    added = signed(client, ours, time.time(), **{"x-amz-security-token": "more"})
    forged = signed(client, AccessKeys(KEY_ID, SECRET[:-1] + "1", None), time.time())
    stranger = signed(client, AccessKeys("AKIANOBODY0000000000", SECRET, None), time.time())
    other = client.get("/foundation-models", headers={"authorization": "Bearer other"})
    for answer in (unsigned, stale, altered, added, forged, stranger, other):
        assert answer.status_code == 403, answer.text
    assert "expired" in stale.json()["message"]
    assert "does not match" in forged.json()["message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"messages": []}, "must start with a user message"),
        ({"messages": [model({"text": "Hi."})]}, "must start with a user message"),
        ({"messages": [_HELLO, _HELLO]}, "must alternate"),
        ({"messages": [user()]}, "is empty"),
        ({"messages": [user({"text": " "})]}, "is blank"),
        ({"messages": [user({"text": "a", **_POINT})]}, "exactly one member"),
        ({"messages": [user({"text": "a"}, _USE)], "toolConfig": _TOOLS}, "cannot have a tool_use block"),
        ({"messages": [_HELLO, model(_RESULT)], "toolConfig": _TOOLS}, "cannot have a tool_result block"),
        ({"messages": [_HELLO, model(_USE), user(_RESULT)]}, "toolConfig field must be defined"),
        ({"messages": [_HELLO, model(_USE), user({"text": "a"})], "toolConfig": _TOOLS}, "Expected toolResult"),
        ({"messages": [_HELLO, model(_USE)], "toolConfig": _TOOLS}, "Expected toolResult"),
        ({"messages": [user(_RESULT)], "toolConfig": _TOOLS}, "exceeds the number"),
        ({"messages": [_HELLO, model(_USE), user({"text": "a"}, _RESULT)], "toolConfig": _TOOLS}, "must come first"),
        ({"messages": [_HELLO, model({"text": "Hi. "})]}, "trailing whitespace"),
        ({"messages": [_HELLO, model(_UNSIGNED)]}, "Invalid `signature`"),
        ({"messages": [user(_CITES)]}, "cannot have a citations_content block"),
        ({"messages": [_HELLO, model(_NOWHERE), _HELLO]}, "exactly one member"),
        ({"messages": [user({"document": _PDF}, {"document": _PDF})]}, "Duplicate document names"),
        ({"messages": [user({"document": _PDF | {"name": "a.pdf"}})]}, "A document's name"),
        ({"messages": [user({"document": _PDF})]}, "A text block must be included"),
        ({"messages": [user({"image": {"format": "png", "source": {"bytes": "!"}}})]}, "Invalid bytes"),
        ({"messages": [user(*[{"text": "a"}, _POINT] * 5)]}, "maximum of 4 cache points"),
        ({"model": "sim-small"}, "#/model: extraneous key"),
        ({"inferenceConfig": {"maxTokens": 0}}, "maxTokens"),
        ({"inferenceConfig": {"temperature": 1.5}}, "temperature"),
        ({"inferenceConfig": {"stopSequences": [" "]}}, "non-whitespace"),
        ({"toolConfig": {"tools": []}}, "one tool at least"),
        ({"toolConfig": {"tools": [_TOOL, _TOOL]}}, "must be unique"),
        ({"toolConfig": {**_TOOLS, "toolChoice": {"tool": {"name": "other"}}}}, "toolChoice.tool"),
        ({"additionalModelRequestFields": {"seed": 7}}, "Extra inputs"),
        ({"toolConfig": {**_TOOLS, "toolChoice": {"any": {}}},
          "additionalModelRequestFields": {"tool_choice": {"type": "any"}}}, "conflicts"),
        ({"additionalModelRequestFields": _THINKING, "inferenceConfig": {"maxTokens": 1024}}, "must be greater"),
        ({"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1}}}, "1024"),
        ({"additionalModelRequestFields": {**_THINKING, "top_k": 5}}, "top_k"),
        ({"additionalModelRequestFields": {"reasoningConfig": {"type": "enabled"}}}, "reasoning config"),
        ({"additionalModelRequestFields": {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}},
          "inferenceConfig": {"maxTokens": 9}}, "must be unset"),
        ({"additionalModelResponseFieldPaths": ["stop"]}, "JSON Pointer"),
    ],
)  # fmt: skip
def test_what_converse_refuses(client: httpx.Client, body: dict[str, Any], words: str) -> None:
    assert words in refused(client, **body)


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("amazon.titan-embed-text-v1", {"inputText": "a", "dimensions": 256}, "#/dimensions: extraneous key"),
        ("amazon.titan-embed-text-v2:0", {"inputText": "a", "dimensions": 300}, "#/dimensions"),
        ("amazon.titan-embed-text-v2:0", {"inputText": ""}, "minLength"),
        ("amazon.titan-embed-text-v2:0", {}, "#/inputText: required key"),
        ("cohere.embed-english-v3", {"texts": ["a"]}, "#/input_type: required key"),
        ("cohere.embed-english-v3", {"texts": ["a"] * 97, "input_type": "search_query"}, "maximum item count"),
        ("cohere.embed-english-v3", {"texts": ["a" * 2049], "input_type": "search_query"}, "maxLength"),
        ("cohere.embed-v4:0", {"texts": ["a"], "input_type": "search_query", "truncate": "START"}, "#/truncate"),
        ("sim-small", {"inputText": "a"}, "is not simulated"),
    ],
)
def test_what_models_of_vectors_refuse(client: httpx.Client, name: str, body: dict[str, Any], words: str) -> None:
    answer = client.post(f"/model/{name}/invoke", json=body)
    assert answer.status_code == 400
    assert words in answer.json()["message"]
    assert answer.headers["x-amzn-errortype"].startswith("ValidationException:")


def test_other_paths_and_bodies_are_refused(client: httpx.Client) -> None:
    assert client.post("/model/sim-small/invoke-other", json={}).status_code == 404
    assert client.post("/model/sim-small/converse", content=b"{", headers={"content-type": "application/json"}).is_error
    assert client.post("/model/sim-small/converse", content=b"{}").status_code == 415


def test_whole_and_streamed_it_says_the_same(client: httpx.Client) -> None:
    body = {
        "messages": [_HELLO, model(_THOUGHT, _USE), user(_RESULT, _POINT)], "toolConfig": _TOOLS,
        "additionalModelRequestFields": _THINKING,
    }  # fmt: skip
    whole = client.post("/model/sim-small/converse", json=body)
    assert whole.status_code == 200, whole.text
    assert whole.headers["x-amzn-requestid"]
    streamed = client.post("/model/sim-small/converse-stream", json=body)
    assert streamed.headers["content-type"] == "application/vnd.amazon.eventstream"
    buffer = EventStreamBuffer()
    buffer.add_data(streamed.content)
    events = [(event.headers[":event-type"], json.loads(event.payload)) for event in buffer]
    assert [name for name, _ in events[:2]] == ["messageStart", "contentBlockDelta"]
    assert [name for name, _ in events[-2:]] == ["messageStop", "metadata"]
    deltas = [event["delta"] for name, event in events if name == "contentBlockDelta"]
    content = whole.json()["output"]["message"]["content"]
    assert "".join(delta.get("text", "") for delta in deltas) == content[1]["text"]
    thought = content[0]["reasoningContent"]["reasoningText"]["text"]
    assert "".join(delta.get("reasoningContent", {}).get("text", "") for delta in deltas) == thought
    assert events[-1][1]["usage"] == whole.json()["usage"]
    assert whole.json()["usage"]["cacheReadInputTokens"] > 0


def test_profiles_come_in_pages(client: httpx.Client) -> None:
    page = client.get("/inference-profiles", params={"maxResults": 2}).json()
    rest = client.get("/inference-profiles", params={"maxResults": 2, "nextToken": page["nextToken"]}).json()
    assert (len(page["inferenceProfileSummaries"]), len(rest["inferenceProfileSummaries"])) == (2, 1)
    assert "nextToken" not in rest
    assert client.get("/inference-profiles", params={"maxResults": 0}).status_code == 400
