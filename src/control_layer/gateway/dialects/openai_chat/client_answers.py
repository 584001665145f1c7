"""Whole chat completions, written for a client."""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.conversation import (
    Answer,
    Audio,
    Choice,
    Conversation,
    Finish,
    Image,
    Refusal,
    Text,
    Thinking,
    ToolCall,
)
from control_layer.gateway.dialects.data_urls import data_url
from control_layer.gateway.dialects.openai_chat.annotations import own_annotations
from control_layer.gateway.dialects.openai_chat.requests import (
    ExtraContent,
    FunctionCall,
    GoogleContent,
    ImagePart,
    ImageUrl,
    RedactedThinkingBlock,
    ThinkingBlock,
    ToolCallParam,
)
from control_layer.gateway.dialects.openai_chat.tokens import Usage, usage_of
from control_layer.gateway.dialects.sound import in_format

__all__ = [
    "extra_content_of",
    "finish_reason_of",
    "picture_of",
    "shows_thoughts",
    "write_answer",
]

_PNG = "image/png"

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


class _Wanted(msgspec.Struct):
    """Of `audio`."""

    format: str = ""


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
    images: list[ImagePart] | None = None
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


_decode_wanted = msgspec.json.Decoder(_Wanted).decode
_encode = msgspec.json.Encoder().encode


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
    """Where the signature of a call or a picture stands."""
    return None if signature is None else ExtraContent(GoogleContent(signature))


def _write_choice(choice: Choice, index: int, conversation: Conversation) -> _ChoiceForClients:
    texts, refusals, calls, pictures = [], [], [], []
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
                data = in_format(part.data, _format_of(conversation))
                spoken = _Spoken(part.id or "", data, 0, part.transcript or "")
            case Image():
                pictures.append(picture_of(part))
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
        images=[picture for picture in pictures if picture is not None] or None,
        tool_calls=None if single else [_write_call(call) for call in calls] or None,
        function_call=FunctionCall(calls[0].name, calls[0].arguments) if single and calls else None,
    )
    finish = finish_reason_of(choice.finish, refused=bool(refusals), single_call=single)
    return _ChoiceForClients(index, message, choice.logprobs, finish)


def picture_of(image: Image) -> ImagePart | None:
    """A picture that the model made, as one of `images`; `None` where there is none in it."""
    url = image.url if image.data is None else data_url(image.media_type or _PNG, image.data)
    return None if url is None else ImagePart(ImageUrl(url), extra_content_of(image.signature))


def _format_of(conversation: Conversation) -> str:
    """In which speech is wanted."""
    return "" if conversation.audio_output is None else _decode_wanted(conversation.audio_output).format


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
