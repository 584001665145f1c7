"""Whole answers of the Converse API."""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.bedrock.citations import Citation, citations_for_clients
from control_layer.gateway.dialects.bedrock.tokens import Usage, tokens_of
from control_layer.gateway.dialects.conversation import Answer, Choice, Finish, Image, Part, Text, Thinking, ToolCall
from control_layer.gateway.dialects.dialect import UnreadableAnswer

__all__ = [
    "NOTHING", "ImageSource", "ModelFields", "ServiceTier", "finish_of", "image_of", "read_answer", "stop_sequence_of",
]  # fmt: skip

NOTHING = msgspec.Raw()
"""JSON that is not there."""
_FINISHES: dict[str, Finish] = {
    "end_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop_sequence",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
}
_OF_THE_SERVER = "server_tool_use"


class _ToolUse(msgspec.Struct, rename="camel"):
    tool_use_id: str
    name: str
    input: msgspec.Raw = NOTHING
    type: str | None = None


class _ReasoningText(msgspec.Struct):
    text: str = ""
    signature: str | None = None


class _Reasoning(msgspec.Struct, rename="camel"):
    reasoning_text: _ReasoningText | None = None
    redacted_content: str | None = None


class _Cited(msgspec.Struct):
    text: str = ""


class _CitationsContent(msgspec.Struct):
    content: list[_Cited] = []
    citations: list[Citation] = []


class ImageSource(msgspec.Struct):
    """The data of a picture, in base64: all of it, or, in a stream, more."""

    bytes: str = ""


class _Picture(msgspec.Struct):
    format: str = ""
    source: ImageSource | None = None


class _Block(msgspec.Struct, rename="camel"):
    """Any block. It has one of these, or something that nobody here reads."""

    text: str | None = None
    image: _Picture | None = None
    tool_use: _ToolUse | None = None
    reasoning_content: _Reasoning | None = None
    citations_content: _CitationsContent | None = None


class _Message(msgspec.Struct):
    content: list[_Block] = []


class _Output(msgspec.Struct):
    message: _Message


class _LastEvent(msgspec.Struct):
    stop_sequence: str | None = None


class ModelFields(msgspec.Struct):
    """`additionalModelResponseFields`, as far as they are asked for: of a whole answer, or of a stream's last event."""

    stop_sequence: str | None = None
    delta: _LastEvent | None = None


class ServiceTier(msgspec.Struct):
    """In OpenAI's words, but for `reserved`."""

    type: str | None = None


class _Body(msgspec.Struct, rename="camel"):
    output: _Output
    stop_reason: str | None = None
    usage: Usage | None = None
    additional_model_response_fields: ModelFields | None = None
    service_tier: ServiceTier | None = None


_decode = msgspec.json.Decoder(_Body).decode


def read_answer(body: bytes) -> Answer:
    """The API gives its answers no id. Raises `UnreadableAnswer`."""
    try:
        answer = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswer(f"The provider's answer is none of the Converse API: {error}") from error
    parts = tuple(part for block in answer.output.message.content if (part := _part(block)) is not None)
    finish = None if answer.stop_reason is None else finish_of(answer.stop_reason)
    choice = Choice(parts, finish, stop_sequence_of(answer.additional_model_response_fields))
    tier = None if answer.service_tier is None else answer.service_tier.type
    return Answer("", (choice,), tokens_of(answer.usage), service_tier=tier)


def _part(block: _Block) -> Part | None:
    if block.text:
        return Text(block.text)
    if block.image is not None:
        return image_of(block.image.format, "" if block.image.source is None else block.image.source.bytes)
    if block.tool_use is not None and block.tool_use.type != _OF_THE_SERVER:
        called = block.tool_use
        return ToolCall(called.tool_use_id, called.name, bytes(called.input).decode() or "{}")
    cites = block.citations_content
    if cites is not None:
        cited = "".join(piece.text for piece in cites.content)
        return Text(cited, citations=citations_for_clients(cites.citations, len(cited))) if cited else None
    thought = block.reasoning_content
    if thought is None:
        return None
    if thought.redacted_content is not None:
        return Thinking("", sealed=thought.redacted_content)
    said = thought.reasoning_text
    return None if said is None or not (said.text or said.signature) else Thinking(said.text, said.signature or None)


def image_of(format_: str, data: str) -> Image | None:
    """A picture that the model made; `data` is base64. `None` where there is none in it."""
    return Image(f"image/{format_ or 'png'}", data) if data else None


def finish_of(stop_reason: str) -> Finish:
    """Why it ended; a reason that is not known yet is an end all the same."""
    return _FINISHES.get(stop_reason, "stop")


def stop_sequence_of(fields: ModelFields | None) -> str | None:
    """The stop sequence that ended it, where it was asked for and is told."""
    if fields is None:
        return None
    return fields.stop_sequence if fields.delta is None else fields.delta.stop_sequence
