"""A Messages request as it lies on the wire, in both directions."""

from __future__ import annotations

from typing import Literal

import msgspec

from control_layer.gateway.dialects.anthropic.blocks import NOTHING, Block, CacheControl, TextBlock

__all__ = [
    "MessageParam",
    "Metadata",
    "OutputConfig",
    "OutputFormat",
    "RequestBody",
    "ThinkingConfig",
    "ToolChoiceParam",
    "ToolParam",
]

Display = Literal["summarized", "omitted"]


class MessageParam(msgspec.Struct, frozen=True):
    role: Literal["user", "assistant", "system"]
    content: str | list[Block]


class ToolParam(msgspec.Struct, frozen=True, omit_defaults=True):
    """A custom tool; of a server's tool only the type is of interest."""

    name: str = ""
    description: str | None = None
    input_schema: msgspec.Raw = NOTHING
    strict: bool | None = None
    cache_control: CacheControl | None = None
    type: str | None = None
    defer_loading: bool | None = None
    allowed_callers: list[str] | None = None
    input_examples: list[msgspec.Raw] | None = None


class ToolChoiceParam(msgspec.Struct, frozen=True, omit_defaults=True):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class ThinkingConfig(msgspec.Struct, frozen=True, omit_defaults=True):
    type: Literal["enabled", "adaptive", "between_tools", "disabled"]
    budget_tokens: int | None = None
    display: Display | None = None


class OutputFormat(msgspec.Struct, frozen=True):
    type: Literal["json_schema"]
    schema: msgspec.Raw


class OutputConfig(msgspec.Struct, frozen=True, omit_defaults=True):
    effort: str | None = None
    format: OutputFormat | None = None


class Metadata(msgspec.Struct, frozen=True, omit_defaults=True):
    user_id: str | None = None


class RequestBody(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`POST /v1/messages`. The sampling parameters are of the version 2023-06-01 only."""

    model: str = ""
    max_tokens: int
    stream: bool | None = None
    system: str | list[TextBlock] | None = None
    tools: list[ToolParam] | None = None
    tool_choice: ToolChoiceParam | None = None
    thinking: ThinkingConfig | None = None
    output_config: OutputConfig | None = None
    output_format: OutputFormat | None = None
    """Where `output_config.format` was in its beta."""
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    metadata: Metadata | None = None
    service_tier: str | None = None
    cache_control: CacheControl | None = None
    """A mark on the last block that can carry one."""
    messages: list[MessageParam]
