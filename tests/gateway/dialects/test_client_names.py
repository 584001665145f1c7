"""What a provider cannot be told is named as the client names it, and where the client said it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.client_names import Place, names_in
from control_layer.gateway.dialects.dialect import ClientDialect, ProviderDialect, Unsupported
from control_layer.gateway.dialects.openai_chat import OPENAI_CHAT
from control_layer.gateway.dialects.openai_responses import OPENAI_RESPONSES

_AT_URL = {"type": "document", "source": {"type": "url", "url": "https://example.org/a.pdf"}}
_RESULT = {"type": "tool_result", "tool_use_id": "t", "content": [_AT_URL]}
_TEXT = {"type": "text", "text": "x"}
_SOUND = {"type": "input_audio", "input_audio": {"data": "eA==", "format": "wav"}}
_CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
_OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "x"}
_STRICT = {"type": "object", "additionalProperties": True}


def refused(client: ClientDialect, provider: ProviderDialect, **fields: Any) -> str:
    body = msgspec.json.encode({"model": "m", **fields})
    with pytest.raises(Unsupported) as refusal:
        provider.write_request(client.read_request(body), "claude-sonnet-4-6", lenient=False)
    (name,) = client.names_of((refusal.value.parameter,), body)
    return name


def dropped(client: ClientDialect, provider: ProviderDialect, model: str, **fields: Any) -> list[str]:
    body = msgspec.json.encode({"model": "m", **fields})
    outgoing = provider.write_request(client.read_request(body), model, lenient=True)
    return [*client.names_of(outgoing.dropped, body)]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"messages": [{"role": "user", "content": [_TEXT, _AT_URL]}]}, "messages[0].content[1]"),
        ({"system": "s", "messages": [{"role": "user", "content": [_AT_URL]}]}, "messages[0].content[0]"),
        (
            {"system": [_TEXT, _TEXT], "messages": [{"role": "user", "content": "x"},
             {"role": "user", "content": [_TEXT, _RESULT | {"content": "x"}, _TEXT, _AT_URL]}]},
            "messages[1].content[3]",
        ),
        ({"messages": [{"role": "user", "content": [_TEXT, _RESULT]}]}, "messages[0].content[1]"),
        ({"messages": [{"role": "user", "content": "x"}], "top_k": 3}, "top_k"),
        ({"messages": [{"role": "user", "content": "x"}], "container": "c"}, "container"),
    ],
)  # fmt: skip
def test_of_the_messages_api(fields: dict[str, Any], name: str) -> None:
    assert refused(ANTHROPIC, OPENAI_CHAT, max_tokens=9, **fields) == name


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"input": [{"role": "user", "content": [_SOUND]}]}, "input[0].content[0]"),
        (
            {"instructions": "i", "input": [_CALL, _CALL, _OUTPUT, {"role": "user", "content": "x"},
             {"role": "user", "content": [{"type": "input_text", "text": "x"}, _SOUND]}]},
            "input[4].content[1]",
        ),
        (
            {"input": [_CALL, {"type": "image_generation_call", "result": "eA=="}, {"role": "user", "content": "x"}]},
            "input[1]",
        ),
        ({"input": "x", "text": {"format": {"type": "json_schema", "name": "n", "schema": _STRICT}}}, "text.format"),
        ({"input": "x", "top_logprobs": 2}, "top_logprobs"),
        ({"input": "x", "service_tier": "flex"}, "service_tier"),
    ],
)  # fmt: skip
def test_of_the_responses_api(fields: dict[str, Any], name: str) -> None:
    assert refused(OPENAI_RESPONSES, ANTHROPIC, **fields) == name


def test_what_is_left_out() -> None:
    tool = {"type": "function", "name": "f", "parameters": _STRICT, "strict": True}
    asked: dict[str, Any] = {"input": "x", "tools": [tool, tool], "reasoning": {"effort": "none"}}
    names = dropped(OPENAI_RESPONSES, ANTHROPIC, "claude-fable-5-1", **asked)
    assert names == ["reasoning.effort", "tools[0].strict", "tools[1].strict"]
    asked = {"max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    assert dropped(ANTHROPIC, OPENAI_CHAT, "gpt-4o", **asked, output_config={"effort": "low"}) == [
        "output_config.effort"
    ]
    assert dropped(ANTHROPIC, OPENAI_CHAT, "gpt-4o", **asked, thinking={"type": "adaptive"}) == []
    budget = {"type": "enabled", "budget_tokens": 2000}
    assert dropped(ANTHROPIC, OPENAI_CHAT, "gpt-4o", **asked, thinking=budget) == ["thinking"]


def test_of_chat_completions_they_are_the_clients_own() -> None:
    asked = {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": [_SOUND]}]}
    assert refused(OPENAI_CHAT, ANTHROPIC, **asked) == "messages[1].content[0]"


@pytest.mark.parametrize("client", [ANTHROPIC, OPENAI_RESPONSES])
def test_a_place_that_is_not_there_stays(client: ClientDialect) -> None:
    body = b'{"max_tokens":1,"messages":[],"input":[]}'
    assert client.names_of(("messages[3].content[1]",), body) == ("messages[3].content[1]",)


def test_however_many_are_named_the_request_is_read_once() -> None:
    read: list[str] = []

    def places() -> list[Place]:
        read.append("once")
        return [Place("system", ("system",)), Place("messages[0]", ("messages[0].content",))]

    asked = ["messages[0].content[0].x", "n", "tools[2].function.strict", "messages[1].name", "messages[1].content[0]"]
    assert names_in(asked[1:3], {"n": "count"}, places) == ("count", "tools[2].strict")
    assert not read
    named = ("system.x", "count", "tools[2].strict", "messages[0].name", "messages[0].content")
    assert names_in(asked, {"n": "count"}, places) == named
    assert read == ["once"]


def test_a_text_is_named_where_no_block_is() -> None:
    body = msgspec.json.encode({"max_tokens": 1, "system": "s", "messages": [{"role": "user", "content": "x"}]})
    asked = ("messages[0].content[0]", "messages[1].content[0]", "messages[1]")
    assert ANTHROPIC.names_of(asked, body) == ("system", "messages[0].content", "messages[0]")
    body = msgspec.json.encode({"instructions": "i", "input": [{"role": "user", "content": "x"}]})
    assert OPENAI_RESPONSES.names_of(asked, body) == ("instructions", "input[0]", "input[0]")
