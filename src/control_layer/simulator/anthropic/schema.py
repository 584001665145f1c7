"""Bodies of the Messages API as it takes them: nothing unknown, nothing missing, nothing of another type."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType, field

__all__ = [
    "Block", "CountRequest", "Document", "Message", "MessagesRequest", "NamedTool", "RedactedThinking", "SearchResult",
    "Text", "Thinking", "ThinkingAdaptive", "ThinkingEnabled", "Tool", "ToolResult", "ToolUse",
]  # fmt: skip


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    pass


class CacheControl(_Strict):
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] = "5m"


class _Block(_Strict, kw_only=True):
    cache_control: CacheControl | None = None


class Citations(_Strict):
    enabled: bool = False


class Text(_Block, tag="text"):
    text: str
    citations: list[Any] | None = None


class Base64Image(_Strict, tag="base64"):
    data: str
    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp"]


class UrlSource(_Strict, tag="url"):
    url: str


class FileSource(_Strict, tag="file"):
    file_id: str


class Image(_Block, tag="image"):
    source: Base64Image | UrlSource | FileSource
    transformations: Any = None


class Base64Pdf(_Strict, tag="base64"):
    data: str
    media_type: Literal["application/pdf"]


class PlainText(_Strict, tag="text"):
    data: str
    media_type: Literal["text/plain"]


class ContentSource(_Strict, tag="content"):
    content: str | list[Text | Image]


class Document(_Block, tag="document"):
    source: Base64Pdf | PlainText | UrlSource | FileSource | ContentSource
    citations: Citations | None = None
    context: str | None = None
    title: str | None = None


class SearchResult(_Block, tag="search_result"):
    content: list[Text]
    source: str
    title: str
    citations: Citations = field(default_factory=Citations)


class ToolUse(_Block, tag="tool_use"):
    id: str
    name: str
    input: dict[str, Any]
    caller: Any = None
    toolset_name: str | None = None


class ToolResult(_Block, tag="tool_result"):
    tool_use_id: str
    content: str | list[Text | Image | Document | SearchResult] = ""
    is_error: bool = False
    toolset_name: str | None = None


class Thinking(_Strict, tag="thinking"):
    thinking: str
    signature: str


class RedactedThinking(_Strict, tag="redacted_thinking"):
    data: str


Block = Text | Image | Document | SearchResult | ToolUse | ToolResult | Thinking | RedactedThinking


class Message(_Strict):
    role: Literal["user", "assistant", "system"]
    content: str | list[Block]


class Tool(_Block):
    name: str
    input_schema: dict[str, Any]
    type: Literal["custom"] | None = None
    description: str = ""
    strict: bool = False
    eager_input_streaming: bool | None = None
    input_examples: list[dict[str, Any]] | UnsetType = UNSET
    allowed_callers: list[str] | UnsetType = UNSET
    defer_loading: bool = False


class _Choice(_Strict):
    disable_parallel_tool_use: bool = False


class AutoTool(_Choice, tag="auto"):
    pass


class AnyTool(_Choice, tag="any"):
    pass


class NamedTool(_Choice, tag="tool", kw_only=True):
    name: str


class NoTool(_Strict, tag="none"):
    pass


Display = Literal["summarized", "omitted"]


class ThinkingEnabled(_Strict, tag="enabled"):
    budget_tokens: int
    display: Display | None = None


class ThinkingAdaptive(_Strict, tag="adaptive"):
    display: Display | None = None


class ThinkingDisabled(_Strict, tag="disabled"):
    pass


class ThinkingBetweenTools(_Strict, tag="between_tools"):
    pass


class OutputFormat(_Strict, tag="json_schema"):
    schema: dict[str, Any]


class OutputConfig(_Strict):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: OutputFormat | None = None


class Metadata(_Strict):
    user_id: str | None = None


class CountRequest(_Strict, kw_only=True):
    """`POST /v1/messages/count_tokens`."""

    model: str
    messages: list[Message]
    system: str | list[Text] = ""
    tools: list[dict[str, Any]] | UnsetType = UNSET
    tool_choice: AutoTool | AnyTool | NamedTool | NoTool | UnsetType = UNSET
    thinking: ThinkingEnabled | ThinkingAdaptive | ThinkingDisabled | ThinkingBetweenTools | UnsetType = UNSET
    output_config: OutputConfig = field(default_factory=OutputConfig)
    cache_control: CacheControl | None = None
    speed: Literal["standard", "fast"] | None = None
    context_management: dict[str, Any] | None = None


class MessagesRequest(CountRequest, kw_only=True):
    """`POST /v1/messages`."""

    max_tokens: int
    stream: bool = False
    stop_sequences: list[str] = []
    temperature: float | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    top_k: int | UnsetType = UNSET
    metadata: Metadata = field(default_factory=Metadata)
    service_tier: Literal["auto", "standard_only"] = "auto"
    container: Any = None
    diagnostics: Any = None
    inference_geo: str | None = None
