"""A request for a response as it lies on the wire (https://platform.openai.com/docs/api-reference/responses/create)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from control_layer.gateway.dialects.openai_chat.requests import NOTHING, ExtraContent, InputAudio, Marked

__all__ = [
    "AudioContent",
    "Content",
    "FileContent",
    "FormatParam",
    "ImageContent",
    "Item",
    "OutputText",
    "ReasoningParam",
    "ReasoningText",
    "RefusalContent",
    "RequestBody",
    "SummaryText",
    "TextContent",
    "TextParam",
    "ToolChoiceParam",
    "ToolParam",
]


class TextContent(Marked, frozen=True, tag_field="type", tag="input_text"):
    text: str


class ImageContent(Marked, frozen=True, tag_field="type", tag="input_image"):
    image_url: str | None = None
    file_id: str | None = None
    detail: str | None = None


class FileContent(Marked, frozen=True, tag_field="type", tag="input_file"):
    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    filename: str | None = None


class AudioContent(Marked, frozen=True, tag_field="type", tag="input_audio"):
    input_audio: InputAudio


class OutputText(msgspec.Struct, frozen=True, tag_field="type", tag="output_text"):
    """What the assistant said earlier."""

    text: str


class RefusalContent(msgspec.Struct, frozen=True, tag_field="type", tag="refusal"):
    refusal: str


class ReasoningText(msgspec.Struct, frozen=True, tag_field="type", tag="reasoning_text"):
    text: str


class SummaryText(msgspec.Struct, frozen=True, tag_field="type", tag="summary_text"):
    text: str


Content = TextContent | ImageContent | FileContent | AudioContent | OutputText | RefusalContent | ReasoningText


class Item(msgspec.Struct, frozen=True):
    """An item of the input, with the fields of all types that are read."""

    type: str | None = None
    """Missing on messages of the easy form."""
    role: str | None = None
    content: str | list[Content] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | list[Content] | None = None
    summary: list[SummaryText] | None = None
    encrypted_content: str | None = None
    result: str | None = None
    """Of an `image_generation_call`: the picture in base64."""
    output_format: str | None = None
    extra_content: ExtraContent | None = None


class ToolParam(msgspec.Struct, frozen=True):
    """A function; of a tool of another type only that is of interest."""

    type: str
    name: str = ""
    description: str | None = None
    parameters: msgspec.Raw = NOTHING
    strict: bool | None = None


class ToolChoiceParam(msgspec.Struct, frozen=True):
    type: str
    name: str | None = None
    mode: Literal["auto", "required"] | None = None
    tools: list[ToolChoiceParam] | None = None


class FormatParam(msgspec.Struct, frozen=True):
    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    description: str | None = None
    schema: msgspec.Raw = NOTHING
    strict: bool | None = None


class TextParam(msgspec.Struct, frozen=True):
    format: FormatParam | None = None
    verbosity: str | None = None


class ReasoningParam(msgspec.Struct, frozen=True):
    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None
    """What `summary` was called."""


class RequestBody(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /v1/responses`."""

    model: str = ""
    input: str | list[Item]
    instructions: str | None = None
    stream: bool | None = None
    stream_options: Any = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_logprobs: int | None = None
    include: list[str] | None = None
    tools: list[ToolParam] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoiceParam | None = None
    parallel_tool_calls: bool | None = None
    text: TextParam | None = None
    reasoning: ReasoningParam | None = None
    service_tier: str | None = None
    user: str | None = None
    prompt_cache_key: str | None = None
    store: bool | None = None
    background: bool | None = None
    previous_response_id: str | None = None
    conversation: Any = None
    prompt: Any = None
