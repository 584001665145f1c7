"""Turns, instructions, functions, images and documents, in the order and form that Gemini asks for."""

from __future__ import annotations

from typing import Any

import pytest
from tests.gateway.dialects.gemini_requests import EARLIER, HELLO, NEWER, NEWEST, ask, refused, said, sent

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
from control_layer.gateway.dialects.gemini.provider_messages import UNSIGNED
from control_layer.simulator.gemini.checks import signature

SIGNED = signature("f", {})


def texts(content: dict[str, Any]) -> list[str]:
    return [part.get("text", next(iter(part))) for part in content["parts"]]


def turns(body: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(content["role"], texts(content)) for content in body["contents"]]


# -- turns -------------------------------------------------------------------------------------------------------------


def test_turns_of_one_role_are_one_and_results_come_first() -> None:
    messages = (
        said("user", "a"),
        said("user", "b"),
        said("assistant", "c", ToolCall("t1", "f", "{}"), ToolCall("t2", "g", "")),
        said("user", "d"),
        said("tool", ToolResult("t2", (), is_error=True)),
        said("tool", ToolResult("t1", (Text("1"), Text("2")))),
        said("user", "e"),
    )
    body = sent(messages=messages)
    assert turns(body) == [
        ("user", ["a", "b"]),
        ("model", ["c", "functionCall", "functionCall"]),
        ("user", ["functionResponse", "functionResponse", "d", "e"]),
    ]
    assert [part["functionResponse"] for part in body["contents"][2]["parts"][:2]] == [
        {"name": "f", "response": {"output": "1\n\n2"}, "id": "t1"},
        {"name": "g", "response": {"error": ""}, "id": "t2"},
    ]


def test_all_instructions_are_one_prompt() -> None:
    messages = (
        said("system", "s1"),
        said("user", "u1"),
        said("developer", "s2", "s3"),
        said("user", "u2"),
        said("assistant", "a"),
        said("system", "s4"),
        said("user", "u3"),
    )
    body = sent(messages=messages)
    assert texts(body["systemInstruction"]) == ["s1", "s2", "s3", "s4"]
    assert "role" not in body["systemInstruction"]
    assert turns(body) == [("user", ["u1", "u2"]), ("model", ["a"]), ("user", ["u3"])]


def test_instructions_alone_are_asked() -> None:
    body = sent(messages=(said("system", "Tell a joke."),))
    assert "systemInstruction" not in body
    assert turns(body) == [("user", ["Tell a joke."])]


@pytest.mark.parametrize("model", ["gemma-3-27b-it", "models/gemma-3n-e4b-it"])
def test_models_that_take_no_instructions_hear_them_from_the_user(model: str) -> None:
    asked = (said("user", "a"), said("assistant", "b"), said("system", "Be brief."), said("user", "c"))
    body = sent(model, messages=asked)
    assert "systemInstruction" not in body
    assert turns(body) == [("user", ["Be brief.", "a"]), ("model", ["b"]), ("user", ["c"])]
    body = sent(model, messages=(said("system", "Be brief."), *asked[1:2], *asked[3:]))
    assert turns(body) == [("user", ["Be brief."]), ("model", ["b"]), ("user", ["c"])]
    assert "systemInstruction" in sent("gemma-4-31b-it", messages=asked)


def test_empty_texts_and_turns_are_left_out() -> None:
    messages = (said("user", "a", ""), said("assistant", ""), said("user", "b"))
    assert turns(sent(messages=messages)) == [("user", ["a", "b"])]


def test_earlier_models_go_on_with_an_answer() -> None:
    assert turns(sent(NEWER, messages=(*HELLO, said("assistant", "It is"))))[-1] == ("model", ["It is"])


def test_names_of_those_who_speak_are_left_out_and_listed() -> None:
    assert ask(messages=(Message("user", (Text("Hi"),), name="ana"),)).dropped == ("messages[0].name",)


# -- thoughts ----------------------------------------------------------------------------------------------------------


def test_only_geminis_signatures_are_sent_back_and_no_thoughts() -> None:
    thoughts = (
        Thinking("unsigned"),
        Thinking("Claude's", "EqQBCgIYAhIM"),
        Thinking("", sealed="ZGF0YQ=="),
        Thinking("first", f"gemini.{SIGNED}"),
        Text("No."),
        Thinking("", f"gemini.{SIGNED}"),
        Refusal("Never."),
    )
    body = sent(messages=(*HELLO, said("assistant", *thoughts), said("user", "Why?")))
    assert body["contents"][1]["parts"] == [
        {"text": "", "thoughtSignature": SIGNED},
        {"text": "No.", "thoughtSignature": SIGNED},
        {"text": "Never."},
    ]


@pytest.mark.parametrize(
    ("model", "given", "expected"),
    [
        (NEWER, (SIGNED, None), [SIGNED, None]),
        (NEWEST, (None, None), [UNSIGNED, None]),
        (NEWER, (None, SIGNED), [UNSIGNED, SIGNED]),
        (EARLIER, (None, None), [None, None]),
        (EARLIER, (SIGNED, None), [SIGNED, None]),
    ],
)
def test_the_first_call_of_a_turn_is_signed_where_the_model_wants_it(
    model: str, given: tuple[str | None, str | None], expected: list[str | None]
) -> None:
    calls = [ToolCall(f"t{place}", "f", "{}", signature) for place, signature in enumerate(given)]
    results = [ToolResult(call.id, ()) for call in calls]
    messages = (*HELLO, said("assistant", *calls), Message("tool", tuple(results)))
    parts = sent(model, messages=messages)["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == expected


# -- functions ---------------------------------------------------------------------------------------------------------


def test_arguments_that_are_no_object_are_wrapped() -> None:
    messages = (
        *HELLO,
        said("assistant", ToolCall("a", "f", '{"a": [1,2'), ToolCall("b", "f", "[1]"), ToolCall("c", "f", ' {"x":1} ')),
        said("tool", *(ToolResult(call, ()) for call in "abc")),
    )
    called = [part["functionCall"]["args"] for part in sent(messages=messages)["contents"][1]["parts"]]
    assert called == [{"INVALID_JSON": '{"a": [1,2'}, {"INVALID_JSON": "[1]"}, {"x": 1}]


def test_a_result_that_belongs_to_no_call_is_refused() -> None:
    messages = (*HELLO, said("tool", ToolResult("t9", (Text("x"),))))
    assert refused(messages=messages) == "messages[1].tool_call_id"
    assert turns(sent(lenient=True, messages=messages)) == [("user", ["Hello"])]


PICTURE = Image("image/png", "QQ==")


@pytest.mark.parametrize(
    ("model", "shown", "inside", "behind"),
    [
        (NEWER, PICTURE, 1, []),
        (NEWER, Image(url="https://e.org/a.png"), 0, ["Shown by the function f:", "fileData"]),
        (EARLIER, PICTURE, 0, ["Shown by the function f:", "inlineData"]),
    ],
)
def test_what_a_function_shows_stands_in_what_it_gave_or_behind(
    model: str, shown: Image, inside: int, behind: list[str]
) -> None:
    calls = said("assistant", ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}"))
    results = (ToolResult("a", (Text("See."), shown)), ToolResult("b", ()))
    messages = (*HELLO, calls, Message("tool", results), said("user", "Well?"))
    content = sent(model, messages=messages)["contents"][2]
    assert texts(content) == ["functionResponse", "functionResponse", *behind, "Well?"]
    response = content["parts"][0]["functionResponse"]
    assert response["response"] == {"output": "See."}
    assert len(response.get("parts", ())) == inside


# -- parts -------------------------------------------------------------------------------------------------------------


def inline(kind: str, data: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": kind, "data": data}}


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (Image("image/webp", "QQ=="), inline("image/webp", "QQ==")),
        (Image(data="QQ=="), inline("image/png", "QQ==")),
        (Image(url="https://e.org/a"), {"fileData": {"fileUri": "https://e.org/a"}}),
        (
            Image(url="https://e.org/a.JPG#x"),
            {"fileData": {"fileUri": "https://e.org/a.JPG#x", "mimeType": "image/jpeg"}},
        ),
        (
            Image(file_id="gs://b/a", media_type="image/heic"),
            {"fileData": {"fileUri": "gs://b/a", "mimeType": "image/heic"}},
        ),
        (Document("text/csv", "YSxi"), {"text": "a,b"}),
        (Document("application/json", "e30=", name="x.json"), {"text": "x.json\n\n{}"}),
        (Document("application/pdf; x=y", "JVBERi0="), inline("application/pdf", "JVBERi0=")),
        (Document("video/mp4", "QQ=="), inline("video/mp4", "QQ==")),
        (Audio("wav", "QQ=="), inline("audio/wav", "QQ==")),
        (Audio("wav", "QQ==", transcript="Hi"), {"text": "Hi"}),
    ],
)
def test_images_sound_and_documents_are_sent(part: Part, written: dict[str, Any]) -> None:
    assert sent(messages=(said("user", part),))["contents"][0]["parts"] == [written]


@pytest.mark.parametrize(
    ("role", "part"),
    [
        ("user", Audio("wav", "")),
        ("user", Document("application/zip", "QQ==")),
        ("user", Document("text/plain", "not base64")),
        ("user", Document("text/plain", "//4=")),
        ("user", Document(name="empty")),
        ("user", Document(file_id="file-of-another")),
        ("user", Image()),
        ("user", Image(file_id="file-of-another")),
        ("system", Document(text="rules")),
    ],
)
def test_parts_that_gemini_cannot_read_are_refused_by_their_place(role: Role, part: Part) -> None:
    assert refused(messages=(*HELLO, said(role, "x", part))) == "messages[1].content[1]"
    body = sent(lenient=True, messages=(*HELLO, said(role, "x", part)))
    assert "x" in [*texts(body["contents"][0]), *texts(body.get("systemInstruction", {"parts": []}))]


def test_who_asks_for_citations_is_told_that_there_are_none() -> None:
    assert ask(messages=(said("user", Document(text="Grass.", citations=True)),)).dropped == ("citations",)
