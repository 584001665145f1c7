"""A chat request as it lies on the wire (https://docs.ollama.com/api/chat)."""

from __future__ import annotations

from typing import Literal

import msgspec

from control_layer.gateway.dialects.efforts import Level

__all__ = [
    "NOTHING",
    "CalledFunction",
    "FunctionParam",
    "MessageParam",
    "Options",
    "RequestBody",
    "ToolCallParam",
    "ToolParam",
]

NOTHING = msgspec.Raw()
"""JSON that is not there. The very object is left out of what is written."""


class CalledFunction(msgspec.Struct, frozen=True):
    name: str
    arguments: msgspec.Raw


class ToolCallParam(msgspec.Struct, frozen=True, omit_defaults=True):
    function: CalledFunction
    id: str | None = None


class MessageParam(msgspec.Struct, frozen=True, omit_defaults=True):
    role: Literal["system", "user", "assistant", "tool"]
    content: str
    thinking: str | None = None
    images: list[str] | None = None
    """Base64; the server sees for itself of which type they are."""
    tool_calls: list[ToolCallParam] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


class FunctionParam(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    description: str | None = None
    parameters: msgspec.Raw = NOTHING


class ToolParam(msgspec.Struct, frozen=True, tag_field="type", tag="function"):
    function: FunctionParam


class Options(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    num_predict: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: list[str] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None


class RequestBody(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`POST /api/chat`."""

    model: str
    stream: bool
    """Said in any case: without it, the server streams."""
    think: bool | Level | None = None
    format: msgspec.Raw = NOTHING
    """The text `json`, or a JSON schema."""
    logprobs: bool | None = None
    top_logprobs: int | None = None
    options: Options | None = None
    tools: list[ToolParam] | None = None
    messages: list[MessageParam]
