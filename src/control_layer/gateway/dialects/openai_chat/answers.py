"""Whole chat completions, read from a provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from control_layer.gateway.dialects.conversation import (
    Answer,
    Audio,
    Choice,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
)
from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.openai_chat.errors import error_of
from control_layer.gateway.dialects.openai_chat.requests import NOTHING
from control_layer.gateway.dialects.openai_chat.said import (
    Said,
    arguments_of,
    call_id,
    finish_of,
    pictures_in,
    some,
    stop_sequence_of,
    text_of,
    texts_in,
    thought_in,
)
from control_layer.gateway.dialects.surrogates import decoded
from control_layer.gateway.usage import from_object

__all__ = ["created_of", "read_answer"]


class _Choice(msgspec.Struct):
    index: int = 0
    message: Said | None = None
    finish_reason: Any = None
    stop_reason: Any = None
    matched_stop: Any = None
    logprobs: msgspec.Raw = NOTHING


class _Completion(msgspec.Struct):
    choices: list[_Choice] | None = None
    error: Any = None
    id: Any = None
    created: Any = None
    usage: Any = None
    service_tier: Any = None


class _Heard(msgspec.Struct):
    id: str | None = None
    data: str = ""
    transcript: str | None = None


_MAX_SECONDS = 1e12

_decode = msgspec.json.Decoder(_Completion).decode
_decode_audio = msgspec.json.Decoder(_Heard).decode


def read_answer(body: bytes) -> Answer:
    """Raises `UnreadableAnswer`."""
    try:
        completion = decoded(_decode, body)
        if completion.choices is None:
            raise _without_choices(completion)
        choices = sorted(completion.choices, key=lambda choice: choice.index)
        answer_id = text_of(completion.id) or f"chatcmpl-{created_of(completion.created) or 0}"
        read = tuple(_read_choice(choice, answer_id) for choice in choices)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswer(f"The provider's answer is no chat completion: {error}") from error
    tier = text_of(completion.service_tier) or None
    return Answer(answer_id, read, from_object(completion.usage), created_of(completion.created), tier)


def _without_choices(completion: _Completion) -> UnreadableAnswer:
    """Some gateways in front of models have said that all is well before they learn of an error."""
    if completion.error is None:
        return UnreadableAnswer("The provider's answer is no chat completion: it has no `choices`.")
    return UnreadableAnswer(f"The provider reports an error: {error_of(completion.error, 500).message}")


def created_of(value: object) -> int | None:
    """Unix seconds; some servers send a fraction."""
    if isinstance(value, int | float) and 0 < value < _MAX_SECONDS:
        return int(value)
    return None


def _read_choice(choice: _Choice, answer_id: str) -> Choice:
    said = choice.message or Said()
    parts = tuple(_parts(said, answer_id, choice.index))
    called = any(isinstance(part, ToolCall) for part in parts)
    finish = finish_of(choice.finish_reason, called=called, refused=bool(said.refusal))
    sequence = stop_sequence_of(finish, choice.stop_reason, choice.matched_stop)
    return Choice(parts, finish if sequence is None else "stop_sequence", sequence, some(choice.logprobs))


def _parts(said: Said, answer_id: str, choice: int) -> Iterator[Part]:
    yield from _thoughts(said)
    citations = some(said.annotations)
    for is_thought, text in texts_in(said.content):
        if text and is_thought:
            yield Thinking(text)
        elif text:
            yield Text(text, citations=citations)
            citations = None
    if said.refusal:
        yield Refusal(said.refusal)
    if some(said.audio) is not None:
        heard = _decode_audio(said.audio)
        yield Audio("", heard.data, heard.id, heard.transcript)
    yield from pictures_in(said)
    for index, call in enumerate(said.tool_calls or ()):
        signature = None
        if call.extra_content is not None and call.extra_content.google is not None:
            signature = call.extra_content.google.thought_signature
        name = "" if call.function is None else call.function.name or ""
        given = call.id or call_id(answer_id, choice, index)
        yield ToolCall(given, name, arguments_of(call.function), signature)
    if said.function_call is not None and not said.tool_calls:
        name = said.function_call.name or ""
        yield ToolCall(call_id(answer_id, choice, 0), name, arguments_of(said.function_call))


def _thoughts(said: Said) -> Iterator[Thinking]:
    text = thought_in(said)
    blocks = said.thinking_blocks or []
    if not blocks:
        if text:
            yield Thinking(text)
        return
    for block in blocks:
        if block.type == "redacted_thinking":
            yield Thinking("", sealed=block.data or "")
        elif block.thinking or block.signature:
            thought = block.thinking or (text if len(blocks) == 1 else "")
            yield Thinking(thought, block.signature or None)
