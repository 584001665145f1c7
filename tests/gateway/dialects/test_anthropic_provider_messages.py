"""Turns, instructions, images and documents, in the order and form that Anthropic asks for."""

from __future__ import annotations

from typing import Any

import pytest
from tests.gateway.dialects.anthropic_requests import EARLIER, HELLO, NEWER, ask, refused, said, sent, texts

from control_layer.gateway.dialects.conversation import (
    Audio,
    Document,
    Image,
    Message,
    Part,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)

# -- turns -------------------------------------------------------------------------------------------------------------


def test_turns_of_one_role_are_one_and_results_come_first() -> None:
    messages = (
        said("user", "a"),
        said("user", "b"),
        said("assistant", "c", ToolCall("t1", "f", "{}"), ToolCall("t2", "f", "")),
        said("user", "d"),
        said("tool", ToolResult("t1", (Text("1"),))),
        said("tool", ToolResult("t2", (), is_error=True)),
        said("user", "e"),
    )
    body = sent(messages=messages)
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert texts(body["messages"][0]) == ["a", "b"]
    assert texts(body["messages"][2]) == ["tool_result", "tool_result", "d", "e"]
    assert body["messages"][2]["content"][1] == {"type": "tool_result", "tool_use_id": "t2", "is_error": True}


INSTRUCTED = (
    said("system", "s1"),
    said("developer", "s2"),
    said("user", "u1"),
    said("developer", "s3"),
    said("user", "u2"),
    said("assistant", "a1"),
    said("system", "s4"),
    said("user", "u3"),
    said("system", "s5"),
)


def test_older_models_have_all_instructions_at_the_beginning() -> None:
    body = sent(EARLIER, messages=INSTRUCTED)
    assert [block["text"] for block in body["system"]] == ["s1", "s2", "s3", "s4", "s5"]
    assert [(m["role"], texts(m)) for m in body["messages"]] == [
        ("user", ["u1", "u2"]),
        ("assistant", ["a1"]),
        ("user", ["u3"]),
    ]


def test_newer_models_have_later_instructions_behind_the_turn_that_they_are_in() -> None:
    body = sent(NEWER, messages=INSTRUCTED)
    assert [block["text"] for block in body["system"]] == ["s1", "s2"]
    assert [(m["role"], texts(m)) for m in body["messages"]] == [
        ("user", ["u1", "u2"]),
        ("system", ["s3"]),
        ("assistant", ["a1"]),
        ("user", ["u3"]),
        ("system", ["s4", "s5"]),
    ]


def test_instructions_that_no_turn_of_the_users_follows_end_the_system_prompt() -> None:
    body = sent(NEWER, messages=(said("system", "s1"), said("user", "u"), said("assistant", "a"), said("system", "s2")))
    assert [block["text"] for block in body["system"]] == ["s1", "s2"]


def test_instructions_alone_are_asked() -> None:
    body = sent(messages=(said("system", "Tell a joke."),))
    assert "system" not in body
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Tell a joke."}]}]


def test_empty_texts_and_turns_are_left_out() -> None:
    messages = (said("user", "a", "", " \n"), said("assistant", ""), said("user", "b"))
    assert [texts(message) for message in sent(messages=messages)["messages"]] == [["a", "b"]]


def test_an_answer_that_is_begun_does_not_end_with_white_space() -> None:
    body = sent("claude-haiku-4-5", messages=(*HELLO, said("assistant", "The best is ( \n")))
    assert texts(body["messages"][-1]) == ["The best is ("]


def test_only_signed_thoughts_are_sent_back() -> None:
    others = Thinking("Gemini's", "gemini.c2ln")
    thoughts = (Thinking("unsigned"), others, Thinking("signed", "c2ln"), Thinking("", sealed="ZGF0YQ=="))
    body = sent(messages=(*HELLO, said("assistant", *thoughts, Refusal("No.")), said("user", "Why?")))
    assert body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "signed", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZGF0YQ=="},
        {"type": "text", "text": "No."},
    ]


def test_calls_of_other_providers_keep_their_results() -> None:
    given = "call:1/ž"
    messages = (
        *HELLO,
        said("assistant", ToolCall(given, "f", '{"a": [1,2'), ToolCall("ok_2", "f", "[1]")),
        said("tool", ToolResult(given, (Text("x"),)), ToolResult("ok_2", (Text("y"),))),
    )
    _, calls, results = sent(messages=messages)["messages"]
    ids = [call["id"] for call in calls["content"]]
    assert ids == [result["tool_use_id"] for result in results["content"]]
    assert ids[0].startswith("call_1__")
    assert ids[1] == "ok_2"
    assert [call["input"] for call in calls["content"]] == [{"INVALID_JSON": '{"a": [1,2'}, {"INVALID_JSON": "[1]"}]


def test_names_of_those_who_speak_are_left_out_and_listed() -> None:
    outgoing = ask(messages=(Message("user", (Text("Hi"),), name="ana"),))
    assert outgoing.dropped == ("messages[0].name",)


# -- parts -------------------------------------------------------------------------------------------------------------


def base64(media_type: str, data: str) -> dict[str, str]:
    return {"type": "base64", "media_type": media_type, "data": data}


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (Image("image/png", "QQ=="), {"source": base64("image/png", "QQ==")}),
        (Image(url="https://e.org/a.png", detail="high"), {"source": {"type": "url", "url": "https://e.org/a.png"}}),
        (Image(file_id="file_1"), {"source": {"type": "file", "file_id": "file_1"}}),
        (
            Document("text/markdown", "IyBI", name="a.md"),
            {"source": {"type": "text", "data": "# H", "media_type": "text/plain"}, "title": "a.md"},
        ),
        (Document(data="JVBERi0="), {"source": base64("application/pdf", "JVBERi0=")}),
        (Document("application/pdf; x=y", "JVBERi0="), {"source": base64("application/pdf", "JVBERi0=")}),
        (Audio("wav", "QQ==", transcript="Hi"), {"type": "text", "text": "Hi"}),
    ],
)
def test_images_and_documents_are_sent(part: Part, block: dict[str, Any]) -> None:
    (written,) = sent(messages=(said("user", part),))["messages"][0]["content"]
    assert written == {"type": written["type"]} | block


@pytest.mark.parametrize(
    ("role", "part"),
    [
        ("user", Audio("wav", "QQ==")),
        ("user", Document("application/zip", "QQ==")),
        ("user", Document("text/plain", "not base64")),
        ("user", Document("text/plain", "//4=")),
        ("user", Document(name="empty")),
        ("user", Image()),
        ("assistant", Image(url="https://e.org/a.png")),
        ("system", Document(text="rules")),
    ],
)
def test_parts_that_claude_cannot_read_are_refused_by_their_place(role: Role, part: Part) -> None:
    assert refused(messages=(*HELLO, said(role, "x", part))) == "messages[1].content[1]"
    body = sent(lenient=True, messages=(*HELLO, said(role, "x", part)))
    assert "x" in [text for message in body["messages"] for text in texts(message)] + [
        block["text"] for block in body.get("system", ())
    ]


def test_a_picture_has_the_type_that_anthropic_knows() -> None:
    """OpenAI's API takes `image/jpg` too."""
    (message,) = sent(messages=(said("user", Image("image/jpg", "eA=="), Image("IMAGE/PNG", "eA==")),))["messages"]
    assert [block["source"]["media_type"] for block in message["content"]] == ["image/jpeg", "image/png"]
