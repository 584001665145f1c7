"""The official SDKs' own helpers, which put streams together, on providers that do not speak their language: what they
end with is the answer that the client would have had whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from anthropic import Anthropic
from bench.processes import GatewayProcess
from openai import OpenAI
from pydantic import BaseModel

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
_FUNCTION: dict[str, Any] = {"name": "get_weather", "description": "Tells the weather.", "parameters": SCHEMA}
_SAY = "Say something."
_CALL = "Use the tool get_weather, please."
_OF_ONE_ANSWER = frozenset(("id", "created", "created_at", "completed_at", "call_id", "tool_call_id", "item_id"))
"""What differs from answer to answer."""
_OF_HELPERS = frozenset(("index", "parsed", "parsed_arguments", "parsed_output", "system_fingerprint"))
"""What the helpers put beside what was said."""
_DROPPED = "x-control-layer-dropped-parameters"
ASKED = [("small", _SAY), ("small", _CALL), ("calls-2", _CALL), ("reasoning", _SAY), ("reasoning", _CALL)]
each_question = pytest.mark.parametrize(("behaviour", "prompt"), ASKED)


class City(BaseModel):
    """What a structured answer is parsed into."""

    city: str


@pytest.fixture
def client(crossed: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(base_url=crossed.base_url, api_key=crossed.secret, max_retries=0, timeout=15) as client:
        yield client


@pytest.fixture
def claude(crossed: GatewayProcess) -> Iterator[Anthropic]:
    base_url = crossed.base_url.removesuffix("/v1")
    with Anthropic(base_url=base_url, api_key=crossed.secret, max_retries=0, timeout=15) as client:
        yield client


def said(answer: Any) -> Any:
    """An answer without what is of one answer only, and what is null or empty."""
    value = answer.to_dict() if hasattr(answer, "to_dict") else answer
    if isinstance(value, list):
        return [said(item) for item in value]
    if not isinstance(value, dict):
        return value
    told = {name: said(inner) for name, inner in value.items() if name not in _OF_ONE_ANSWER | _OF_HELPERS}
    if isinstance(arguments := told.get("arguments"), str):
        told["arguments"] = json.loads(arguments)  # streams have other white space
    if not any("signature" in block for block in told.get("thinking_blocks") or ()):
        told.pop("thinking_blocks", None)  # a stream cannot know whether anybody will sign them
    return {name: inner for name, inner in told.items() if inner not in (None, "", [], {})}


@each_question
@pytest.mark.parametrize("provider", ["claude", "gemini", "ollama"])
def test_chat_completions(client: OpenAI, provider: str, behaviour: str, prompt: str) -> None:
    asked: dict[str, Any] = {
        "model": f"{provider}-{behaviour}",
        "messages": [{"role": "user", "content": prompt}],
        "tools": [{"type": "function", "function": _FUNCTION | {"strict": True}}],
    }
    whole = client.chat.completions.create(**asked)
    with client.chat.completions.stream(**asked, stream_options={"include_usage": True}) as stream:
        for _ in stream:
            pass
        assert said(stream.get_final_completion()) == said(whole)
    assert bool(whole.choices[0].message.tool_calls) is (prompt == _CALL)


@each_question
@pytest.mark.parametrize("provider", ["claude", "gemini", "ollama"])
def test_responses(client: OpenAI, provider: str, behaviour: str, prompt: str) -> None:
    asked: dict[str, Any] = {
        "model": f"{provider}-{behaviour}",
        "input": prompt,
        "tools": [{"type": "function", **_FUNCTION, "strict": True}],
        "store": False,
    }
    whole = client.responses.create(**asked)
    with client.responses.stream(**asked) as stream:
        for _ in stream:
            pass
        assert said(stream.get_final_response()) == said(whole)
    assert any(item.type == "function_call" for item in whole.output) is (prompt == _CALL)


@each_question
@pytest.mark.parametrize("provider", ["gpt", "gemini", "ollama"])
def test_messages(claude: Anthropic, provider: str, behaviour: str, prompt: str) -> None:
    tool = {"name": "get_weather", "description": "Tells the weather.", "input_schema": SCHEMA}
    asked: dict[str, Any] = {
        "model": f"{provider}-{behaviour}",
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": prompt}],
        "tools": [tool],
    }
    whole = claude.messages.create(**asked)
    with claude.messages.stream(**asked) as stream:
        for _ in stream:
            pass
        assert said(stream.get_final_message()) == said(whole)
    assert (whole.stop_reason == "tool_use") is (prompt == _CALL)


@pytest.mark.parametrize("provider", ["claude", "gemini", "ollama"])
def test_structured_answers_are_parsed(client: OpenAI, provider: str) -> None:
    asked: dict[str, Any] = {"model": f"{provider}-small", "messages": [{"role": "user", "content": "Where?"}]}
    whole = client.chat.completions.parse(**asked, response_format=City).choices[0].message.parsed
    with client.chat.completions.stream(**asked, response_format=City) as stream:
        for _ in stream:
            pass
        streamed = stream.get_final_completion().choices[0].message.parsed
    response = client.responses.parse(model=asked["model"], input="Where?", text_format=City, store=False)
    assert whole == streamed == response.output_parsed
    assert isinstance(whole, City)


@pytest.mark.parametrize("provider", ["gpt", "gemini", "ollama"])
def test_structured_answers_of_messages_are_parsed(claude: Anthropic, provider: str) -> None:
    asked: dict[str, Any] = {
        "model": f"{provider}-small",
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": "Where?"}],
        "output_format": City,
    }
    whole = claude.messages.parse(**asked).parsed_output
    with claude.messages.stream(**asked) as stream:
        for _ in stream:
            pass
        assert stream.get_final_message().parsed_output == whole
    assert isinstance(whole, City)


# -- what helpers end with is given back -------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["claude", "gemini", "ollama"])
def test_a_loop_of_chat_completions(client: OpenAI, provider: str) -> None:
    """Thoughts with their signatures included: Claude thinks on from them only as they were."""
    asked: dict[str, Any] = {
        "model": f"{provider}-reasoning",
        "messages": [{"role": "user", "content": _CALL}],
        "tools": [{"type": "function", "function": _FUNCTION | {"strict": True}}],
        "reasoning_effort": "low",
    }
    with client.chat.completions.stream(**asked) as stream:
        message = stream.get_final_completion().choices[0].message
    assert message.tool_calls
    (call,) = message.tool_calls
    asked["messages"] += [message.to_dict(), {"role": "tool", "tool_call_id": call.id, "content": "Rain."}]
    raw = client.chat.completions.with_raw_response.create(**asked)
    answer = raw.parse().choices[0].message
    assert (bool(answer.content), answer.tool_calls) == (True, None)
    assert "reasoning" not in raw.headers.get(_DROPPED, "")


@pytest.mark.parametrize("provider", ["claude", "gemini", "ollama"])
def test_a_loop_of_responses(client: OpenAI, provider: str) -> None:
    asked: dict[str, Any] = {
        "model": f"{provider}-reasoning",
        "input": [{"role": "user", "content": _CALL}],
        "tools": [{"type": "function", **_FUNCTION, "strict": True}],
        "reasoning": {"effort": "low"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    }
    with client.responses.stream(**asked) as stream:
        output = stream.get_final_response().output
    (call,) = (item for item in output if item.type == "function_call")
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "Rain."}
    asked["input"] += [*(item.to_dict() for item in output), result]
    raw = client.responses.with_raw_response.create(**asked)
    assert raw.parse().output_text
    assert "reasoning" not in raw.headers.get(_DROPPED, "")
