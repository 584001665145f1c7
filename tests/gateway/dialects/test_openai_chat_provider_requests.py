"""What servers that speak OpenAI's chat dialect are sent of other APIs' requests, and what they cannot be."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from control_layer.contract.dialects import Quirk
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
    Role,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from control_layer.gateway.dialects.dialect import Outgoing, Unsupported
from control_layer.gateway.dialects.openai_chat import OpenAiChat, Quirks

HELLO = (Message("user", (Text("Hello"),)),)
TOOLS = (Tool("f"),)


def said(role: Role, *parts: Part | str) -> Message:
    return Message(role, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def ask(quirks: Quirks | None = None, *, model: str = "m", lenient: bool = False, **fields: Any) -> Outgoing:
    conversation = Conversation(**{"messages": HELLO} | fields)
    return OpenAiChat(quirks).write_request(conversation, model, lenient=lenient)


def sent(quirks: Quirks | None = None, **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(ask(quirks, **fields).body)
    return body


def messages(*turns: Message, quirks: Quirks | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sent(quirks, messages=turns)["messages"]
    return found


def test_the_least_is_the_model_and_the_messages() -> None:
    assert sent() == {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


def test_a_stream_is_asked_to_count_whoever_asks() -> None:
    """S3: what was used is known, whether the client wants to know it or not."""
    body = sent(stream=True, include_usage=False)
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})
    assert "stream_options" not in sent()


# -- quirks ---------------------------------------------------------------------------------------------------------


def test_quirks_have_names() -> None:
    quirks = Quirks.named(["max_tokens_only", "something_of_tomorrow", "no_stream_options"])
    assert quirks == Quirks(max_tokens_only=True, no_stream_options=True)
    assert set(Quirks.__struct_fields__) >= set(get_args(Quirk)), "those that an endpoint can be said to have"


def test_a_server_may_not_know_what_openai_knows() -> None:
    assert "stream_options" not in sent(Quirks(no_stream_options=True), stream=True)
    assert sent(max_output_tokens=7)["max_completion_tokens"] == 7
    old = sent(Quirks(max_tokens_only=True), max_output_tokens=7)
    assert (old["max_tokens"], old.get("max_completion_tokens")) == (7, None)
    developer = said("developer", "Be brief.")
    assert messages(developer)[0]["role"] == "developer"
    assert messages(developer, quirks=Quirks(no_developer_role=True))[0]["role"] == "system"


def test_calls_one_at_a_time_are_seen_to_here_where_they_cannot_be_asked_for() -> None:
    quirks = Quirks(no_parallel_tool_calls=True)
    for asked in (True, False):
        assert "parallel_tool_calls" not in sent(quirks, tools=TOOLS, parallel_tool_calls=asked)
        assert ask(quirks, tools=TOOLS, parallel_tool_calls=asked).first_call_only is not asked
        assert not ask(tools=TOOLS, parallel_tool_calls=asked).first_call_only


def test_texts_are_parts_or_one_string() -> None:
    two = said("system", "One.", "Two.")
    assert messages(two)[0]["content"] == [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]
    assert messages(two, quirks=Quirks(text_as_string=True))[0]["content"] == "One.\n\nTwo."
    with_image = said("user", "One.", Image(url="u"))
    assert len(messages(with_image, quirks=Quirks(text_as_string=True))[0]["content"]) == 2


def test_top_k_is_refused_but_where_it_is_known() -> None:
    with pytest.raises(Unsupported) as refusal:
        ask(top_k=5)
    assert refusal.value.parameter == "top_k"
    assert ask(top_k=5, lenient=True).dropped == ("top_k",)
    assert sent(Quirks(takes_top_k=True), top_k=5)["top_k"] == 5


def test_thoughts_go_back_only_to_those_who_take_them() -> None:
    turn = said("assistant", Thinking("Hm", "s"), Thinking("", sealed="x"), ToolCall("c", "f", "{}", "g"))
    (without,) = messages(turn)
    assert set(without) == {"role", "content", "tool_calls"}
    assert "extra_content" not in without["tool_calls"][0]
    (with_thoughts,) = messages(turn, quirks=Quirks(takes_thoughts=True))
    assert with_thoughts["reasoning_content"] == "Hm"
    assert [block["type"] for block in with_thoughts["thinking_blocks"]] == ["thinking", "redacted_thinking"]
    assert with_thoughts["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "g"}}


# -- messages -------------------------------------------------------------------------------------------------------


def test_each_result_is_a_message_and_what_it_shows_is_the_users() -> None:
    picture, paper = Image("image/png", "eA=="), Document("application/pdf", "eA==", name="a.pdf")
    turns = messages(
        said("assistant", ToolCall("a", "f", ""), ToolCall("b", "f", "{}")),
        said("tool", ToolResult("a", (Text("Look:"), picture)), ToolResult("b", (paper,))),
        said("user", "Well?"),
    )
    assert [turn["role"] for turn in turns] == ["assistant", "tool", "tool", "user", "user"]
    assert turns[0]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert turns[1]["content"] == "Look:"
    assert turns[2]["content"] == "See the next message of the user."
    assert [part["type"] for part in turns[3]["content"]] == ["text", "image_url", "text", "file"]
    assert turns[3]["content"][0]["text"] == "Shown by the tool call a:"
    assert turns[4] == {"role": "user", "content": "Well?"}


def test_what_the_last_tool_shows_is_not_forgotten() -> None:
    turns = messages(said("tool", ToolResult("a", (Image(url="u"),))))
    assert [turn["role"] for turn in turns] == ["tool", "user"]


def test_a_result_without_words_is_an_empty_text() -> None:
    assert messages(said("tool", ToolResult("a", ())))[0]["content"] == ""


def test_an_error_of_a_tool_is_a_result_like_any_other() -> None:
    outgoing = ask(messages=(said("tool", ToolResult("a", (Text("Broken."),), is_error=True)),))
    assert msgspec.json.decode(outgoing.body)["messages"][0]["content"] == "Broken."
    assert outgoing.dropped == ("tool_result.is_error",)


def test_what_the_assistant_said_keeps_its_kinds() -> None:
    spoken = said("assistant", Audio("", "", "audio_1"))
    assert messages(spoken) == [{"role": "assistant", "content": None, "audio": {"id": "audio_1"}}]
    assert messages(said("assistant", Audio("wav", "eA==", transcript="Yes"))) == [
        {"role": "assistant", "content": "Yes"}
    ]
    both = messages(said("assistant", "Well, ", Refusal("no.")))[0]["content"]
    assert both == [{"type": "text", "text": "Well, "}, {"type": "refusal", "refusal": "no."}]
    assert messages(said("assistant", Thinking("Hm"))) == [{"role": "assistant", "content": ""}]


def test_documents_are_files_or_words() -> None:
    plain = Document("text/plain", text="Long.", name="A", context="Old")
    (turn,) = messages(said("user", plain, Document("text/csv", "eA=="), Document(file_id="f")))
    assert turn["content"] == [
        {"type": "text", "text": "A\n\nOld\n\nLong."},
        {"type": "file", "file": {"file_data": "data:text/csv;base64,eA==", "filename": "document"}},
        {"type": "file", "file": {"file_id": "f"}},
    ]
    assert ask(messages=(said("user", Document(text="x", citations=True)),)).dropped == ("citations",)


def test_what_is_said_of_a_file_stands_before_it() -> None:
    paper = Document("application/pdf", "eA==", name="a.pdf", context="The draft of May.")
    (asked,) = messages(said("user", paper, "Well?"))
    assert [part["type"] for part in asked["content"]] == ["text", "file", "text"]
    assert asked["content"][0]["text"] == "The draft of May."
    result, shown = messages(said("tool", ToolResult("a", (paper,))))
    assert result["content"] == "The draft of May."
    assert [part["type"] for part in shown["content"]] == ["text", "file"]


@pytest.mark.parametrize(
    ("turn", "parameter"),
    [
        (said("user", "x", Document(url="u")), "messages[0].content[1]"),
        (said("user", Image(file_id="f")), "messages[0].content[0]"),
        (said("assistant", Image(url="u")), "messages[0].content[0]"),
        (said("tool", ToolResult("a", (Document(url="u"),))), "messages[0].content[0]"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_its_place(turn: Message, parameter: str) -> None:
    with pytest.raises(Unsupported) as refusal:
        ask(messages=(turn,))
    assert refusal.value.parameter == parameter
    assert ask(messages=(turn,), lenient=True).dropped == (parameter,)


# -- the rest -------------------------------------------------------------------------------------------------------


def test_choices_of_tools_go_with_tools_only() -> None:
    choice = ToolChoice("named", "f")
    assert sent(tools=TOOLS, tool_choice=choice)["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert sent(tools=TOOLS)["tools"] == [{"type": "function", "function": {"name": "f"}}]
    assert set(sent(tool_choice=choice, parallel_tool_calls=False)) == {"model", "messages"}


def test_a_form_has_a_name() -> None:
    schema = ResponseFormat("json_schema", msgspec.Raw(b"{}"))
    assert sent(response_format=schema)["response_format"]["json_schema"] == {"name": "answer", "schema": {}}
    assert sent(response_format=ResponseFormat("json_schema"))["response_format"] == {"type": "json_object"}


_CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


@pytest.mark.parametrize(
    ("model", "schema", "fields", "strict"),
    [
        ("gpt-5.4", _CLOSED, {}, True),
        ("gpt-5.4", _CLOSED, {"name": "n"}, None),
        ("gpt-5.4", _CLOSED, {"strict": False}, False),
        ("llama", _CLOSED, {}, None),
        ("gpt-5.4", _CLOSED | {"properties": {"a": {"type": "array", "items": _CLOSED}}}, {}, True),
        ("gpt-5.4", _CLOSED | {"properties": {"a": {"anyOf": [_CLOSED, {"type": "null"}]}}}, {}, True),
        ("gpt-5.4", _CLOSED | {"properties": {"a": {"type": "string", "format": "date"}}}, {}, True),
        ("gpt-5.4", _CLOSED | {"properties": {"a": {"type": "string", "format": "uri"}}}, {}, None),
        ("gpt-5.4", _CLOSED | {"required": []}, {}, None),
        ("gpt-5.4", _CLOSED | {"additionalProperties": True}, {}, None),
        ("gpt-5.4", _CLOSED | {"properties": {"a": {"type": "object"}}}, {}, None),
        ("gpt-5.4", _CLOSED | {"allOf": [{}]}, {}, None),
        ("gpt-5.4", _CLOSED | {"properties": ["a"]}, {}, None),
        ("gpt-5.4", {"anyOf": [_CLOSED]}, {}, None),
        ("gpt-5.4", {}, {}, None),
    ],
)
def test_a_form_that_its_dialect_keeps_to_is_kept_to_where_it_can_be(
    model: str, schema: dict[str, Any], fields: dict[str, Any], strict: bool | None
) -> None:
    """Anthropic's API keeps to every schema, and OpenAI's to those that are strict."""
    form = ResponseFormat("json_schema", msgspec.Raw(msgspec.json.encode(schema)), **fields)
    said = msgspec.json.decode(ask(model=model, response_format=form).body)["response_format"]["json_schema"]
    assert said.get("strict") is strict
    assert said["schema"] == schema


def test_what_no_answer_depends_on_is_not_said_to_those_who_refuse_it() -> None:
    hints = (("metadata", msgspec.Raw(b'{"a":"b"}')), ("verbosity", msgspec.Raw(b'"low"')))
    asked: dict[str, Any] = {"user": "u", "cache_key": "k", "hints": hints}
    assert sent(**asked).keys() == {"model", "messages", "user", "prompt_cache_key", "metadata", "verbosity"}
    outgoing = ask(Quirks(known_fields_only=True), **asked)
    assert msgspec.json.decode(outgoing.body).keys() == {"model", "messages"}
    assert outgoing.dropped == ("user",)


def test_a_user_who_is_said_at_length_is_a_digest() -> None:
    """OpenAI takes 64 characters, and coding agents say more."""
    assert sent(user="u" * 64)["user"] == "u" * 64
    one, other = (sent(user=f'{{"device_id":"{"0" * 64}","session_id":"{session}"}}')["user"] for session in "ab")
    assert one != other
    assert len(one) == len(other) == 64
    assert one.isalnum()


@pytest.mark.parametrize(
    ("model", "reasoning", "effort", "dropped"),
    [
        ("gpt-5.4", Reasoning(effort="xhigh"), "xhigh", ()),
        ("gpt-5.4", Reasoning(effort="max"), "xhigh", ()),
        ("gpt-5.6", Reasoning(effort="max"), "max", ()),
        ("gpt-6-astra", Reasoning(effort="xhigh"), "xhigh", ()),
        ("gpt-5.1", Reasoning(effort="xhigh"), "high", ()),
        ("gpt-5.1-codex-max", Reasoning(effort="xhigh"), "xhigh", ()),
        ("o3", Reasoning(effort="max"), "high", ()),
        ("llama", Reasoning(effort="max"), "max", ()),
        ("gpt-5.4", Reasoning(), None, ()),
        ("gpt-5.4", Reasoning(budget=1024), "low", ()),
        ("o3-mini", Reasoning(budget=10_000), "medium", ()),
        ("llama", Reasoning(budget=100_000), "high", ()),
        ("llama", Reasoning(effort="medium", budget=9), "medium", ()),
        ("gpt-4o", Reasoning(budget=1024), None, ("reasoning_effort",)),
        ("gpt-4o", Reasoning(effort="high"), None, ("reasoning_effort",)),
        ("gpt-4o", Reasoning(False), None, ()),
        ("gpt-5.4", Reasoning(False), "none", ()),
        ("openai/gpt-5-mini", Reasoning(False), "minimal", ("reasoning_effort",)),
        ("o3", Reasoning(False), "low", ("reasoning_effort",)),
        ("llama", Reasoning(False), None, ("reasoning_effort",)),
        ("llama", Reasoning(False, "none"), "none", ()),
    ],
)
def test_how_much_to_think_is_an_effort(
    model: str, reasoning: Reasoning, effort: str | None, dropped: tuple[str, ...]
) -> None:
    outgoing = ask(model=model, reasoning=reasoning)
    assert msgspec.json.decode(outgoing.body).get("reasoning_effort") == effort
    assert outgoing.dropped == dropped


@pytest.mark.parametrize(
    ("model", "reasoning", "effort", "dropped"),
    [
        ("gpt-5.3", Reasoning(effort="high"), "high", ()),
        ("gpt-5.4", Reasoning(effort="high"), None, ("reasoning_effort",)),
        ("gpt-5.4", None, None, ()),
        ("gpt-5.4", Reasoning(False), None, ()),
        ("gpt-5.6-terra", Reasoning(budget=2000), "none", ("reasoning_effort",)),
        ("gpt-5.6-terra", None, "none", ()),
        ("gpt-6-astra", Reasoning(effort="none"), "none", ()),
        ("openai/gpt-5.6", Reasoning(effort="high"), "high", ()),
        ("llama", Reasoning(effort="high"), "high", ()),
    ],
)
def test_openais_models_do_not_think_beside_tools_in_chat_completions(
    model: str, reasoning: Reasoning | None, effort: str | None, dropped: tuple[str, ...]
) -> None:
    """They refuse it with a 400 from GPT-5.4 on."""
    outgoing = ask(model=model, reasoning=reasoning, tools=TOOLS)
    assert msgspec.json.decode(outgoing.body).get("reasoning_effort") == effort
    assert outgoing.dropped == dropped


def test_fields_of_another_dialect_are_refused_and_hints_that_are_known_are_said() -> None:
    others = (("container", msgspec.Raw(b'"c"')),)
    with pytest.raises(Unsupported) as refusal:
        ask(others=others, dialect="other")
    assert refusal.value.parameter == "container"
    assert ask(others=others, lenient=True).dropped == ("container",)
    assert sent(others=others, dialect="openai_chat")["container"] == "c"
    hints = (("metadata", msgspec.Raw(b'{"a":"b"}')), ("truncation", msgspec.Raw(b'"auto"')))
    assert sent(hints=hints, dialect="other").keys() == {"model", "messages", "metadata"}
