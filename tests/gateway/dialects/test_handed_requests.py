"""A client's own chat completion at servers with quirks: all of it stays, but for what they do not know."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from control_layer.gateway.dialects.openai_chat.handed_requests import handed_request
from control_layer.gateway.dialects.openai_chat.quirks import Quirks

HELLO = {"role": "user", "content": "Hello"}


def handed(quirks: Quirks, **fields: Any) -> dict[str, Any] | None:
    body = bytearray(msgspec.json.encode({"model": "alias", "messages": [HELLO]} | fields))
    outgoing = handed_request(body, "m", quirks)
    return None if outgoing is None else msgspec.json.decode(outgoing.body)


def said(quirks: Quirks, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    body = handed(quirks, messages=messages)
    assert body is not None
    return list(body["messages"])


def test_what_only_the_server_knows_reaches_it() -> None:
    """Fields of vLLM's, OpenRouter's, Mistral's and Groq's, at every level."""
    asked = {
        "messages": [
            {"role": "user", "content": [{"type": "video_url", "video_url": {"url": "u"}, "cache_control": {}}]},
            {"role": "assistant", "content": "So", "prefix": True, "partial": True},
        ],
        "tools": [{"type": "browser_search"}],
        "thinking": {"type": "disabled", "clear": True},
        "reasoning": {"exclude": True},
        "chat_template_kwargs": {"enable_thinking": False},
        "top_k": 7,
        "stop": None,
        "response_format": {"type": "regex", "regex": "a+"},
    }
    assert handed(Quirks(max_tokens_only=True), **asked) == {"model": "m", **asked}


def test_the_bound_of_the_answer_has_its_older_name() -> None:
    older = Quirks(max_tokens_only=True)
    assert handed(older, max_completion_tokens=7, max_tokens=9) == {"model": "m", "messages": [HELLO], "max_tokens": 7}
    assert handed(older, max_completion_tokens=None, max_tokens=9) == {
        "model": "m",
        "messages": [HELLO],
        "max_tokens": 9,
    }
    untouched = handed(Quirks(text_as_string=True), max_completion_tokens=7)
    assert untouched == {"model": "m", "messages": [HELLO], "max_completion_tokens": 7}


def test_streams_are_asked_to_count_where_they_can_be() -> None:
    asked = {"stream": True, "stream_options": {"include_obfuscation": False}}
    body = handed(Quirks(max_tokens_only=True), **asked)
    assert body is not None
    assert body["stream_options"] == {"include_obfuscation": False, "include_usage": True}
    body = handed(Quirks(max_tokens_only=True), stream=True, stream_options=None)
    assert body is not None
    assert body["stream_options"] == {"include_usage": True}
    assert "stream_options" not in (handed(Quirks(no_stream_options=True), **asked) or {})


def test_what_no_answer_depends_on_is_not_said_to_those_who_refuse_it() -> None:
    """Groq, Cerebras and Mistral refuse whatever they do not know."""
    idle = {"user": "u", "metadata": {}, "store": False, "prompt_cache_key": "k", "safety_identifier": "s"}
    asked = {"temperature": 0.5, "min_p": 0.1}
    outgoing = handed_request(
        msgspec.json.encode({"model": "alias", "messages": [HELLO], **idle, **asked}),
        "m",
        Quirks(known_fields_only=True),
    )
    assert outgoing is not None
    assert msgspec.json.decode(outgoing.body) == {"model": "m", "messages": [HELLO], **asked}
    assert outgoing.dropped == ("user",)
    assert handed(Quirks(max_tokens_only=True), **idle) == {"model": "m", "messages": [HELLO], **idle}


def test_developers_are_the_system_where_they_are_not_known() -> None:
    developer = {"role": "developer", "content": "Be brief.", "name": "n"}
    assert said(Quirks(no_developer_role=True), developer, HELLO) == [developer | {"role": "system"}, HELLO]
    assert said(Quirks(max_tokens_only=True), developer) == [developer]


def test_texts_are_one_string_where_they_must_be() -> None:
    words = [{"type": "text", "text": "One."}, {"type": "text", "text": "Two.", "cache_control": {}}]
    shown = [words[0], {"type": "image_url", "image_url": {"url": "u"}}]
    plain = Quirks(text_as_string=True)
    told = said(plain, *({"role": "user", "content": content} for content in (words, shown, "x", None)))
    assert [message["content"] for message in told] == ["One.\n\nTwo.", shown, "x", None]


def test_thoughts_go_back_only_to_those_who_take_them() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    thoughts = {"reasoning_content": "Hm", "reasoning": "Hm", "thinking_blocks": [], "reasoning_details": []}
    signed = call | {"extra_content": {"google": {"thought_signature": "g"}}}
    turn = {"role": "assistant", "content": None, **thoughts, "tool_calls": [signed]}
    assert said(Quirks(max_tokens_only=True), turn) == [{"role": "assistant", "content": None, "tool_calls": [call]}]
    assert said(Quirks(max_tokens_only=True, takes_thoughts=True), turn) == [turn]


@pytest.mark.parametrize(
    ("fields", "translated"),
    [
        ({"parallel_tool_calls": False}, True),
        ({"functions": [{"name": "f"}]}, True),
        ({"parallel_tool_calls": True}, False),
        ({"parallel_tool_calls": None, "functions": None}, False),
    ],
)
def test_what_concerns_the_answer_too_is_translated(fields: dict[str, Any], translated: bool) -> None:
    body = handed(Quirks(no_parallel_tool_calls=True), **fields)
    assert (body is None) is translated
    assert "parallel_tool_calls" not in (body or {})


@pytest.mark.parametrize("messages", ["x", ["x"], [{"role": "user"}, 7]])
def test_what_is_no_list_of_messages_is_told(messages: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.messages"):
        handed(Quirks(max_tokens_only=True), messages=messages)
