"""Names of tools that are longer than their provider takes."""

from __future__ import annotations

from typing import Any

import msgspec
from tests.gateway.dialects import openai_chat_streams
from tests.gateway.dialects.folding import fold

from control_layer.gateway.dialects.conversation import Conversation, Message, Text, Tool, ToolCall, ToolChoice
from control_layer.gateway.dialects.events import CallDelta, CallStarted, Ended, Event, Finished, Started
from control_layer.gateway.dialects.openai_chat import OPENAI_CHAT
from control_layer.gateway.dialects.tool_names import named, with_names

LONG, OTHER = (
    "mcp__a_server_with_a_name_of_some_length__" + "x" * 60,
    "mcp__a_server_with_a_name_of_some_length__" + "x" * 61,
)
CALLED: list[Event] = [CallStarted(0, "a", LONG), CallDelta(0, "{}"), CallStarted(1, "b", "f"), CallDelta(1, "{}")]


def asked(*tools: str, **fields: Any) -> Conversation:
    turns = (Message("user", (Text("x"),)), Message("assistant", (ToolCall("a", LONG, "{}"), ToolCall("b", "f", "{}"))))
    return Conversation(messages=turns, tools=tuple(Tool(name) for name in tools), **fields)


def test_they_are_short_on_the_way_and_themselves_in_the_answer() -> None:
    outgoing = OPENAI_CHAT.write_request(
        asked(LONG, "f", OTHER, tool_choice=ToolChoice("named", LONG)), "m", lenient=False
    )
    body = msgspec.json.decode(outgoing.body)
    short, plain, other = (tool["function"]["name"] for tool in body["tools"])
    assert (len(short), plain, len(other)) == (64, "f", 64)
    assert short != other
    assert [call["function"]["name"] for call in body["messages"][1]["tool_calls"]] == [short, "f"]
    assert body["tool_choice"]["function"]["name"] == short
    assert outgoing.tool_names == {short: LONG, other: OTHER}
    events: list[Event] = [Started("c", 1), *CALLED, Finished("tool_calls"), Ended()]
    stream = openai_chat_streams.written(events).replace(LONG.encode(), short.encode())
    reader = named(OPENAI_CHAT.reader(), outgoing.tool_names)
    told = [*reader.feed(stream), *reader.end()]
    assert reader.over(1)
    assert fold(told) == with_names(fold(openai_chat_streams.read([stream])), outgoing.tool_names)
    assert [event.name for event in told if isinstance(event, CallStarted)] == [LONG, "f"]


def test_a_name_is_shortened_alike_each_time() -> None:
    """A provider's cache keeps a prompt that is the same."""
    once, again = (OPENAI_CHAT.write_request(asked(LONG), "m", lenient=False).body for _ in range(2))
    assert once == again


def test_names_that_are_taken_stay() -> None:
    outgoing = OPENAI_CHAT.write_request(Conversation(messages=(), tools=(Tool("x" * 64),)), "m", lenient=False)
    assert outgoing.tool_names == {}
    assert msgspec.json.decode(outgoing.body)["tools"][0]["function"]["name"] == "x" * 64
