"""Tools, formats and parameters for Gemini, and what is refused by name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.gateway.dialects.gemini_requests import (
    EARLIER,
    HELLO,
    NEWER,
    NEWEST,
    OLD,
    SPEAKER,
    ask,
    config,
    judged,
    refused,
    said,
    sent,
)

from control_layer.gateway.dialects.conversation import Reasoning, ResponseFormat, Tool, ToolChoice
from control_layer.gateway.dialects.gemini.models import abilities

TOOLS = (Tool("f"), Tool("g"))
STRICT = (Tool("f", strict=True), Tool("g"))
SCHEMA = msgspec.Raw(
    b'{"type":"object","properties":{"a":{"type":"string","pattern":"x"}},"additionalProperties":false}'
)


# -- models ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "levels"),
    [
        ("gemini-3-pro-preview", ("low", "high")),
        ("models/gemini-3.1-pro", ("low", "medium", "high")),
        ("gemini-3-flash-preview", ("minimal", "low", "medium", "high")),
        ("gemini-3.5-flash-lite", ("minimal", "low", "medium", "high")),
        ("gemini-3.8-flash", ("low", "medium", "high")),
        ("gemini-flash-latest", ("low", "medium", "high")),
        ("gemini-4-argon", ("low", "medium", "high")),
        ("gemini-4-neon", ("low", "medium", "high", "xhigh")),
        ("gemini-5-helium", ("low", "medium", "high")),
        ("gemini-2.5-pro", ()),
        ("of-another-provider", ()),
    ],
)
def test_levels_of_thinking_follow_from_the_name(model: str, levels: tuple[str, ...]) -> None:
    assert abilities(model).levels == levels


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash:generateContent"),
        ("models/gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash:generateContent"),
        ("tunedModels/ours-1", "/v1beta/tunedModels/ours-1:generateContent"),
        ("odd name?#", "/v1beta/models/odd%20name%3F%23:generateContent"),
    ],
)
def test_the_path_names_the_model(model: str, path: str) -> None:
    assert ask(model).path == path


# -- tools -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tools", "choice", "expected"),
    [
        (TOOLS, None, None),
        (TOOLS, ToolChoice("auto"), {"mode": "AUTO"}),
        (TOOLS, ToolChoice("none"), {"mode": "NONE"}),
        (TOOLS, ToolChoice("required"), {"mode": "ANY"}),
        (TOOLS, ToolChoice("named", "g"), {"mode": "ANY", "allowedFunctionNames": ["g"]}),
        (STRICT, None, {"mode": "VALIDATED"}),
        (STRICT, ToolChoice("auto"), {"mode": "VALIDATED"}),
        (STRICT, ToolChoice("none"), {"mode": "NONE"}),
    ],
)
def test_a_choice_of_tools(tools: tuple[Tool, ...], choice: ToolChoice | None, expected: Any) -> None:
    body = sent(tools=tools, tool_choice=choice)
    assert body.get("toolConfig", {}).get("functionCallingConfig") == expected
    assert body["tools"] == [{"functionDeclarations": [{"name": "f"}, {"name": "g"}]}]


def test_a_choice_without_tools_is_none() -> None:
    body = sent(tool_choice=ToolChoice("required"), parallel_tool_calls=False)
    assert "toolConfig" not in body
    assert "tools" not in body


@pytest.mark.parametrize("asked", [None, True, False])
def test_one_call_at_a_time_is_seen_to_here(asked: bool | None) -> None:
    assert ask(tools=TOOLS, parallel_tool_calls=asked).first_call_only is (asked is False)


def test_a_schema_is_sent_as_it_is() -> None:
    (tool,) = sent(tools=(Tool("f", "Does it.", SCHEMA),))["tools"]
    (declared,) = tool["functionDeclarations"]
    assert declared == {"name": "f", "description": "Does it.", "parametersJsonSchema": msgspec.json.decode(SCHEMA)}


# -- formats ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [OLD, EARLIER, NEWER, NEWEST])
def test_a_form_is_kept_to(model: str) -> None:
    assert config(model, response_format=ResponseFormat("json_object")) == {"responseMimeType": "application/json"}
    assert config(model, response_format=ResponseFormat("json_schema", SCHEMA)) == {
        "responseMimeType": "application/json",
        "responseJsonSchema": msgspec.json.decode(SCHEMA),
    }


def test_earlier_models_are_asked_in_words_for_a_form_beside_tools() -> None:
    body = sent(EARLIER, tools=TOOLS, response_format=ResponseFormat("json_object"))
    assert "JSON object" in body["systemInstruction"]["parts"][0]["text"]
    format_ = ResponseFormat("json_schema", SCHEMA)
    assert refused(EARLIER, tools=TOOLS, response_format=format_) == "response_format"
    body = sent(EARLIER, lenient=True, tools=TOOLS, response_format=format_)
    assert bytes(SCHEMA).decode() in body["systemInstruction"]["parts"][0]["text"]
    assert "responseMimeType" in config(NEWER, tools=TOOLS, response_format=format_)


# -- thinking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "reasoning", "expected"),
    [
        (NEWER, None, None),
        (NEWER, Reasoning(), {"includeThoughts": True}),
        (NEWER, Reasoning(effort="minimal"), {"includeThoughts": True, "thinkingLevel": "low"}),
        (NEWER, Reasoning(effort="medium", shown=False), {"thinkingLevel": "medium"}),
        (NEWER, Reasoning(effort="xhigh"), {"includeThoughts": True, "thinkingLevel": "high"}),
        (NEWEST, Reasoning(effort="max"), {"includeThoughts": True, "thinkingLevel": "xhigh"}),
        ("gemini-3-pro-preview", Reasoning(effort="medium"), {"includeThoughts": True, "thinkingLevel": "low"}),
        ("gemini-3-flash", Reasoning(effort="minimal"), {"includeThoughts": True, "thinkingLevel": "minimal"}),
        (NEWER, Reasoning(budget=1024), {"includeThoughts": True, "thinkingLevel": "low"}),
        (NEWER, Reasoning(budget=1025), {"includeThoughts": True, "thinkingLevel": "medium"}),
        (NEWER, Reasoning(budget=10**6), {"includeThoughts": True, "thinkingLevel": "high"}),
        (EARLIER, Reasoning(), {"includeThoughts": True}),
        (EARLIER, Reasoning(effort="medium"), {"includeThoughts": True, "thinkingBudget": 8192}),
        (EARLIER, Reasoning(effort="max"), {"includeThoughts": True, "thinkingBudget": 24576}),
        (EARLIER, Reasoning(effort="high", budget=100), {"includeThoughts": True, "thinkingBudget": 100}),
        (EARLIER, Reasoning(enabled=False), {"thinkingBudget": 0}),
        (EARLIER, Reasoning(enabled=False, effort="none"), {"thinkingBudget": 0}),
        ("gemini-2.5-flash-lite", Reasoning(budget=1), {"includeThoughts": True, "thinkingBudget": 512}),
        ("gemini-2.5-pro", Reasoning(budget=1), {"includeThoughts": True, "thinkingBudget": 128}),
        (OLD, Reasoning(enabled=False), None),
        ("another", Reasoning(effort="low"), {"includeThoughts": True, "thinkingLevel": "low"}),
        ("another", Reasoning(budget=7), {"includeThoughts": True, "thinkingBudget": 7}),
        ("another", Reasoning(enabled=False), {"thinkingBudget": 0}),
    ],
)
def test_a_model_thinks_in_the_form_of_its_generation(model: str, reasoning: Reasoning | None, expected: Any) -> None:
    assert config(model, reasoning=reasoning).get("thinkingConfig") == expected


@pytest.mark.parametrize(
    ("model", "least"),
    [
        (NEWER, {"thinkingLevel": "low"}),
        ("gemini-2.5-pro", {"thinkingBudget": 128}),
        (NEWEST, {"thinkingLevel": "low"}),
    ],
)
def test_a_model_that_always_thinks_thinks_least(model: str, least: dict[str, Any]) -> None:
    """Who turns thinking off is served; who asks for none at all is told that there is no such thing."""
    outgoing = ask(model, reasoning=Reasoning(enabled=False))
    assert outgoing.dropped == ("reasoning_effort",)
    assert judged(outgoing)["generationConfig"]["thinkingConfig"] == least
    assert refused(model, reasoning=Reasoning(enabled=False, effort="none")) == "reasoning_effort"


def test_a_model_that_never_thinks_is_not_asked_to() -> None:
    assert refused(OLD, reasoning=Reasoning(effort="low")) == "reasoning_effort"


# -- how it is said --------------------------------------------------------------------------------------------------


def test_a_request_that_says_nothing_more_is_short() -> None:
    assert sent() == {"contents": [{"parts": [{"text": "Hello"}], "role": "user"}]}


@pytest.mark.parametrize(("seed", "expected"), [(0, 0), (2**31 - 1, 2**31 - 1), (2**31 + 5, 5), (-1, 2**31 - 1)])
def test_a_seed_has_32_bits(seed: int, expected: int) -> None:
    assert config(seed=seed) == {"seed": expected}


@pytest.mark.parametrize(
    ("tier", "expected"),
    [("auto", None), ("default", "standard"), ("flex", "flex"), ("priority", "priority")],
)
def test_service_tiers(tier: str, expected: str | None) -> None:
    assert sent(service_tier=tier).get("serviceTier") == expected


def test_only_the_tokens_own_probabilities() -> None:
    assert config(logprobs=0) == {"responseLogprobs": True}


def test_penalties_of_nothing_are_none() -> None:
    assert config(NEWEST, presence_penalty=0.0, frequency_penalty=0.0) == {}


# -- what Gemini has no word for -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "parameter", "fields"),
    [
        (NEWER, "n", {"choices": 9}),
        (NEWEST, "n", {"choices": 2}),
        (NEWEST, "presence_penalty", {"presence_penalty": 0.1}),
        (NEWEST, "frequency_penalty", {"frequency_penalty": -0.1}),
        (NEWER, "logit_bias", {"logit_bias": msgspec.Raw(b'{"5":1}')}),
        (SPEAKER, "audio.format", {"audio_output": msgspec.Raw(b'{"voice":"Kore","format":"mp3"}')}),
        (SPEAKER, "audio.format", {"audio_output": msgspec.Raw(b'{"voice":"Kore","format":"wav"}'), "stream": True}),
        (NEWER, "stop", {"stop": ("a", "b", "c", "d", "e", "f")}),
        (NEWER, "service_tier", {"service_tier": "scale"}),
        (NEWER, "web_search_options", {"others": (("web_search_options", msgspec.Raw(b"{}")),)}),
        (NEWEST, "messages[1]", {"messages": (*HELLO, said("assistant", "It is"))}),
    ],
)
def test_what_gemini_cannot_do_is_refused_by_name(model: str, parameter: str, fields: dict[str, Any]) -> None:
    assert refused(model, **fields) == parameter
    sent(model, lenient=True, **fields)


def test_leniency_lists_all_that_is_left_out_and_sends_the_rest() -> None:
    outgoing = ask(NEWEST, lenient=True, choices=3, presence_penalty=1.0, stop=("a", "", *"bcdef"), user="u", seed=1)
    assert outgoing.dropped == ("user", "presence_penalty", "n", "stop")
    assert judged(outgoing)["generationConfig"] == {"stopSequences": [*"abcde"], "seed": 1}


def test_who_asks_is_left_out_and_listed() -> None:
    assert ask(user="ana").dropped == ("user",)
