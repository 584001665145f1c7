"""A request for a chat completion as it lies on the wire, in both directions.

https://platform.openai.com/docs/api-reference/chat/create, and what the field has added to it: `cache_control` on parts
and tools, `reasoning_content`, `thinking_blocks` and `images` on the assistant's turns, `reasoning` and `thinking`
beside `reasoning_effort`, `top_k`, and the modality `image`.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from control_layer.gateway.dialects.conversation import CacheMark

__all__ = [
    "NOTHING",
    "AllowedTools",
    "AudioPart",
    "AudioRef",
    "CacheControl",
    "ContentPart",
    "ExtraContent",
    "FileData",
    "FilePart",
    "FunctionCall",
    "FunctionParam",
    "GoogleContent",
    "ImagePart",
    "ImageUrl",
    "InputAudio",
    "JsonSchema",
    "Marked",
    "MessageParam",
    "NamedFunction",
    "ReasoningParam",
    "RedactedThinkingBlock",
    "RefusalPart",
    "RequestBody",
    "ResponseFormatParam",
    "StreamOptions",
    "TextPart",
    "ThinkingBlock",
    "ThinkingParam",
    "ToolCallParam",
    "ToolChoiceParam",
    "ToolParam",
    "cache_mark",
]

NOTHING = msgspec.Raw()
"""JSON that is not there. The very object is left out of what is written."""

Count = Annotated[int, msgspec.Meta(ge=1)]


class CacheControl(msgspec.Struct, frozen=True, omit_defaults=True):
    """Anthropic's mark, as other APIs have taken it over. Without a `ttl` it is five minutes."""

    type: Literal["ephemeral"]
    ttl: CacheMark | None = None


class CacheBreakpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """OpenAI's own."""

    mode: Literal["explicit"]
    ttl: Literal["30m", "12h"] | None = None


class Marked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    cache_control: CacheControl | None = None
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class TextPart(Marked, frozen=True, omit_defaults=True, tag_field="type", tag="text"):
    text: str


class ImageUrl(msgspec.Struct, frozen=True, omit_defaults=True):
    url: str
    detail: str | None = None


class ImagePart(Marked, frozen=True, omit_defaults=True, tag_field="type", tag="image_url"):
    image_url: ImageUrl
    extra_content: ExtraContent | None = None
    """Of a picture that a model made."""


class InputAudio(msgspec.Struct, frozen=True):
    data: str
    format: str


class AudioPart(Marked, frozen=True, omit_defaults=True, tag_field="type", tag="input_audio"):
    input_audio: InputAudio


class FileData(msgspec.Struct, frozen=True, omit_defaults=True):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class FilePart(Marked, frozen=True, omit_defaults=True, tag_field="type", tag="file"):
    file: FileData


class RefusalPart(msgspec.Struct, frozen=True, tag_field="type", tag="refusal"):
    refusal: str


ContentPart = TextPart | ImagePart | AudioPart | FilePart | RefusalPart


class ThinkingBlock(msgspec.Struct, frozen=True, tag_field="type", tag="thinking"):
    thinking: str = ""
    signature: str | None = None


class RedactedThinkingBlock(msgspec.Struct, frozen=True, tag_field="type", tag="redacted_thinking"):
    data: str


class GoogleContent(msgspec.Struct, frozen=True, omit_defaults=True):
    thought_signature: str | None = None


class ExtraContent(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where Gemini's OpenAI-compatible API puts the signature of a call, and we that of a picture."""

    google: GoogleContent | None = None


class FunctionCall(msgspec.Struct, frozen=True):
    name: str
    arguments: str


class ToolCallParam(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    type: str
    function: FunctionCall | None = None
    extra_content: ExtraContent | None = None


class AudioRef(msgspec.Struct, frozen=True):
    """What the assistant said aloud earlier, kept at the provider."""

    id: str


class MessageParam(msgspec.Struct, frozen=True, omit_defaults=True):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | UnsetType | None = UNSET
    name: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking_blocks: list[ThinkingBlock | RedactedThinkingBlock] | None = None
    audio: AudioRef | None = None
    images: list[ImagePart] | None = None
    tool_calls: list[ToolCallParam] | None = None
    function_call: FunctionCall | None = None
    tool_call_id: str | None = None


class FunctionParam(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    description: str | None = None
    parameters: msgspec.Raw = NOTHING
    strict: bool | None = None


class ToolParam(msgspec.Struct, frozen=True, omit_defaults=True):
    """A function; of a tool of another type only that is of interest."""

    type: str
    function: FunctionParam | None = None
    cache_control: CacheControl | None = None


class NamedFunction(msgspec.Struct, frozen=True):
    name: str


class AllowedTools(msgspec.Struct, frozen=True):
    mode: Literal["auto", "required"]
    tools: list[ToolChoiceParam]


class ToolChoiceParam(msgspec.Struct, frozen=True, omit_defaults=True):
    type: str
    function: NamedFunction | None = None
    allowed_tools: AllowedTools | None = None


class JsonSchema(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    description: str | None = None
    schema: msgspec.Raw = NOTHING
    strict: bool | None = None


class ResponseFormatParam(msgspec.Struct, frozen=True, omit_defaults=True):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    include_usage: bool | None = None


class ReasoningParam(msgspec.Struct, frozen=True):
    """OpenRouter's."""

    effort: str | None = None
    max_tokens: int | None = None
    exclude: bool | None = None
    enabled: bool | None = None


class ThinkingParam(msgspec.Struct, frozen=True):
    """Anthropic's, as DeepSeek and others have taken it over."""

    type: str
    budget_tokens: int | None = None


class RequestBody(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`POST /v1/chat/completions`."""

    model: str = ""
    messages: list[MessageParam]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_completion_tokens: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    n: Count | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: msgspec.Raw = NOTHING
    tools: list[ToolParam] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoiceParam | None = None
    parallel_tool_calls: bool | None = None
    functions: list[FunctionParam] | None = None
    function_call: Literal["none", "auto"] | NamedFunction | None = None
    response_format: ResponseFormatParam | None = None
    reasoning_effort: str | None = None
    reasoning: ReasoningParam | None = None
    thinking: ThinkingParam | None = None
    modalities: list[str] | None = None
    audio: msgspec.Raw = NOTHING
    service_tier: str | None = None
    user: str | None = None
    prompt_cache_key: str | None = None


def cache_mark(marked: Marked) -> CacheMark | None:
    """What a part's mark asks for, whoever's it is."""
    if marked.cache_control is not None:
        return marked.cache_control.ttl or "5m"
    if marked.prompt_cache_breakpoint is not None:
        return "1h" if marked.prompt_cache_breakpoint.ttl == "12h" else "5m"
    return None
