"""What Cohere's compatible API is asked: no more than it knows."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from control_layer.gateway.dialects.cohere import COHERE
from control_layer.gateway.dialects.conversation import Conversation, Message, Reasoning, Text, Tool
from control_layer.gateway.dialects.dialect import Unsupported
from control_layer.simulator.cohere import check_compatible

_TOOL = Tool("get_weather", strict=True)


def talk(**more: Any) -> Conversation:
    return Conversation(messages=(Message("user", (Text("Hello."),)),), **more)


def sent(asked: Conversation, *, lenient: bool = False) -> tuple[Any, tuple[str, ...]]:
    """What Cohere gets, which the simulation takes."""
    outgoing = COHERE.write_request(asked, "command-a-03-2025", lenient=lenient)
    body = msgspec.json.decode(outgoing.body)
    check_compatible(outgoing.path, body)
    return body, outgoing.dropped


def test_how_long_the_answer_may_be_is_said_in_the_word_that_it_knows() -> None:
    assert sent(talk(max_output_tokens=9))[0]["max_tokens"] == 9


@pytest.mark.parametrize(
    ("reasoning", "effort"),
    [
        (Reasoning(effort="low"), "high"),
        (Reasoning(budget=1024), "high"),
        (Reasoning(enabled=False), "none"),
        (Reasoning(effort="none"), "none"),
    ],
)
def test_it_thinks_or_it_does_not(reasoning: Reasoning, effort: str) -> None:
    assert sent(talk(reasoning=reasoning))[0]["reasoning_effort"] == effort


def test_what_says_no_more_than_is_done_anyway_is_left_out() -> None:
    hints = (("metadata", msgspec.Raw(b'{"a":"b"}')), ("store", msgspec.Raw(b"false")))
    body, dropped = sent(talk(service_tier="auto", cache_key="k", hints=hints, dialect="openai_responses", logprobs=0))
    assert body.keys() == {"model", "messages", "logprobs"}
    assert dropped == ()


def test_one_call_at_a_time_is_seen_to_here() -> None:
    outgoing = COHERE.write_request(talk(tools=(_TOOL,), parallel_tool_calls=False), "command-a", lenient=False)
    assert outgoing.first_call_only
    assert outgoing.dropped == ("tools[0].function.strict",)
    assert b"parallel" not in outgoing.body
    assert sent(talk(tools=(_TOOL,)))[1] == ("tools[0].function.strict",)


@pytest.mark.parametrize(
    ("more", "parameter"),
    [
        ({"choices": 2}, "n"),
        ({"logprobs": 3}, "top_logprobs"),
        ({"service_tier": "priority"}, "service_tier"),
        ({"top_k": 3}, "top_k"),
        ({"logit_bias": msgspec.Raw(b'{"1":2}')}, "logit_bias"),
        ({"others": (("new", msgspec.Raw(b"1")),)}, "new"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name_or_left_out(more: dict[str, Any], parameter: str) -> None:
    with pytest.raises(Unsupported) as refused:
        COHERE.write_request(talk(**more), "command-a", lenient=False)
    assert refused.value.parameter == parameter
    assert sent(talk(**more), lenient=True)[1] == (parameter,)
