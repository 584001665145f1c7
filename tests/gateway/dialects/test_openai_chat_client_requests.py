"""What clients of chat completions ask for, beyond the transcripts: mistakes, what only OpenAI has, and round trips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.dialects.openai_chat_streams import AS_CLIENT, FAITHFUL
from tests.gateway.dialects.transcripts import plain

from control_layer.gateway.dialects.conversation import (
    Audio,
    Conversation,
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    Refusal,
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
FUNCTION = {"type": "function", "function": {"name": "f"}}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def read(**fields: Any) -> Conversation:
    return AS_CLIENT.read_request(msgspec.json.encode({"model": "m", "messages": HELLO} | fields))


@pytest.mark.parametrize(
    ("modalities", "wanted"),
    [
        (None, None),
        (["text"], None),
        (["image"], "only"),
        (["image", "text"], "with_text"),
        (["text", "image"], "with_text"),
    ],
)
def test_pictures_are_asked_for(modalities: list[str] | None, wanted: str | None) -> None:
    assert read(modalities=modalities).image_output == wanted


def test_speech_without_a_voice_is_a_mistake() -> None:
    with pytest.raises(msgspec.ValidationError, match="`audio`"):
        read(modalities=["audio"])
    assert read(modalities=["text"], audio={"voice": "coral", "format": "wav"}).audio_output is None


def test_pictures_of_the_assistant_are_read_with_what_was_signed() -> None:
    extra = {"google": {"thought_signature": "s"}}
    pictures = [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}, "extra_content": extra, "index": 0},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
    ]
    assert one(role="assistant", content="Here:", images=pictures).parts == (
        Text("Here:"),
        Image("image/png", "QQ==", signature="s"),
        Image(url="https://example.org/a.png"),
    )


def one(**message: Any) -> Message:
    (found,) = read(messages=[{"role": "user"} | message]).messages
    return found


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"messages": "Hello"}, "$.messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "$.messages[0].role"),
        ({"messages": [{"role": "user"}]}, "$.messages[0]"),
        ({"messages": [{"role": "user", "content": None}]}, "$.messages[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "$.messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "video_url"}]}]}, "$.messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]}, "$.messages[0].content[0].text"),
        (
            {"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}]},
            "$.messages[0].content[0]",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]}, "$.messages[0].content[0].file"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "$.messages[0]"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"id": "c", "type": "function"}]}]},
         "$.messages[0].tool_calls[0]"),
        ({"temperature": "hot"}, "$.temperature"),
        ({"n": 0}, "$.n"),
        ({"stop": 7}, "$.stop"),
        ({"max_completion_tokens": "10"}, "$.max_completion_tokens"),
        ({"tools": [{"type": "function"}]}, "$.tools[0]"),
        ({"tools": [FUNCTION], "tool_choice": "any"}, "$.tool_choice"),
        ({"tools": [FUNCTION], "tool_choice": {"type": "function"}}, "$.tool_choice"),
        ({"response_format": {"type": "xml"}}, "$.response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "$.response_format"),
        ({"reasoning_effort": 3}, "$.reasoning_effort"),
        ({"stream_options": {"include_usage": "yes"}}, "$.stream_options.include_usage"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        read(**fields)
    assert str(error.value).endswith(f"at `{place}`")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"{}"])
def test_what_is_no_request_is_told(body: bytes) -> None:
    with pytest.raises((msgspec.MsgspecError, UnicodeDecodeError)):
        AS_CLIENT.read_request(body)


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"tools": [FUNCTION], "tool_choice": {"type": "custom", "custom": {"name": "f"}}}, "tool_choice.type"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "c", "type": "custom", "custom": {}}]}]},
            "messages[0].tool_calls[0].type",
        ),
        ({"modalities": ["text", "video"]}, "modalities"),
    ],
)
def test_what_only_openai_knows_is_refused_by_name(fields: dict[str, Any], parameter: str) -> None:
    with pytest.raises(Unsupported) as refusal:
        read(**fields)
    assert refusal.value.parameter == parameter


def test_tools_of_other_types_are_told_from_functions() -> None:
    asked = read(tools=[{"type": "custom", "custom": {"name": "c"}}, FUNCTION])
    assert [tool.name for tool in asked.tools] == ["f"]
    assert [parameter for parameter, _ in asked.unsayable] == ["tools[0].type"]


def test_usage_in_streams_is_only_for_those_who_ask() -> None:
    assert not read(stream=True).include_usage
    assert not read(stream=True, stream_options={"include_usage": False}).include_usage
    assert read(stream=True, stream_options={"include_usage": True, "include_obfuscation": False}).include_usage


def test_the_newer_bound_goes_before_the_older() -> None:
    assert read(max_tokens=1).max_output_tokens == 1
    assert read(max_tokens=1, max_completion_tokens=2).max_output_tokens == 2


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({}, None),
        ({"reasoning_effort": "high"}, Reasoning(effort="high")),
        ({"reasoning_effort": "none"}, Reasoning(False, "none")),
        ({"reasoning": {"max_tokens": 2000, "exclude": True}}, Reasoning(budget=2000, shown=False)),
        ({"reasoning": {"enabled": False}}, Reasoning(False)),
        ({"reasoning": {"effort": "low"}}, Reasoning(effort="low")),
        ({"thinking": {"type": "enabled", "budget_tokens": 4000}}, Reasoning(budget=4000)),
        ({"thinking": {"type": "disabled"}}, Reasoning(False)),
        ({"thinking": {"type": "enabled"}, "reasoning_effort": "max"}, Reasoning(effort="max")),
    ],
)
def test_thinking_is_asked_for_in_many_ways(fields: dict[str, Any], reasoning: Reasoning | None) -> None:
    assert read(**fields).reasoning == reasoning


def test_fields_that_change_the_answer_are_told_from_those_that_do_not() -> None:
    asked = read(
        metadata={"a": "b"}, store=True, web_search_options={"x": 1}, min_p=0.1, prediction=None, logit_bias=None
    )
    assert plain(asked.hints) == [["metadata", {"a": "b"}], ["store", True]]
    assert plain(asked.others) == [["web_search_options", {"x": 1}], ["min_p", 0.1]]
    assert asked.logit_bias is None
    assert asked.dialect == "openai_chat"
    assert read().dialect is None


def test_the_web_is_searched_without_any_option_too() -> None:
    assert plain(read(web_search_options={}, metadata={}, moderation=None).others) == [["web_search_options", {}]]


def test_tools_that_may_not_be_called_are_not_shown() -> None:
    tools = [FUNCTION, {"type": "function", "function": {"name": "g"}}]
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [FUNCTION]}}
    asked = read(tools=tools, tool_choice=allowed)
    assert [tool.name for tool in asked.tools] == ["f"]
    assert asked.tool_choice == ToolChoice("required")


def test_a_tool_carries_its_mark() -> None:
    assert read(tools=[FUNCTION | {"cache_control": {"type": "ephemeral"}}]).tools == (Tool("f", cache="5m"),)


def test_pictures_in_urls_are_read() -> None:
    parts = [
        {"type": "image_url", "image_url": {"url": url}}
        for url in ("data:image/svg+xml,%3Csvg/%3E", "DATA:;base64,eA==")
    ]
    assert one(content=parts).parts == (Image("image/svg+xml", "PHN2Zy8+"), Image(None, "eA=="))


def test_files_are_data_urls_or_plain_base64() -> None:
    files = [
        {"file_data": "eA==", "filename": "a.PDF"},
        {"file_data": "eA==", "filename": "a.txt"},
        {"file_id": "file-1"},
    ]
    parts = one(content=[{"type": "file", "file": file} for file in files]).parts
    assert parts == (
        Document("application/pdf", "eA==", name="a.PDF"),
        Document(None, "eA==", name="a.txt"),
        Document(file_id="file-1"),
    )


def test_what_was_said_aloud_is_referred_to() -> None:
    assert one(role="assistant", audio={"id": "audio_1"}).parts == (Audio("", "", "audio_1"),)


def test_a_signature_beside_the_words_is_theirs() -> None:
    message = one(
        role="assistant", content=None, reasoning_content="Hm", thinking_blocks=[{"type": "thinking", "signature": "s"}]
    )
    assert message.parts == (Thinking("Hm", "s"),)


def test_results_of_the_older_functions_belong_to_the_call_before_them() -> None:
    messages = read(
        messages=[
            {"role": "function", "name": "f", "content": "early"},
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": None},
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "late"},
        ]
    ).messages
    assert [part.call_id for message in messages for part in message.parts if isinstance(part, ToolResult)] == [
        "call_f",
        "call_1",
        "call_3",
    ]
    assert [part.id for message in messages for part in message.parts if isinstance(part, ToolCall)] == [
        "call_1",
        "call_3",
    ]


# -- any request ----------------------------------------------------------------------------------------------------

words = st.text(min_size=1, max_size=6)
base64 = st.sampled_from(["", "eA==", "eHh4"])
schemas = st.sampled_from([msgspec.Raw(b'{"type":"object","properties":{}}'), msgspec.Raw(b'{"type":"object"}')])
texts = st.builds(Text, words)
images = st.builds(
    lambda data, detail: Image("image/png", data, detail=detail), base64, st.sampled_from([None, "low"])
) | st.builds(lambda name: Image(url=f"https://example.org/{len(name)}"), words)
documents = st.builds(lambda data, name: Document("application/pdf", data, name=name), base64, words) | st.builds(
    lambda name: Document(file_id=name), words
)
sounds = st.builds(lambda data: Audio("mp3", data), base64)
calls = st.builds(ToolCall, words, words, words, st.none() | words)
thoughts = st.builds(Thinking, words, words) | st.builds(lambda data: Thinking("", sealed=data), words)
results = st.builds(ToolResult, words, st.lists(texts, max_size=2).map(tuple))


@st.composite
def turns(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Message:
    role = draw(st.sampled_from(["system", "developer", "user", "assistant", "tool"]))
    name = draw(st.none() | words)
    parts: list[Part]
    match role:
        case "tool":
            return Message("tool", (draw(results),))
        case "user":
            parts = draw(st.lists(texts | images | documents | sounds, max_size=3))
        case "assistant":
            parts = draw(st.lists(thoughts, max_size=2)) or draw(st.lists(st.builds(Thinking, words), max_size=1))
            parts += draw(st.lists(texts | st.builds(Refusal, words), max_size=2))
            parts += draw(st.lists(calls, max_size=2))
        case _:
            parts = draw(st.lists(texts, max_size=2))
    return Message(role, tuple(parts), name)


numbers = st.none() | st.integers(1, 9)
fractions = st.none() | st.floats(0, 1)
tools = st.builds(Tool, words, st.none() | words, st.none() | schemas, st.none() | st.booleans())
conversations = st.builds(
    Conversation,
    messages=st.lists(turns(), max_size=4).map(tuple),
    include_usage=st.just(False),
    max_output_tokens=numbers,
    temperature=fractions,
    top_p=fractions,
    top_k=numbers,
    stop=st.lists(words, max_size=3).map(tuple),
    seed=numbers,
    choices=st.integers(1, 3),
    presence_penalty=fractions,
    frequency_penalty=fractions,
    logprobs=st.none() | st.integers(0, 5),
    logit_bias=st.none() | st.just(msgspec.Raw(b'{"7":1}')),
    tools=st.lists(tools, min_size=1, max_size=3).map(tuple),
    tool_choice=st.none()
    | st.builds(ToolChoice, st.sampled_from(["auto", "none", "required"]))
    | st.builds(ToolChoice, st.just("named"), words),
    parallel_tool_calls=st.none() | st.booleans(),
    response_format=st.none()
    | st.just(ResponseFormat("json_object"))
    | st.builds(ResponseFormat, st.just("json_schema"), schemas, words, st.none() | st.booleans(), st.none() | words),
    reasoning=st.none() | st.builds(Reasoning, effort=st.sampled_from(["low", "high", "xhigh"])),
    audio_output=st.none() | st.just(msgspec.Raw(b'{"voice":"coral"}')),
    service_tier=st.none() | words,
    user=st.none() | words,
    cache_key=st.none() | words,
    others=st.sampled_from([(), (("min_p", msgspec.Raw(b"0.5")),)]),
    hints=st.sampled_from([(), (("store", msgspec.Raw(b"true")),)]),
    dialect=st.just("openai_chat"),
)


@given(conversations)
def test_any_conversation_is_read_as_it_was_written(asked: Conversation) -> None:
    body = FAITHFUL.write_request(asked, "m", lenient=False).body
    again = AS_CLIENT.read_request(body)
    if not asked.others and not asked.hints:
        asked = msgspec.structs.replace(asked, dialect=None)
    assert plain(again) == plain(asked)
