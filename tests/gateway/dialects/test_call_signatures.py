"""Signatures of calls go around, though clients of the Messages API have no place for them at the calls."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.gateway.dialects.anthropic_streams import sdk_message
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.gemini_requests import NEWER, judged

from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.anthropic.own_thoughts import with_own_thoughts
from control_layer.gateway.dialects.conversation import Conversation, Reasoning
from control_layer.gateway.dialects.events import (
    CallDelta,
    CallStarted,
    Ended,
    Event,
    Finished,
    Started,
    TextDelta,
    ThinkingDelta,
)
from control_layer.gateway.dialects.gemini import GEMINI
from control_layer.simulator.gemini.checks import signature

THINKS = Conversation(messages=(), reasoning=Reasoning(budget=2048))
SIGNED = signature("f", {})
CALLS: list[Event] = [
    CallStarted(0, "t1", "f", signature=SIGNED), CallDelta(0, "{}"), CallStarted(1, "t2", "g"), CallDelta(1, "{}"),
]  # fmt: skip
END: list[Event] = [Finished("tool_calls"), Ended()]
NO_THOUGHT = {"type": "thinking", "thinking": "", "signature": f"gemini.call.{SIGNED}"}
FIRST = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
SECOND = {"type": "tool_use", "id": "t2", "name": "g", "input": {}}


def answered(said: list[Event], asked: Conversation = THINKS) -> list[dict[str, Any]]:
    """What a client gets, whole and streamed alike."""
    events = [Started("msg_1"), *said, *CALLS, *END]
    whole: list[dict[str, Any]] = msgspec.json.decode(ANTHROPIC.write_answer(fold(events), asked, "m"))["content"]
    streamed = sdk_message(ANTHROPIC.writer(asked, "m").write(events)).to_dict(exclude_none=True)["content"]
    assert streamed == whole
    return whole


def sent_back(content: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What Gemini gets of it, which the simulation takes."""
    results = [{"type": "tool_result", "tool_use_id": name, "content": "ok"} for name in ("t1", "t2")]
    turns = [("user", "Hello."), ("assistant", content), ("user", results)]
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": role, "content": said} for role, said in turns]}
    asked = ANTHROPIC.read_request(msgspec.json.encode(body))
    parts: list[dict[str, Any]] = judged(GEMINI.write_request(asked, NEWER, lenient=False))["contents"][1]["parts"]
    return parts


@pytest.mark.parametrize(
    ("said", "told", "back"),
    [
        pytest.param([], [NO_THOUGHT], [], id="alone"),
        pytest.param(
            [TextDelta("Well.")],
            [{"type": "text", "text": "Well."}, NO_THOUGHT],
            [{"text": "Well."}],
            id="behind words",
        ),
        pytest.param([ThinkingDelta("Hm.")], [NO_THOUGHT | {"thinking": "Hm."}], [], id="behind a thought"),
    ],
)
def test_a_thought_holds_the_signature(said: list[Event], told: list[dict[str, Any]], back: list[Any]) -> None:
    content = answered(said)
    assert content == [*told, FIRST, SECOND]
    first, second = sent_back(content)[len(back) :]
    assert sent_back(content)[: len(back)] == back
    assert first == {"functionCall": {"name": "f", "args": {}, "id": "t1"}, "thoughtSignature": SIGNED}
    assert "thoughtSignature" not in second


def test_clients_that_do_not_know_of_thoughts_are_told_none() -> None:
    for asked in (Conversation(messages=()), Conversation(messages=(), reasoning=Reasoning(enabled=False))):
        assert answered([], asked) == [FIRST, SECOND]


def test_a_signature_whose_call_did_not_come_back_is_left_out() -> None:
    said = [NO_THOUGHT, {"type": "text", "text": "Well."}]
    turns = [("user", "Hello."), ("assistant", said), ("user", "And?")]
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": role, "content": said} for role, said in turns]}
    asked = ANTHROPIC.read_request(msgspec.json.encode(body))
    contents = judged(GEMINI.write_request(asked, NEWER, lenient=False))["contents"]
    assert contents[1]["parts"] == [{"text": "Well."}]


def test_claude_is_not_shown_them() -> None:
    turns = [("user", "Hello."), ("assistant", [NO_THOUGHT, FIRST])]
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": role, "content": said} for role, said in turns]}
    kept, _ = with_own_thoughts(msgspec.json.encode(body))
    assert msgspec.json.decode(kept)["messages"][1]["content"] == [FIRST]


def test_a_call_under_way_is_not_broken_off_for_the_signature_of_the_next() -> None:
    events: list[Event] = [
        Started("msg_1"), CallStarted(0, "t1", "f"), CallDelta(0, '{"a":'), CallStarted(1, "t2", "g", signature=SIGNED),
        CallDelta(1, "{}"), CallDelta(0, "1}"), *END,
    ]  # fmt: skip
    message = sdk_message(ANTHROPIC.writer(THINKS, "m").write(events)).to_dict(exclude_none=True)
    assert message["content"] == [FIRST | {"input": {"a": 1}}, SECOND]
