"""Vertex AI's dialects: whose a model is, what differs from Google's and Anthropic's own APIs, and errors of both."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.dialects.gemini_requests import said
from tests.gateway.dialects.transcripts import Scenario, scenarios

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.conversation import Conversation, Message, Text, Tool, ToolCall, ToolResult
from control_layer.gateway.dialects.dialect import UnreadableAnswer, Unsupported
from control_layer.gateway.dialects.embeddings import EmbeddingsAsked
from control_layer.gateway.dialects.vertex import (
    VERTEX_CLAUDE,
    VERTEX_GEMINI,
    handed_count,
    handed_messages,
    publisher_of,
)
from control_layer.gateway.dialects.vertex.models import method_path

_GOOGLES = "/v1/publishers/google/models"
_ANTHROPICS = "/v1/publishers/anthropic/models"
_ASKED = Conversation(messages=(said("user", "Hello"),))
_TWO = (
    b'{"predictions":[{"embeddings":{"values":[1,0.5],"statistics":{"token_count":2}}},'
    b'{"embeddings":{"values":[2,1],"statistics":{"token_count":3.0}}}]}'
)
_WEATHER = Tool("get_weather", "The weather.", msgspec.Raw(b'{"type":"object"}'))


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-2.5-pro", f"{_GOOGLES}/gemini-2.5-pro:m"),
        ("google/gemini-2.5-pro", f"{_GOOGLES}/gemini-2.5-pro:m"),
        ("models/gemini-2.5-pro", f"{_GOOGLES}/gemini-2.5-pro:m"),
        ("publishers/google/models/gemini-2.5-pro", f"{_GOOGLES}/gemini-2.5-pro:m"),
        ("text-embedding-005", f"{_GOOGLES}/text-embedding-005:m"),
        ("claude-sonnet-4-6", f"{_ANTHROPICS}/claude-sonnet-4-6:m"),
        ("anthropic/claude-haiku-4-5@20251001", f"{_ANTHROPICS}/claude-haiku-4-5@20251001:m"),
        ("publishers/anthropic/models/claude-opus-4-7", f"{_ANTHROPICS}/claude-opus-4-7:m"),
        ("endpoints/123", "/v1/endpoints/123:m"),
        ("odd name?#:x", f"{_GOOGLES}/odd%20name%3F%23%3Ax:m"),
    ],
)
def test_a_model_is_asked_where_its_publisher_has_it(model: str, path: str) -> None:
    assert method_path(model, "m") == path


@pytest.mark.parametrize("model", ["mistralai/mistral-medium", "publishers/meta/models/llama-4"])
def test_other_publishers_are_elsewhere(model: str) -> None:
    with pytest.raises(Unsupported, match="OpenAI-compatible"):
        publisher_of(model)


@given(st.text())
def test_no_name_leads_out_of_its_place(name: str) -> None:
    try:
        path = method_path(name, "m")
    except Unsupported:
        return
    assert path.startswith(("/v1/publishers/google/models/", "/v1/publishers/anthropic/models/", "/v1/endpoints/"))
    assert path.count("/") <= 5
    assert path.isprintable()
    assert not {" ", "?", "#"} & set(path)


def test_results_of_gemini_are_told_by_their_order() -> None:
    calls = (ToolCall("a", "get_weather", "{}"), ToolCall("b", "get_weather", "{}"))
    results = (ToolResult("b", (Text("two"),)), ToolResult("a", (Text("one"),)))
    history = (said("user", "Hello"), Message("assistant", calls), Message("tool", results))
    asked = Conversation(messages=history, tools=(_WEATHER,))
    body = msgspec.json.decode(VERTEX_GEMINI.write_request(asked, "gemini-3-pro", lenient=False).body)
    given = [part["functionResponse"] for part in body["contents"][-1]["parts"]]
    assert [each["response"]["output"] for each in given] == ["one", "two"]
    assert b'"id"' not in msgspec.json.encode(body)


@pytest.mark.parametrize(
    ("tier", "headers"),
    [
        (None, ()),
        ("auto", ()),
        ("default", ()),
        (
            "flex",
            ((b"x-vertex-ai-llm-request-type", b"shared"), (b"x-vertex-ai-llm-shared-request-type", b"flex")),
        ),
    ],
)
def test_tiers_of_gemini_are_said_in_the_head(tier: str | None, headers: tuple[Any, ...]) -> None:
    asked = msgspec.structs.replace(_ASKED, service_tier=tier)
    outgoing = VERTEX_GEMINI.write_request(asked, "gemini-3-pro", lenient=False)
    assert outgoing.headers == headers
    assert b"ier" not in outgoing.body


@pytest.mark.parametrize("stream", [False, True])
def test_claudes_version_is_in_the_body_and_its_model_in_the_path(stream: bool) -> None:
    asked = msgspec.structs.replace(_ASKED, stream=stream)
    outgoing = VERTEX_CLAUDE.write_request(asked, "anthropic/claude-sonnet-4-6", lenient=False)
    body = msgspec.json.decode(outgoing.body)
    assert outgoing.path == f"{_ANTHROPICS}/claude-sonnet-4-6:" + ("streamRawPredict" if stream else "rawPredict")
    assert outgoing.headers == ()
    assert (body["anthropic_version"], "model" in body, body.get("stream", False)) == (
        "vertex-2023-10-16", False, stream,
    )  # fmt: skip


def test_a_clients_own_message_keeps_all_that_it_says() -> None:
    said_by_client = {"model": "alias", "max_tokens": 5, "new": {"x": [1.50, None]}, "anthropic_version": "mine"}
    outgoing = handed_messages(msgspec.json.encode(said_by_client), "claude-opus-4-7")
    assert outgoing.path == f"{_ANTHROPICS}/claude-opus-4-7:rawPredict"
    assert msgspec.json.decode(outgoing.body) == {
        "anthropic_version": "vertex-2023-10-16", "max_tokens": 5, "new": {"x": [1.5, None]},
    }  # fmt: skip
    counted = handed_count(msgspec.json.encode(said_by_client), "anthropic/claude-opus-4-7")
    assert counted.path == f"{_ANTHROPICS}/count-tokens:rawPredict"
    assert msgspec.json.decode(counted.body)["model"] == "claude-opus-4-7"


@pytest.mark.parametrize(
    "scenario", scenarios("vertex_claude", "request.json", "handed.json"), ids=lambda scenario: scenario.name
)
def test_a_clients_own_message_is_handed_on(scenario: Scenario) -> None:
    outgoing = handed_messages(scenario.bytes("request.json"), "claude-opus-4-8")
    body = msgspec.json.decode(outgoing.body)
    assert body == scenario.json("handed.json")
    method = "streamRawPredict" if body.get("stream") else "rawPredict"
    assert outgoing.path == f"{_ANTHROPICS}/claude-opus-4-8:{method}"


def test_vectors_of_both_methods() -> None:
    one = EmbeddingsAsked(texts=("a",), dimensions=3)
    predict = VERTEX_GEMINI.write_embeddings(one, "text-embedding-005", lenient=False)
    assert (predict.path, predict.body) == (
        f"{_GOOGLES}/text-embedding-005:predict",
        b'{"instances":[{"content":"a"}],"parameters":{"autoTruncate":false,"outputDimensionality":3}}',
    )
    embed = VERTEX_GEMINI.write_embeddings(one, "google/gemini-embedding-2", lenient=False)
    assert embed.path == f"{_GOOGLES}/gemini-embedding-2:embedContent"
    assert msgspec.json.decode(embed.body)["content"]["parts"] == [{"text": "a"}]
    assert msgspec.json.decode(embed.body)["autoTruncate"] is False
    with pytest.raises(Unsupported, match="one text"):
        VERTEX_GEMINI.write_embeddings(EmbeddingsAsked(texts=("a", "b")), "gemini-embedding-001", lenient=True)
    with pytest.raises(Unsupported, match="nothing like"):
        VERTEX_GEMINI.write_embeddings(
            EmbeddingsAsked(texts=("a",), others={"x": msgspec.Raw(b"1")}), "text-embedding-005", lenient=False
        )


@pytest.mark.parametrize(
    ("body", "vectors", "tokens"),
    [
        (_TWO, ((1.0, 0.5), (2.0, 1.0)), Tokens(5, None, source="provider")),
        (b'{"predictions":[{"embeddings":{"values":[1]}}]}', ((1.0,),), None),
        (
            b'{"embedding":{"values":[1]},"usageMetadata":{"promptTokenCount":4},"truncated":false}',
            ((1.0,),),
            Tokens(4, None, source="provider"),
        ),
    ],
)
def test_vectors_are_read(body: bytes, vectors: Any, tokens: Tokens | None) -> None:
    given = VERTEX_GEMINI.read_embeddings(body)
    assert (given.vectors, given.tokens) == (vectors, tokens)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"predictions":[{}]}', b'{"embedding":{"values":["x"]}}'])
def test_what_has_no_vectors_is_told_so(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        VERTEX_GEMINI.read_embeddings(body)


def test_errors_of_claude_are_anthropics_or_googles() -> None:
    own = b'{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long"},"request_id":"r"}'
    assert VERTEX_CLAUDE.read_error(400, own).code == "context_length_exceeded"
    googles = b'{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}'
    for body in (googles, b"[%b]" % googles):
        assert VERTEX_CLAUDE.read_error(429, body).code == "rate_limit_exceeded"
    assert VERTEX_CLAUDE.read_error(502, b"<html>").message
