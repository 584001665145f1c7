"""What clients of the Responses API ask for, beyond the transcripts: mistakes, and what OpenAI keeps or runs itself."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.dialects.openai_responses_streams import AS_CLIENT
from tests.gateway.dialects.transcripts import plain

from control_layer.gateway.dialects.conversation import (
    Audio,
    Conversation,
    Message,
    Reasoning,
    Text,
    Thinking,
    ToolCall,
)
from control_layer.gateway.dialects.dialect import ProviderError, Unsupported
from control_layer.gateway.dialects.openai_responses.thoughts import content_of, thought_of

OUTPUT = {"type": "function_call_output", "call_id": "c"}
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}


def read(**fields: Any) -> Conversation:
    return AS_CLIENT.read_request(msgspec.json.encode({"model": "m", "input": "Hello"} | fields))


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"input": 7}, "$.input"),
        ({"input": [{"type": "message", "content": "x"}]}, "$.input[0]"),
        ({"input": [{"role": "robot", "content": "x"}]}, "$.input[0].role"),
        ({"input": [{"role": "user"}]}, "$.input[0]"),
        ({"input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}, "$.input[0].content[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "$.input[0].content[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "$.input[0].content[0]"),
        (
            {"input": [{"role": "assistant", "content": [{"type": "input_image", "image_url": "u"}]}]},
            "$.input[0].content[0]",
        ),
        ({"input": [{"type": "function_call", "name": "f", "arguments": "{}"}]}, "$.input[0]"),
        ({"input": [CALL, OUTPUT]}, "$.input[1]"),
        ({"input": [OUTPUT | {"output": [{"type": "refusal", "refusal": "x"}]}]}, "$.input[0].output[0]"),
        ({"input": [OUTPUT | {"output": {"x": 1}}]}, "$.input[0].output"),
        ({"tools": [{"type": "function"}]}, "$.tools[0]"),
        ({"tool_choice": "any"}, "$.tool_choice"),
        ({"tool_choice": {"type": "function"}}, "$.tool_choice"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "$.text.format"),
        ({"max_output_tokens": "10"}, "$.max_output_tokens"),
        ({"reasoning": {"effort": 7}}, "$.reasoning.effort"),
        ({"instructions": ["x"]}, "$.instructions"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        read(**fields)
    assert str(error.value).endswith(f"at `{place}`")


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": {"id": "conv_1"}}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"background": True}, "background"),
        ({"tool_choice": {"type": "file_search"}}, "tool_choice.type"),
        (
            {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "mcp"}]}},
            "tool_choice.tools.type",
        ),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0].type"),
        ({"input": [{"type": "web_search_call", "id": "ws_1"}]}, "input[0].type"),
        ({"input": [{"type": "compaction", "encrypted_content": "x"}]}, "input[0].type"),
    ],
)
def test_what_openai_keeps_or_runs_is_refused_by_name(fields: dict[str, Any], parameter: str) -> None:
    with pytest.raises(Unsupported) as refusal:
        read(**fields)
    assert refusal.value.parameter == parameter
    assert refusal.value.message.endswith(".")


def test_tools_that_openai_runs_are_told_from_the_clients_own() -> None:
    own = {"type": "function", "name": "f"}
    asked = read(tools=[{"type": "web_search"}, own, {"type": "mcp", "server_label": "x"}, {"type": "custom"}])
    assert [tool.name for tool in asked.tools] == ["f"]
    assert [parameter for parameter, _ in asked.unsayable] == ["tools[0].type", "tools[2].type", "tools[3].type"]
    assert all("Only OpenAI's own API" in message for _, message in asked.unsayable)


def test_what_is_not_asked_for_is_not_refused() -> None:
    quiet = {"store": False, "background": False, "previous_response_id": None, "conversation": None, "prompt": None}
    assert read(**quiet) == read() == Conversation(messages=(Message("user", (Text("Hello"),)),))


def test_fields_that_change_the_answer_are_told_from_those_that_do_not() -> None:
    asked = read(metadata={"a": "b"}, max_tool_calls=2, moderation={"model": "x"}, text={"verbosity": "high"})
    assert plain(asked.hints) == [["verbosity", "high"], ["metadata", {"a": "b"}], ["max_tool_calls", 2]]
    assert plain(asked.others) == [["moderation", {"model": "x"}]]


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({"reasoning": None}, None),
        ({"reasoning": {}}, None),
        ({"reasoning": {"effort": "high"}}, Reasoning(effort="high", shown=False)),
        ({"reasoning": {"effort": "none"}}, Reasoning(False, "none", shown=False)),
        ({"reasoning": {"summary": "auto"}}, Reasoning()),
        ({"reasoning": {"effort": "low", "generate_summary": "concise"}}, Reasoning(effort="low")),
    ],
)
def test_thoughts_are_shown_to_those_who_ask(fields: dict[str, Any], reasoning: Reasoning | None) -> None:
    assert read(**fields).reasoning == reasoning


def test_turns_of_the_assistant_are_put_together() -> None:
    items = [
        {"role": "user", "content": "x"},
        {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm"}]},
        {"role": "assistant", "content": "I look."},
        CALL,
        {"type": "function_call_output", "call_id": "c", "output": ""},
        CALL | {"call_id": "d"},
    ]
    messages = read(input=items).messages
    assert [message.role for message in messages] == ["user", "assistant", "tool", "assistant"]
    assert messages[1].parts == (Thinking("Hm"), Text("I look."), ToolCall("c", "f", "{}"))


def test_sound_is_heard() -> None:
    """The SDK's types do not have it, but the API's reference does."""
    sound = {"type": "input_audio", "input_audio": {"data": "eA==", "format": "mp3"}}
    assert read(input=[{"role": "user", "content": [sound]}]).messages[0].parts == (Audio("mp3", "eA=="),)


def test_what_others_have_encrypted_is_left_out() -> None:
    items = [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"},
        {"role": "user", "content": "x"},
    ]
    assert [message.role for message in read(input=items).messages] == ["user"]


@given(st.text(), st.none() | st.text(), st.none() | st.text(), st.booleans())
def test_a_thought_comes_back_as_it_was(text: str, signature: str | None, sealed: str | None, shown: bool) -> None:
    thought = Thinking(text, signature, sealed)
    content = content_of(thought, shown=shown)
    again = thought_of(content, text if shown else "")
    if content is not None:
        assert again == thought
    else:
        assert again == (Thinking(text) if shown and text else None)


@pytest.mark.parametrize(
    "content", ["thought.", "thought.x", "thought.💥", "thought." + urlsafe_b64encode(b"[]").decode()]
)
def test_a_thought_that_was_broken_on_its_way_is_its_words(content: str) -> None:
    assert thought_of(content, "Hm") == Thinking("Hm")
    assert thought_of(content, "") is None


def test_errors_have_openais_form() -> None:
    body = msgspec.json.decode(AS_CLIENT.write_error(400, ProviderError("Bad.", "invalid_value", None, "input")))
    error = {"message": "Bad.", "type": "invalid_request_error", "param": "input", "code": "invalid_value"}
    assert body == {"error": error}
