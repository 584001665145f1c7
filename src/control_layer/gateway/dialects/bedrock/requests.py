"""Bodies of Converse and ConverseStream.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from control_layer.gateway.dialects.conversation import CacheMark

__all__ = [
    "Block",
    "CachePoint",
    "CitationParam",
    "CitationsConfig",
    "CitationsParam",
    "CitedText",
    "DocumentParam",
    "DocumentSpan",
    "InferenceConfig",
    "InputSchema",
    "JsonSchema",
    "LocationParam",
    "Media",
    "MessageParam",
    "Nothing",
    "OutputConfig",
    "ReasoningParam",
    "ReasoningText",
    "RequestBody",
    "S3Location",
    "SearchResultParam",
    "SearchResultSpan",
    "ServiceTier",
    "Source",
    "Structure",
    "TextFormat",
    "ToolChoiceParam",
    "ToolConfig",
    "ToolName",
    "ToolParam",
    "ToolResultParam",
    "ToolSpec",
    "ToolUseParam",
]


class Nothing(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """`{}`."""


class CachePoint(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """The prompt up to here is kept. Without a `ttl` it is five minutes."""

    type: Literal["default"]
    ttl: CacheMark | None = None


class S3Location(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    uri: str


class Source(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One of these. `bytes` is base64."""

    bytes: str | None = None
    s3_location: S3Location | None = msgspec.field(name="s3Location", default=None)


class Media(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A picture or sound."""

    format: str
    source: Source


class CitationsConfig(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    enabled: bool


class DocumentParam(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    name: str
    source: Source
    format: str
    context: str | None = None
    citations: CitationsConfig | None = None


class DocumentSpan(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    document_index: int
    start: int
    end: int


class SearchResultSpan(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    search_result_index: int
    start: int
    end: int


class LocationParam(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One of these."""

    document_char: DocumentSpan | None = None
    document_page: DocumentSpan | None = None
    document_chunk: DocumentSpan | None = None
    search_result_location: SearchResultSpan | None = None


class CitedText(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    text: str


class CitationParam(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    location: LocationParam
    title: str | None = None
    source: str | None = None
    source_content: list[CitedText] | None = None


class CitationsParam(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What the model said, and on what grounds."""

    content: list[CitedText]
    citations: list[CitationParam]


class SearchResultParam(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What a search has found, and where (`source`)."""

    source: str
    title: str
    content: list[CitedText]
    citations: CitationsConfig | None = None


class ToolUseParam(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    tool_use_id: str
    name: str
    input: msgspec.Raw


class ToolResultParam(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    tool_use_id: str
    content: list[Block]
    status: Literal["error"] | None = None


class ReasoningText(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    text: str
    signature: str


class ReasoningParam(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One of these. `redacted_content` is base64."""

    reasoning_text: ReasoningText | None = None
    redacted_content: str | None = None


class Block(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One of these."""

    text: str | None = None
    image: Media | None = None
    audio: Media | None = None
    document: DocumentParam | None = None
    search_result: SearchResultParam | None = None
    tool_use: ToolUseParam | None = None
    tool_result: ToolResultParam | None = None
    reasoning_content: ReasoningParam | None = None
    citations_content: CitationsParam | None = None
    cache_point: CachePoint | None = None


class MessageParam(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    role: Literal["user", "assistant"]
    content: list[Block]


class InferenceConfig(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: list[str] | None = None


class InputSchema(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    json: msgspec.Raw


class ToolSpec(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    name: str
    input_schema: InputSchema
    description: str | None = None
    strict: bool | None = None


class ToolParam(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One of these."""

    tool_spec: ToolSpec | None = None
    cache_point: CachePoint | None = None


class ToolName(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    name: str


class ToolChoiceParam(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One of these."""

    auto: Nothing | None = None
    any: Nothing | None = None
    tool: ToolName | None = None


class ToolConfig(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    tools: list[ToolParam]
    tool_choice: ToolChoiceParam | None = None


class JsonSchema(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """`schema` is a text of JSON."""

    schema: str
    name: str | None = None
    description: str | None = None


class Structure(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    json_schema: JsonSchema


class TextFormat(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    type: Literal["json_schema"]
    structure: Structure


class OutputConfig(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    text_format: TextFormat | None = None
    effort: str | None = None


class ServiceTier(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    type: str


class RequestBody(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """The model stands in the path."""

    messages: list[MessageParam]
    system: list[Block] | None = None
    inference_config: InferenceConfig | None = None
    tool_config: ToolConfig | None = None
    output_config: OutputConfig | None = None
    additional_model_request_fields: dict[str, Any] | None = None
    """In the words of the model's own API."""
    additional_model_response_field_paths: list[str] | None = None
    service_tier: ServiceTier | None = None
