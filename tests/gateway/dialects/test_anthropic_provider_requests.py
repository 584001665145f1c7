"""Tools, formats and parameters for Claude, and what is refused by name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.gateway.dialects.anthropic_requests import NEWER, NEWEST, OLD, ask, refused, sent

from control_layer.gateway.dialects.conversation import (
    Message,
    Reasoning,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

TOOLS = (Tool("f"), Tool("g"))
_HELLO = Message("user", (Text("hello"),))


# -- tools -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice("none"), False, {"type": "none"}),
        (ToolChoice("required"), None, {"type": "any"}),
        (ToolChoice("named", "f"), False, {"type": "tool", "name": "f", "disable_parallel_tool_use": True}),
    ],
)
def test_a_choice_of_tools_and_the_switch_for_several(
    choice: ToolChoice | None, parallel: bool | None, expected: Any
) -> None:
    body = sent(tools=TOOLS, tool_choice=choice, parallel_tool_calls=parallel)
    assert body.get("tool_choice") == expected
    assert body["tools"][0] == {"name": "f", "input_schema": {"type": "object", "properties": {}}}


def test_a_choice_without_tools_is_none() -> None:
    assert "tool_choice" not in sent(tool_choice=ToolChoice("auto"), parallel_tool_calls=False)


def test_the_newest_models_cannot_be_made_to_call() -> None:
    fields = {"tools": TOOLS, "tool_choice": ToolChoice("named", "f")}
    assert refused(NEWEST, **fields) == "tool_choice"
    assert sent(NEWEST, lenient=True, **fields)["tool_choice"] == {"type": "auto"}


def test_a_call_that_must_be_made_is_made_without_a_budget_to_think() -> None:
    outgoing = ask(OLD, tools=TOOLS, tool_choice=ToolChoice("required"), reasoning=Reasoning(effort="high"))
    assert b'"thinking"' not in outgoing.body
    assert outgoing.dropped == ("reasoning_effort",)


_CALL, _RESULT = ToolCall("c", "f", "{}"), Message("tool", (ToolResult("c", (Text("rain"),)),))


@pytest.mark.parametrize(
    ("model", "turns", "thinks"),
    [
        (OLD, (Message("assistant", (_CALL,)), _RESULT), False),
        (OLD, (Message("assistant", (Thinking("Of another's."), _CALL)), _RESULT), False),
        (OLD, (Message("assistant", (Thinking("Hm.", "s"), _CALL)), _RESULT), True),
        (
            OLD,
            (Message("assistant", (Thinking("Hm.", "s"), _CALL)), _RESULT, Message("assistant", (_CALL,)), _RESULT),
            True,
        ),
        (OLD, (Message("assistant", (_CALL,)), _RESULT, Message("user", (Text("And now?"),))), False),
        (OLD, (Message("assistant", (_CALL,)), _RESULT, Message("assistant", (Text("Rain."),)), _HELLO), True),
        (NEWER, (Message("assistant", (_CALL,)), _RESULT), True),
    ],
)
def test_calls_whose_thoughts_were_lost_are_gone_on_from_without_thinking(
    model: str, turns: tuple[Message, ...], thinks: bool
) -> None:
    """Models with a budget refuse to think on from them, and clients of OpenAI's send no thoughts back."""
    outgoing = ask(model, tools=TOOLS, messages=(_HELLO, *turns), reasoning=Reasoning(effort="high"))
    assert (b'"thinking":{' in outgoing.body) is thinks
    assert outgoing.dropped == (() if thinks else ("reasoning_effort",))


def test_strict_tools_are_within_the_limits_of_schemas() -> None:
    schema = msgspec.Raw(b'{"type":"object","properties":{"n":{"type":"integer","minimum":1}},"required":["n"]}')
    (tool,) = sent(tools=(Tool("f", parameters=schema, strict=True),))["tools"]
    assert tool["strict"] is True
    assert tool["input_schema"]["additionalProperties"] is False
    assert tool["input_schema"]["properties"]["n"] == {"type": "integer", "description": "(minimum: 1)"}


@pytest.mark.parametrize(
    ("model", "schema"), [(OLD, b'{"type":"object"}'), (NEWER, b'{"type":"object","additionalProperties":{}}')]
)
def test_a_tool_that_cannot_be_strict_is_sent_as_it_is(model: str, schema: bytes) -> None:
    outgoing = ask(model, tools=(Tool("f", parameters=msgspec.Raw(schema), strict=True),))
    (tool,) = msgspec.json.decode(outgoing.body)["tools"]
    assert tool == {"name": "f", "input_schema": msgspec.json.decode(schema)}
    assert outgoing.dropped == ("tools[0].function.strict",)


# -- formats -----------------------------------------------------------------------------------------------------------


SCHEMA = msgspec.Raw(b'{"type":"object","properties":{"a":{"type":["string","null"],"pattern":"x"}},"$schema":"y"}')


def test_an_answer_may_have_to_follow_a_schema() -> None:
    format_ = ResponseFormat("json_schema", SCHEMA, "answer", True, "What it is.")
    assert sent(response_format=format_)["output_config"]["format"] == {
        "type": "json_schema",
        "schema": {
            "type": "object",
            "properties": {"a": {"type": ["string", "null"], "description": '(pattern: "x")'}},
            "description": "What it is.",
            "additionalProperties": False,
        },
    }


def test_any_json_is_asked_for_in_words() -> None:
    (asked,) = sent(response_format=ResponseFormat("json_object"))["system"]
    assert "JSON object" in asked["text"]


@pytest.mark.parametrize(
    ("model", "schema"),
    [
        (OLD, SCHEMA),
        (NEWER, msgspec.Raw(b'{"type":"object","additionalProperties":{"type":"string"}}')),
        (NEWER, msgspec.Raw(b'{"items":' * 600 + b"{}" + b"}" * 600)),
    ],
)
def test_a_schema_that_cannot_be_kept_to_is_refused_or_told(model: str, schema: msgspec.Raw) -> None:
    format_ = ResponseFormat("json_schema", schema)
    assert refused(model, response_format=format_) == "response_format"
    (asked,) = sent(model, lenient=True, response_format=format_)["system"]
    assert bytes(schema).decode() in asked["text"]


def test_a_schema_is_taken_apart_with_all_that_is_in_it() -> None:
    schema = msgspec.Raw(
        b'{"$defs":{"n":{"type":"object","properties":{}}},"oneOf":[{"$ref":"#/$defs/n"},{"type":"array","minItems":1,'
        b'"items":{"type":"string","format":"email"}},{"type":"array","minItems":2,"items":{"type":"string",'
        b'"format":"phone"}}],"allOf":[{"properties":{"x":true}}]}'
    )
    format_ = sent(response_format=ResponseFormat("json_schema", schema))["output_config"]["format"]
    assert format_["schema"] == {
        "$defs": {"n": {"type": "object", "properties": {}, "additionalProperties": False}},
        "anyOf": [
            {"$ref": "#/$defs/n"},
            {"type": "array", "minItems": 1, "items": {"type": "string", "format": "email"}},
            {
                "type": "array",
                "items": {"type": "string", "description": '(format: "phone")'},
                "description": "(minItems: 2)",
            },
        ],
        "allOf": [{"properties": {"x": True}, "additionalProperties": False}],
    }


# -- what Claude has no word for ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "fields"),
    [
        ("n", {"choices": 2}),
        ("seed", {"seed": 0}),
        ("presence_penalty", {"presence_penalty": 0.1}),
        ("frequency_penalty", {"frequency_penalty": -0.1}),
        ("logprobs", {"logprobs": 0}),
        ("logit_bias", {"logit_bias": msgspec.Raw(b'{"5":1}')}),
        ("audio", {"audio_output": msgspec.Raw(b'{"voice":"alloy"}')}),
        ("stop", {"stop": ("END", "\n")}),
        ("service_tier", {"service_tier": "flex"}),
        ("prediction", {"others": (("prediction", msgspec.Raw(b"{}")),)}),
    ],
)
def test_what_claude_cannot_do_is_refused_by_name(parameter: str, fields: dict[str, Any]) -> None:
    assert refused(**fields) == parameter


def test_leniency_lists_all_that_is_left_out_and_sends_the_rest() -> None:
    outgoing = ask(lenient=True, seed=1, choices=3, temperature=0.2, stop=("END", " "), user="u", cache_key="k")
    assert outgoing.dropped == ("n", "seed", "temperature", "stop")
    body = msgspec.json.decode(outgoing.body)
    assert body["stop_sequences"] == ["END"]
    assert body["metadata"] == {"user_id": "u"}


def test_who_asks_is_told_whatever_openai_calls_it() -> None:
    hints = (("safety_identifier", msgspec.Raw(b'"s"')), ("store", msgspec.Raw(b"true")))
    assert sent(hints=hints)["metadata"] == {"user_id": "s"}
    assert sent(hints=hints, user="u")["metadata"] == {"user_id": "u"}
    assert "metadata" not in sent(hints=hints[1:])
    assert "metadata" not in sent(hints=(("safety_identifier", msgspec.Raw(b'{"a":1}')),))


@pytest.mark.parametrize(
    ("tier", "expected"),
    [("auto", "auto"), ("default", "standard_only"), ("priority", "auto"), ("fast", "auto")],
)
def test_service_tiers(tier: str, expected: str) -> None:
    assert sent(service_tier=tier)["service_tier"] == expected
