"""Gemini's dialect at the simulated API: whole answers, streams, calls and signatures there and back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.gateway.dialects.gemini_requests import (
    AS_PROVIDER,
    said,
)
from tests.gateway.dialects.simulated import Simulated

from control_layer.gateway.dialects.conversation import (
    Conversation,
    Message,
    Reasoning,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

WEATHER = Tool("get_weather", "The weather.", msgspec.Raw(b'{"type":"object","properties":{"city":{"type":"string"}}}'))
ASK_WEATHER = said("user", "Use the tool get_weather, please.")


@pytest.mark.parametrize(
    ("model", "fields", "finish"),
    [
        ("sim-small", {}, "stop"),
        ("sim-small", {"choices": 3, "logprobs": 2}, "stop"),
        ("sim-small", {"max_output_tokens": 3}, "length"),
        ("sim-reasoning", {}, "stop"),
        ("sim-small", {"reasoning": Reasoning(effort="low")}, "stop"),
        ("sim-small", {"response_format": ResponseFormat("json_schema", WEATHER.parameters)}, "stop"),
        ("sim-small", {"tools": (WEATHER,), "tool_choice": ToolChoice("required")}, "tool_calls"),
        ("sim-calls-3-reasoning", {"tools": (WEATHER,)}, "tool_calls"),
        ("sim-filtered", {}, "content_filter"),
        ("sim-filtered-late", {}, "content_filter"),
        ("sim-refuses", {}, "content_filter"),
        ("sim-no-usage", {}, "stop"),
    ],
)
def test_the_simulated_api_says_the_same_whole_and_streamed(
    simulated_gemini: Simulated, model: str, fields: dict[str, Any], finish: str
) -> None:
    """S3: to the token."""
    answer = simulated_gemini.both(Conversation(messages=(ASK_WEATHER,), **fields), model)
    assert [choice.finish for choice in answer.choices] == [finish] * fields.get("choices", 1)
    assert (answer.tokens is None) == (model == "sim-no-usage")
    if "logprobs" in fields:
        logprobs = msgspec.json.decode(answer.choices[0].logprobs or b"null")
        assert answer.choices[0].parts == (Text("".join(each["token"] for each in logprobs["content"])),)
        assert {len(each["top_logprobs"]) for each in logprobs["content"]} == {2}


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "whose signature was lost"])
def test_a_call_is_answered_and_the_model_goes_on(simulated_gemini: Simulated, signed: bool) -> None:
    """A model that thinks refuses a call of its own without a signature."""
    first = simulated_gemini.both(Conversation(messages=(ASK_WEATHER,), tools=(WEATHER,)), "sim-calls-2-reasoning")
    calls = [part for part in first.choices[0].parts if isinstance(part, ToolCall)]
    assert [call.name for call in calls] == ["get_weather"] * 2
    assert calls[0].signature is not None
    assert calls[0].id != calls[1].id
    if not signed:
        calls = [msgspec.structs.replace(call, signature=None) for call in calls]
    results = [ToolResult(call.id, (Text("Rain."),)) for call in reversed(calls)]
    history = (ASK_WEATHER, Message("assistant", tuple(calls)), Message("tool", tuple(results)))
    second = simulated_gemini.both(Conversation(messages=history, tools=(WEATHER,)), "sim-calls-2-reasoning")
    assert second.choices[0].finish == "stop"


def test_a_signed_text_is_taken_back(simulated_gemini: Simulated) -> None:
    first = simulated_gemini.both(Conversation(messages=(said("user", "Hi"),)), "sim-reasoning")
    history = (said("user", "Hi"), Message("assistant", first.choices[0].parts), said("user", "Go on."))
    outgoing = AS_PROVIDER.write_request(Conversation(messages=history), "sim-reasoning", lenient=False)
    assert b"thoughtSignature" in outgoing.body
    simulated_gemini.post(outgoing)
