"""Whole chat completions, read from a provider and written for a client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from control_layer.gateway.dialects.conversation import (
    Answer,
    Audio,
    Choice,
    Conversation,
    Finish,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
)
from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.openai_chat.annotations import own_annotations
from control_layer.gateway.dialects.openai_chat.requests import (
    NOTHING,
    ExtraContent,
    FunctionCall,
    GoogleContent,
    RedactedThinkingBlock,
    ThinkingBlock,
    ToolCallParam,
)
from control_layer.gateway.dialects.openai_chat.said import (
    Said,
    arguments_of,
    call_id,
    finish_of,
    some,
    text_of,
    texts_in,
    thought_in,
)
from control_layer.gateway.dialects.openai_chat.tokens import Usage, usage_of
from control_layer.gateway.usage import from_object

__all__ = [
    "created_of",
    "extra_content_of",
    "finish_reason_of",
    "read_answer",
    "shows_thoughts",
    "write_answer",
]


class _Choice(msgspec.Struct):
    index: int = 0
    message: Said | None = None
    finish_reason: Any = None
    logprobs: msgspec.Raw = NOTHING


class _Completion(msgspec.Struct):
    choices: list[_Choice]
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
_encode = msgspec.json.Encoder().encode


def read_answer(body: bytes) -> Answer:
    """Raises `UnreadableAnswer`."""
    try:
        completion = _decode(body)
        choices = sorted(completion.choices, key=lambda choice: choice.index)
        answer_id = text_of(completion.id) or f"chatcmpl-{created_of(completion.created) or 0}"
        read = tuple(_read_choice(choice, answer_id) for choice in choices)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswer(f"The provider's answer is no chat completion: {error}") from error
    tier = text_of(completion.service_tier) or None
    return Answer(answer_id, read, from_object(completion.usage), created_of(completion.created), tier)


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
    return Choice(parts, finish, logprobs=some(choice.logprobs))


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


# -- for clients -----------------------------------------------------------------------------------------------------

_FINISH_REASONS: dict[Finish, str | None] = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "pause": "length",
    "error": None,
}


class _Spoken(msgspec.Struct, frozen=True):
    id: str
    data: str
    expires_at: int
    transcript: str


class _Message(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="role", tag="assistant"):
    content: str | None
    refusal: str | None
    reasoning_content: str | None = None
    thinking_blocks: list[ThinkingBlock | RedactedThinkingBlock] | None = None
    annotations: list[msgspec.Raw] | None = None
    audio: _Spoken | None = None
    tool_calls: list[ToolCallParam] | None = None
    function_call: FunctionCall | None = None


class _ChoiceForClients(msgspec.Struct, frozen=True):
    index: int
    message: _Message
    logprobs: msgspec.Raw | None
    finish_reason: str | None


class _CompletionForClients(
    msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="object", tag="chat.completion"
):
    id: str
    created: int
    model: str
    choices: list[_ChoiceForClients]
    usage: Usage | None = None
    service_tier: str | None = None


def write_answer(answer: Answer, conversation: Conversation, model: str) -> bytes:
    """All choices."""
    completion = _CompletionForClients(
        id=answer.id,
        created=answer.created or 0,
        model=model,
        choices=[_write_choice(choice, index, conversation) for index, choice in enumerate(answer.choices)],
        usage=usage_of(answer.tokens),
        service_tier=answer.service_tier,
    )
    return _encode(completion)


def shows_thoughts(conversation: Conversation) -> bool:
    """Whether the client wants to see them; who says nothing of it may."""
    return conversation.reasoning is None or conversation.reasoning.shown


def finish_reason_of(finish: Finish | None, *, refused: bool, single_call: bool) -> str | None:
    """The API's word for it; `None` where the answer did not come to an end. `refused`: it says why in words."""
    if finish is None:
        return None
    if finish == "tool_calls" and single_call:
        return "function_call"
    return "stop" if finish == "refusal" and refused else _FINISH_REASONS[finish]


def extra_content_of(signature: str | None) -> ExtraContent | None:
    """Where the signature of a call stands."""
    return None if signature is None else ExtraContent(GoogleContent(signature))


def _write_choice(choice: Choice, index: int, conversation: Conversation) -> _ChoiceForClients:
    texts, refusals, calls = [], [], []
    annotations: list[msgspec.Raw] = []
    before, spoken = 0, None
    for part in choice.parts:
        match part:
            case Text():
                texts.append(part.text)
                annotations += own_annotations(part.citations, before)
                before += len(part.text)
            case Refusal():
                refusals.append(part.text)
            case ToolCall():
                calls.append(part)
            case Audio():
                spoken = _Spoken(part.id or "", part.data, 0, part.transcript or "")
            case _:
                pass
    thoughts = [part for part in choice.parts if isinstance(part, Thinking)] if shows_thoughts(conversation) else []
    single = conversation.single_call
    message = _Message(
        content="".join(texts) if texts else None,
        refusal="".join(refusals) or None,
        reasoning_content="".join(thought.text for thought in thoughts) or None,
        thinking_blocks=_blocks(thoughts),
        annotations=annotations or None,
        audio=spoken,
        tool_calls=None if single else [_write_call(call) for call in calls] or None,
        function_call=FunctionCall(calls[0].name, calls[0].arguments) if single and calls else None,
    )
    finish = finish_reason_of(choice.finish, refused=bool(refusals), single_call=single)
    return _ChoiceForClients(index, message, choice.logprobs, finish)


def _write_call(call: ToolCall) -> ToolCallParam:
    return ToolCallParam(call.id, "function", FunctionCall(call.name, call.arguments), extra_content_of(call.signature))


def _blocks(thoughts: list[Thinking]) -> list[ThinkingBlock | RedactedThinkingBlock] | None:
    """What a provider wants back as it was: where nothing is signed or sealed, the words alone say it all."""
    if all(thought.signature is None and thought.sealed is None for thought in thoughts):
        return None
    return [
        ThinkingBlock(thought.text, thought.signature or "")
        if thought.sealed is None
        else RedactedThinkingBlock(thought.sealed)
        for thought in thoughts
    ]
