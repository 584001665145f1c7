"""Bodies of the Converse API as it takes them: nothing unknown, nothing missing, nothing of another type."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

__all__ = [
    "Block", "CachePoint", "ConverseRequest", "Document", "InferenceConfig", "Message", "Reasoning",
    "SearchResult", "Source", "SystemBlock", "Tool", "ToolChoice", "ToolConfig", "ToolResult", "ToolSpec", "ToolUse",
]  # fmt: skip


class _Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    pass


class CachePoint(_Strict):
    type: Literal["default"]
    ttl: Literal["5m", "1h"] = "5m"


class S3Location(_Strict):
    uri: str
    bucket_owner: str | None = None


class Source(_Strict):
    bytes: str | None = None
    s3_location: S3Location | None = msgspec.field(name="s3Location", default=None)
    text: str | None = None


class Image(_Strict):
    format: Literal["png", "jpeg", "gif", "webp"]
    source: Source


class Audio(_Strict):
    format: Literal["mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "m4a", "webm", "pcm"]
    source: Source


class Citations(_Strict):
    enabled: bool


class Document(_Strict):
    name: str
    source: Source
    format: Literal["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"] | None = None
    context: str | None = None
    citations: Citations | None = None


class FoundText(_Strict):
    text: str


class SearchResult(_Strict):
    source: str
    title: str
    content: list[FoundText]
    citations: Citations | None = None


class ToolUse(_Strict):
    tool_use_id: str
    name: str
    input: dict[str, Any]


class ResultBlock(_Strict):
    json: dict[str, Any] | None = None
    text: str | None = None
    image: Image | None = None
    document: Document | None = None
    search_result: SearchResult | None = None


class ToolResult(_Strict):
    tool_use_id: str
    content: list[ResultBlock]
    status: Literal["success", "error"] = "success"


class ReasoningText(_Strict):
    text: str
    signature: str | None = None


class Reasoning(_Strict):
    reasoning_text: ReasoningText | None = None
    redacted_content: str | None = None


class CitedText(_Strict):
    text: str


class DocumentSpan(_Strict):
    document_index: int
    start: int
    end: int


class SearchResultSpan(_Strict):
    search_result_index: int
    start: int
    end: int


class WebPage(_Strict):
    url: str
    domain: str | None = None


class Location(_Strict):
    document_char: DocumentSpan | None = None
    document_page: DocumentSpan | None = None
    document_chunk: DocumentSpan | None = None
    search_result_location: SearchResultSpan | None = None
    web: WebPage | None = None


class Citation(_Strict):
    location: Location
    title: str | None = None
    source: str | None = None
    source_content: list[CitedText] = []


class CitationsContent(_Strict):
    content: list[CitedText]
    citations: list[Citation]


class Block(_Strict):
    text: str | None = None
    image: Image | None = None
    audio: Audio | None = None
    document: Document | None = None
    search_result: SearchResult | None = None
    tool_use: ToolUse | None = None
    tool_result: ToolResult | None = None
    cache_point: CachePoint | None = None
    reasoning_content: Reasoning | None = None
    citations_content: CitationsContent | None = None


class SystemBlock(_Strict):
    text: str | None = None
    cache_point: CachePoint | None = None


class Message(_Strict):
    role: Literal["user", "assistant"]
    content: list[Block]


class InferenceConfig(_Strict):
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: list[str] = []


class InputSchema(_Strict):
    json: dict[str, Any]


class ToolSpec(_Strict):
    name: str
    input_schema: InputSchema
    description: str | None = None
    strict: bool | None = None


class Tool(_Strict):
    tool_spec: ToolSpec | None = None
    cache_point: CachePoint | None = None


class Nothing(_Strict):
    pass


class NamedTool(_Strict):
    name: str


class ToolChoice(_Strict):
    auto: Nothing | None = None
    any: Nothing | None = None
    tool: NamedTool | None = None


class ToolConfig(_Strict):
    tools: list[Tool]
    tool_choice: ToolChoice | None = None


class JsonSchema(_Strict):
    schema: str
    name: str | None = None
    description: str | None = None


class Structure(_Strict):
    json_schema: JsonSchema


class TextFormat(_Strict):
    type: Literal["json_schema"]
    structure: Structure


class OutputConfig(_Strict):
    text_format: TextFormat | None = None
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None


class ServiceTier(_Strict):
    type: Literal["priority", "default", "flex", "reserved"]


class ConverseRequest(_Strict):
    messages: list[Message] = []
    system: list[SystemBlock] = []
    inference_config: InferenceConfig = msgspec.field(default_factory=InferenceConfig)
    tool_config: ToolConfig | None = None
    output_config: OutputConfig = msgspec.field(default_factory=OutputConfig)
    additional_model_request_fields: dict[str, Any] = {}
    additional_model_response_field_paths: list[str] = []
    service_tier: ServiceTier | None = None
    request_metadata: dict[str, str] = {}
