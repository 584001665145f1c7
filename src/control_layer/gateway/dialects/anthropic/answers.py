"""Whole answers of the Messages API, read from a provider and written for a client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from control_layer.gateway.dialects.anthropic.blocks import (
    NOTHING,
    Block,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    image_block,
    json_object,
    own_citations,
)
from control_layer.gateway.dialects.anthropic.tokens import Usage, usage_of
from control_layer.gateway.dialects.conversation import (
    Answer,
    Audio,
    Choice,
    Conversation,
    Finish,
    Image,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
)
from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.signatures import call_signed_by, made_by, of_call
from control_layer.gateway.dialects.surrogates import decoded
from control_layer.gateway.usage import from_object

__all__ = [
    "AnswerBlock",
    "MessageBody",
    "StopDetails",
    "finish_of",
    "keeps_signatures",
    "read_answer",
    "refusal_of",
    "stop_reason_of",
    "tier_for_clients",
    "tier_of",
    "write_answer",
]

_FINISHES: dict[str, Finish] = {
    "end_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "refusal": "refusal",
}
_STOP_REASONS: dict[Finish, str | None] = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
    "pause": "pause_turn",
    "error": None,
}
_TIERS = {"standard": "default"}
_TIERS_FOR_CLIENTS = {"default": "standard", "priority": "priority", "batch": "batch"}
"""The words that the API has; another provider's tiers (`flex`, `scale`) are none of its own."""


class AnswerBlock(msgspec.Struct):
    """Any block of an answer, those of server tools included, which have nothing that is read here."""

    type: str = ""
    text: str | None = None
    citations: msgspec.Raw = NOTHING
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = NOTHING


class StopDetails(msgspec.Struct):
    """Why a model declined, in words."""

    explanation: str | None = None


class MessageBody(msgspec.Struct):
    """A message as a provider sends it, whole or at the start of a stream."""

    id: str = ""
    type: str = ""
    content: list[AnswerBlock] = []
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None
    usage: Any = None


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """A message as clients get it."""

    id: str
    role: Literal["assistant"] = "assistant"
    model: str
    content: list[Block]
    stop_reason: str | None
    stop_sequence: str | None
    usage: Usage


_decode = msgspec.json.Decoder(MessageBody).decode
_encode = msgspec.json.Encoder().encode


def read_answer(body: bytes) -> Answer:
    """Raises `UnreadableAnswer`."""
    try:
        message = decoded(_decode, body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswer(f"The provider's answer is no message: {error}") from error
    if message.type != "message":
        raise UnreadableAnswer(f"The provider's answer is no message but {message.type[:64]!r}.")
    parts: list[Part] = []
    for block in message.content:
        part = _part(block)
        if part is not None:
            parts.append(part)
    explanation = refusal_of(message.stop_details)
    if explanation is not None:
        parts.append(Refusal(explanation))
    finish = None if message.stop_reason is None else finish_of(message.stop_reason)
    choice = Choice(tuple(parts), finish, message.stop_sequence)
    return Answer(message.id, (choice,), from_object(message.usage), service_tier=tier_of(message.usage))


def _part(block: AnswerBlock) -> Part | None:
    match block.type:
        case "text":
            return Text(block.text, citations=_some(block.citations)) if block.text else None
        case "thinking":
            said = block.thinking or block.signature
            return Thinking(block.thinking or "", block.signature or None) if said else None
        case "redacted_thinking":
            return Thinking("", sealed=block.data or "")
        case "tool_use":
            return ToolCall(block.id or "", block.name or "", bytes(block.input).decode() or "{}")
    return None


def _some(citations: msgspec.Raw) -> msgspec.Raw | None:
    return None if bytes(citations) in (b"", b"null", b"[]") else citations


def finish_of(stop_reason: str) -> Finish:
    """Why it ended; a reason that is not known yet is an end all the same."""
    return _FINISHES.get(stop_reason, "stop")


def stop_reason_of(finish: Finish | None) -> str | None:
    """The API's word for it; `None` where the answer did not come to an end."""
    return None if finish is None else _STOP_REASONS[finish]


def refusal_of(details: StopDetails | None) -> str | None:
    """The provider's words for why nothing is answered, if it has any."""
    return None if details is None else details.explanation or None


def tier_of(usage: object) -> str | None:
    """The service tier that answered, in OpenAI's words."""
    tier = usage.get("service_tier") if isinstance(usage, dict) else None
    return _TIERS.get(tier, tier) if isinstance(tier, str) else None


def tier_for_clients(tier: str | None) -> str | None:
    """The same in Anthropic's."""
    return None if tier is None else _TIERS_FOR_CLIENTS.get(tier)


# -- for clients -----------------------------------------------------------------------------------------------------


def write_answer(answer: Answer, conversation: Conversation, model: str) -> bytes:
    """The first choice: a client of this API asks for no other."""
    choice = answer.choices[0] if answer.choices else Choice((), None)
    parts = _with_signatures(choice.parts) if keeps_signatures(conversation) else choice.parts
    message = _Message(
        id=answer.id,
        model=model,
        content=[block for part in parts if (block := _block(part)) is not None],
        stop_reason=stop_reason_of(choice.finish),
        stop_sequence=choice.stop_sequence,
        usage=usage_of(answer.tokens, tier_for_clients(answer.service_tier)),
    )
    return _encode(message)


def keeps_signatures(conversation: Conversation) -> bool:
    """Whether signatures of calls, which the API has no place for, are told in thoughts before them: to clients that
    know of thoughts, and so give them back.
    """
    return conversation.reasoning is not None and conversation.reasoning.enabled


def _with_signatures(parts: Iterable[Part]) -> Iterator[Part]:
    before: Part | None = None
    for part in parts:
        if isinstance(part, ToolCall) and part.signature is not None:
            unsigned = isinstance(before, Thinking) and before.signature is None and before.sealed is None
            thought = Thinking(
                before.text if isinstance(before, Thinking) and unsigned else "", of_call(part.signature)
            )
            if before is not None and not unsigned:
                yield before
            before = thought
        if before is not None:
            yield before
        before = part
    if before is not None:
        yield before


def _block(part: Part) -> Block | None:
    match part:
        case Text():
            return TextBlock(part.text, own_citations(part.citations)) if part.text else None
        case Refusal():
            return TextBlock(part.text) if part.text else None
        case Audio():
            return TextBlock(part.transcript) if part.transcript else None
        case Image():
            return image_block(part)
        case Thinking(sealed=str(data)):
            return RedactedThinkingBlock(data)
        case Thinking(text="") if made_by("gemini", part.signature) and not call_signed_by(part.signature):
            return None  # it signs a text: clients of this API look for words in the last block
        case Thinking():
            return ThinkingBlock(part.text, part.signature or "")
        case ToolCall():
            return ToolUseBlock(part.id, part.name, json_object(part.arguments))
    return None
