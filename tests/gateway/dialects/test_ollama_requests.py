"""Messages, tools and parameters for Ollama, and what is refused by name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.gateway.dialects.ollama_requests import HELLO, ask, judged, refused, said, sent

from control_layer.gateway.dialects.conversation import (
    Audio,
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

TOOLS = (Tool("f"), Tool("g", strict=True))
PICTURE = Image("image/png", "QQ==")


# -- messages --------------------------------------------------------------------------------------------------------


def test_a_request_that_says_nothing_more_is_short() -> None:
    body = {"model": "llama4", "stream": False, "messages": [{"role": "user", "content": "Hello"}]}
    assert sent() == body
    assert sent(stream=True) == body | {"stream": True}
    assert ask().path == "/api/chat"


def test_each_message_is_one_text_with_its_pictures() -> None:
    messages = (
        said("developer", "s"),
        said("user", "a", PICTURE, Document(text="Grass.", name="Colours"), ""),
        said("assistant", Thinking("Hm."), "b", Refusal("No.")),
        said("assistant", ""),
        said("user", PICTURE),
        said("system", "later"),
    )
    assert sent(messages=messages)["messages"] == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "a\n\nColours\n\nGrass.", "images": ["QQ=="]},
        {"role": "assistant", "content": "b\n\nNo.", "thinking": "Hm."},
        {"role": "user", "content": "", "images": ["QQ=="]},
        {"role": "system", "content": "later"},
    ]


def test_what_tools_gave_has_their_names_and_what_they_show_stands_behind() -> None:
    messages = (
        *HELLO,
        said("assistant", ToolCall("t1", "f", '{"x":1}'), ToolCall("t2", "g", "[1")),
        said("tool", ToolResult("t1", (PICTURE,)), ToolResult("t2", (Text("2"), PICTURE), is_error=True)),
        said("tool", ToolResult("t3", (Text("3"),))),
        said("user", "Well?"),
    )
    outgoing = ask(messages=messages)
    assert outgoing.dropped == ("tool_result.is_error",)
    assert judged(outgoing)["messages"][1:] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"function": {"name": "f", "arguments": {"x": 1}}, "id": "t1"},
                {"function": {"name": "g", "arguments": {"INVALID_JSON": "[1"}}, "id": "t2"},
            ],
        },
        {"role": "tool", "content": "See the next message of the user.", "tool_name": "f", "tool_call_id": "t1"},
        {"role": "tool", "content": "2", "tool_name": "g", "tool_call_id": "t2"},
        {"role": "tool", "content": "3", "tool_call_id": "t3"},
        {
            "role": "user",
            "content": "Shown by the tool f.\n\nShown by the tool g.",
            "images": ["QQ==", "QQ=="],
        },
        {"role": "user", "content": "Well?"},
    ]


@pytest.mark.parametrize(
    "part",
    [
        Image(url="https://e.org/a.png"),
        Image(file_id="file_1"),
        Audio("wav", "QQ=="),
        Document("application/pdf", "JVBERi0="),
        Document("text/plain", "//4="),
        Document(url="https://e.org/a.pdf"),
        Document(file_id="file_1"),
    ],
)
def test_parts_that_ollama_cannot_read_are_refused_by_their_place(part: Part) -> None:
    assert refused(messages=(*HELLO, said("user", "x", part))) == "messages[1].content[1]"
    shown = (*HELLO, said("assistant", ToolCall("t", "f", "")), said("tool", ToolResult("t", (Text("x"), _of(part)))))
    assert refused(messages=shown) == "messages[2].content[0]"
    assert sent(lenient=True, messages=(*HELLO, said("user", "x", part)))["messages"][1]["content"] == "x"


def _of(part: Part) -> Image | Document:
    return part if isinstance(part, Image | Document) else Image()


def test_names_and_citations_are_left_out_and_listed() -> None:
    messages = (Message("user", (Document("text/plain", "YQ==", citations=True),), name="ana"),)
    assert ask(messages=messages, user="u").dropped == ("user", "messages[0].name", "citations")


# -- tools and forms -------------------------------------------------------------------------------------------------


def test_tools_are_shown_unless_none_may_be_called() -> None:
    outgoing = ask(tools=TOOLS, tool_choice=ToolChoice("auto"), parallel_tool_calls=True)
    assert outgoing.dropped == ("tools[1].function.strict",)
    assert [tool["function"]["name"] for tool in judged(outgoing)["tools"]] == ["f", "g"]
    assert judged(outgoing)["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {}}
    assert "tools" not in sent(tools=TOOLS, tool_choice=ToolChoice("none"), parallel_tool_calls=False)


@pytest.mark.parametrize("asked", [None, True, False])
def test_one_call_at_a_time_is_seen_to_here(asked: bool | None) -> None:
    assert ask(tools=TOOLS, parallel_tool_calls=asked).first_call_only is (asked is False)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (None, None),
        (ResponseFormat("json_object"), "json"),
        (ResponseFormat("json_schema", msgspec.Raw(b'{"type":"object"}')), {"type": "object"}),
    ],
)
def test_the_form_of_an_answer(wanted: ResponseFormat | None, expected: Any) -> None:
    assert sent(response_format=wanted).get("format") == expected


@pytest.mark.parametrize(
    ("reasoning", "expected"),
    [
        (None, None),
        (Reasoning(), True),
        (Reasoning(enabled=False), False),
        (Reasoning(effort="none"), False),
        (Reasoning(effort="minimal"), "low"),
        (Reasoning(effort="medium"), "medium"),
        (Reasoning(effort="xhigh"), "high"),
        (Reasoning(budget=4096), "low"),
        (Reasoning(budget=4097), "medium"),
        (Reasoning(budget=10**6), "high"),
    ],
)
def test_how_much_a_model_thinks(reasoning: Reasoning | None, expected: Any) -> None:
    assert sent(reasoning=reasoning).get("think") == expected


@pytest.mark.parametrize(
    ("wanted", "expected"), [(None, {}), (0, {"logprobs": True}), (2, {"logprobs": True, "top_logprobs": 2})]
)
def test_probabilities(wanted: int | None, expected: dict[str, Any]) -> None:
    body = sent(logprobs=wanted)
    assert {name: body[name] for name in ("logprobs", "top_logprobs") if name in body} == expected


# -- what Ollama has no word for -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "fields"),
    [
        ("n", {"choices": 2}),
        ("logit_bias", {"logit_bias": msgspec.Raw(b'{"5":1}')}),
        ("audio", {"audio_output": msgspec.Raw(b'{"voice":"alloy"}')}),
        ("service_tier", {"service_tier": "flex"}),
        ("tool_choice", {"tools": TOOLS, "tool_choice": ToolChoice("required")}),
        ("tool_choice", {"tools": TOOLS, "tool_choice": ToolChoice("named", "f")}),
        ("keep_alive", {"others": (("keep_alive", msgspec.Raw(b"0")),)}),
    ],
)
def test_what_ollama_cannot_do_is_refused_by_name(parameter: str, fields: dict[str, Any]) -> None:
    assert refused(**fields) == parameter
    sent(lenient=True, **fields)
