"""What clients of the Messages API ask for, beyond the transcripts: mistakes, Anthropic's own, and round trips."""

from __future__ import annotations

import string
from collections.abc import Callable
from itertools import groupby
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.dialects.transcripts import plain

from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.conversation import (
    Answer,
    Choice,
    Conversation,
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from control_layer.gateway.dialects.dialect import Unsupported

HELLO = [{"role": "user", "content": "Hello"}]


def read(**fields: Any) -> Conversation:
    return ANTHROPIC.read_request(msgspec.json.encode({"model": "m", "max_tokens": 10, "messages": HELLO} | fields))


def one(content: Any, role: str = "user") -> Message:
    (message,) = read(messages=[{"role": role, "content": content}]).messages
    return message


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"max_tokens": "10"}, "$.max_tokens"),
        ({"max_tokens": None}, "$.max_tokens"),
        ({"max_tokens": -1}, "$.max_tokens"),
        ({"messages": "Hello"}, "$.messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "$.messages[0].role"),
        ({"messages": [{"role": "user"}]}, "$.messages[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "$.messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]}, "$.messages[0].content[0].text"),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]}]},
            "$.messages[0].content[0]",
        ),
        ({"messages": [{"role": "assistant", "content": [{"type": "tool_result", "tool_use_id": "t"}]}]},
         "$.messages[0].content[0]"),
        ({"system": [{"type": "image"}]}, "$.system[0].type"),
        ({"temperature": "hot"}, "$.temperature"),
        ({"stop_sequences": "END"}, "$.stop_sequences"),
        ({"tools": [{"input_schema": {}}]}, "$.tools[0]"),
        ({"tool_choice": {"type": "tool"}}, "$.tool_choice"),
        ({"tool_choice": {"type": "some"}}, "$.tool_choice.type"),
        ({"thinking": {"type": "maybe"}}, "$.thinking.type"),
        ({"output_config": {"format": {"type": "xml", "schema": {}}}}, "$.output_config.format.type"),
        ({"cache_control": {"type": "ephemeral", "ttl": "2h"}}, "$.cache_control.ttl"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        read(**fields)
    assert str(error.value).endswith(f"at `{place}`")


def test_the_bound_of_the_answer_is_required() -> None:
    with pytest.raises(msgspec.ValidationError, match="max_tokens"):
        ANTHROPIC.read_request(msgspec.json.encode({"model": "m", "messages": HELLO}))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_what_is_no_request_is_told(body: bytes) -> None:
    with pytest.raises((msgspec.MsgspecError, UnicodeDecodeError)):
        ANTHROPIC.read_request(body)


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"max_tokens": 0}, "max_tokens"),
        (
            {
                "messages": [
                    *HELLO,
                    {"role": "assistant", "content": [{"type": "text", "text": "x"}, {"type": "server_tool_use"}]},
                ]
            },
            "messages[1].content[1]",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "document",
                                "source": {
                                    "type": "content",
                                    "content": [{"type": "image", "source": {"type": "url", "url": "u"}}],
                                },
                            }
                        ],
                    }
                ]
            },
            "messages[0].content[0].source.content[0]",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "tool_result",
                                "tool_use_id": "t",
                                "content": [
                                    {"type": "text", "text": "x"},
                                    {"type": "tool_reference", "tool_name": "f"},
                                ],
                            }
                        ],
                    }
                ]
            },
            "messages[0].content[0].content[1]",
        ),
    ],
)
def test_what_only_anthropic_can_do_is_refused_by_name(fields: dict[str, Any], parameter: str) -> None:
    with pytest.raises(Unsupported) as refusal:
        read(**fields)
    assert refusal.value.parameter == parameter


@pytest.mark.parametrize(
    ("tool", "parameter", "remains"),
    [
        ({"type": "web_search_20260318", "name": "web_search"}, "tools[1].type", False),
        ({"type": "browser_toolset_20260801"}, "tools[1].type", False),
        ({"name": "g", "input_schema": {}, "defer_loading": True}, "tools[1].defer_loading", True),
        ({"name": "g", "input_schema": {}, "allowed_callers": ["code_execution_20260521"]},
         "tools[1].allowed_callers", True),
        ({"name": "g", "input_schema": {}, "allowed_callers": ["direct", "code_execution_20260521"]}, None, True),
    ],
)  # fmt: skip
def test_what_only_anthropic_does_with_tools_is_told_from_the_clients_own(
    tool: dict[str, Any], parameter: str | None, remains: bool
) -> None:
    asked = read(tools=[{"name": "f", "input_schema": {}}, tool])
    assert [name for name, _ in asked.unsayable] == ([] if parameter is None else [parameter])
    assert [tool.name for tool in asked.tools] == (["f", "g"] if remains else ["f"])


def test_examples_of_a_tools_input_are_a_part_of_what_is_said_of_it() -> None:
    tool = {"name": "f", "input_schema": {}, "input_examples": [{"a": 1}, {"a": 2, "b": [3]}]}
    (plain_one, described) = read(tools=[tool, tool | {"name": "g", "description": "Adds."}]).tools
    assert plain_one.description == 'Examples of its input:\n{"a":1}\n{"a":2,"b":[3]}'
    assert described.description == f"Adds.\n\n{plain_one.description}"


def test_fields_that_are_not_known_are_handed_on_in_order() -> None:
    asked = read(container="c", inference_geo="eu", mcp_servers=[], speed="fast", context_management={"edits": [1]})
    assert [(name, bytes(value)) for name, value in asked.others] == [("container", b'"c"'), ("inference_geo", b'"eu"')]


def test_a_body_may_be_changed_once_it_is_read() -> None:
    body = bytearray(msgspec.json.encode({"max_tokens": 1, "messages": HELLO, "container": "c"}))
    asked = ANTHROPIC.read_request(body)
    body[:] = b"\0" * (len(body) * 2)
    assert bytes(asked.others[0][1]) == b'"c"'


@pytest.mark.parametrize(
    ("thinking", "config", "expected"),
    [
        (None, None, None),
        (None, {"effort": "low"}, Reasoning(effort="low")),
        ({"type": "enabled", "budget_tokens": 2000}, None, Reasoning(budget=2000)),
        ({"type": "adaptive", "display": "omitted"}, {"effort": "max"}, Reasoning(effort="max", shown=False)),
        ({"type": "disabled"}, None, Reasoning(enabled=False)),
        ({"type": "between_tools"}, None, Reasoning(enabled=False)),
    ],
)
def test_how_much_to_think(thinking: Any, config: Any, expected: Reasoning | None) -> None:
    fields = {name: value for name, value in (("thinking", thinking), ("output_config", config)) if value}
    assert read(**fields).reasoning == expected


def test_the_format_of_the_answer_in_both_places() -> None:
    format_ = {"type": "json_schema", "schema": {"type": "object"}}
    expected = ResponseFormat("json_schema", msgspec.Raw(b'{"type":"object"}'))
    assert read(output_format=format_).response_format == expected
    assert read(output_config={"format": format_}).response_format == expected


def test_a_mark_for_all_is_on_the_last_block_that_can_carry_it() -> None:
    control = {"type": "ephemeral", "ttl": "1h"}
    thought = [{"type": "text", "text": "Hm."}, {"type": "thinking", "thinking": "x", "signature": "s"}]
    asked = read(cache_control=control, messages=[*HELLO, {"role": "assistant", "content": thought}])
    assert asked.messages[-1].parts == (Text("Hm.", "1h"), Thinking("x", "s"))


def test_results_and_what_comes_with_them_are_messages_of_their_own() -> None:
    asked = read(
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "a"},
                    {"type": "tool_result", "tool_use_id": "b", "content": [{"type": "text", "text": "x"}]},
                    {"type": "text", "text": "y"},
                ],
            }
        ]
    )
    assert asked.messages == (
        Message("tool", (ToolResult("a", ()), ToolResult("b", (Text("x"),)))),
        Message("user", (Text("y"),)),
    )


def test_an_empty_system_prompt_is_none() -> None:
    assert read(system="").messages == read(system=[]).messages == read().messages


def test_empty_citations_are_none() -> None:
    assert one([{"type": "text", "text": "x", "citations": None}], "assistant").parts == (Text("x"),)
    assert one([{"type": "text", "text": "x", "citations": []}], "assistant").parts == (Text("x"),)


# -- round trips -----------------------------------------------------------------------------------------------------

names = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=12)
words = st.text(min_size=1, max_size=20).filter(lambda text: not text.isspace())
caches = st.sampled_from([None, "5m", "1h"])
objects = st.dictionaries(words, st.none() | st.integers(-9, 9) | words, max_size=3)
schemas = objects.map(lambda value: msgspec.Raw(msgspec.json.encode({"type": "object", "x": value})))
arguments = objects.map(lambda value: msgspec.json.encode(value).decode())

texts = st.builds(Text, words, caches)
images = st.builds(lambda data, cache: Image("image/png", data, cache=cache), words, caches) | st.builds(
    lambda url, cache: Image(url=url, cache=cache), words, caches
)
documents = st.builds(
    lambda text, name, context, citations, cache: Document(
        "text/plain", text=text, name=name, context=context, citations=citations, cache=cache
    ),
    words,
    st.none() | words,
    st.none() | words,
    st.booleans(),
    caches,
) | st.builds(lambda data: Document("application/pdf", data), words)
calls = st.builds(
    lambda id_, name, said, cache: ToolCall(id_, name, said, cache=cache), names, names, arguments, caches
)
results = st.builds(
    ToolResult, names, st.lists(texts | images | documents, max_size=2).map(tuple), st.booleans(), caches
)
thoughts = st.builds(Thinking, words, words) | st.builds(lambda data: Thinking("", sealed=data), words)


def message(role: Any, parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Message]:
    return st.builds(Message, st.just(role), st.lists(parts, min_size=1, max_size=3).map(tuple))


turns = st.lists(
    st.tuples(
        st.none() | message("tool", results),
        message("user", texts | images | documents),
        message("assistant", texts | thoughts | calls),
    ).map(lambda turn: [part for part in turn if part is not None]),
    max_size=3,
).map(lambda turns: [message for turn in turns for message in turn])


@st.composite
def conversations(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Conversation:
    """What the dialect can say whole, to a model that takes all of it."""
    system = draw(st.lists(message("system", texts), max_size=1))
    tools = tuple(draw(st.lists(st.builds(Tool, names, st.none() | words, schemas, st.none(), caches), max_size=3)))
    modes: st.SearchStrategy[Any] = st.sampled_from([ToolChoice("auto"), ToolChoice("none"), ToolChoice("required")])
    choice = draw(st.none() | modes | st.builds(lambda name: ToolChoice("named", name), names)) if tools else None
    single = choice is not None and choice.mode != "none" and draw(st.booleans())
    return Conversation(
        messages=(*system, *draw(turns), draw(message("user", texts))),
        stream=draw(st.booleans()),
        max_output_tokens=draw(st.integers(1, 10**6)),
        temperature=draw(st.none() | st.floats(0, 1)),
        top_p=draw(st.none() | st.floats(0, 1)),
        top_k=draw(st.none() | st.integers(1, 500)),
        stop=tuple(draw(st.lists(words, max_size=2))),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=False if single else None,
        service_tier=draw(st.sampled_from([None, "auto", "default"])),
        user=draw(st.none() | words),
    )


def merged(messages: tuple[Message, ...]) -> list[tuple[str, list[Part]]]:
    """Messages of one role in a row are one."""
    grouped = groupby(messages, key=lambda message: message.role)
    return [(role, [part for message in run for part in message.parts]) for role, run in grouped]


@given(conversations())
def test_what_is_asked_is_read_as_it_was_written(asked: Conversation) -> None:
    outgoing = ANTHROPIC.write_request(asked, "claude-3-7-sonnet", lenient=False)
    assert outgoing.dropped == ()
    read_back = ANTHROPIC.read_request(outgoing.body)
    replace = msgspec.structs.replace
    assert plain(replace(read_back, messages=())) == plain(replace(asked, messages=()))
    assert merged(read_back.messages) == merged(asked.messages)


@given(st.lists(texts.map(lambda text: Text(text.text)) | thoughts | calls, max_size=5), st.text(max_size=9))
def test_what_is_answered_is_read_as_it_was_written(parts: list[Part], name: str) -> None:
    parts = [msgspec.structs.replace(part, cache=None) if isinstance(part, ToolCall) else part for part in parts]
    answer = Answer(name, (Choice(tuple(parts), "stop"),), None)
    read_back = ANTHROPIC.read_answer(ANTHROPIC.write_answer(answer, Conversation(messages=()), "m"))
    assert msgspec.structs.replace(read_back, tokens=None) == answer
