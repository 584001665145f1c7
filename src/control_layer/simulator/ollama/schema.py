"""Bodies of Ollama's API as it takes them. Fields that it does not know are refused, which the real one passes over."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

__all__ = ["ChatRequest", "EmbedRequest", "Message", "ToolCall"]


class _Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class Called(_Strict):
    name: str
    arguments: dict[str, Any]
    index: int | None = None


class ToolCall(_Strict):
    function: Called
    id: str | None = None


class Message(_Strict):
    role: str
    content: str = ""
    thinking: str = ""
    images: list[str] = []
    tool_calls: list[ToolCall] = []
    tool_name: str = ""
    tool_call_id: str = ""


class Function(_Strict):
    name: str
    description: str = ""
    parameters: dict[str, Any] = {}


class Tool(_Strict):
    type: Literal["function"]
    function: Function


class Options(_Strict):
    num_ctx: int | None = None
    num_predict: int | None = None
    num_keep: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    seed: int | None = None
    stop: list[str] = []
    repeat_last_n: int | None = None
    repeat_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None


class ChatRequest(_Strict):
    """`POST /api/chat`."""

    model: str
    messages: list[Message] = []
    tools: list[Tool] = []
    stream: bool = True
    format: Literal["json", ""] | dict[str, Any] | None = None
    think: bool | Literal["low", "medium", "high", "max"] | None = None
    options: Options = msgspec.field(default_factory=Options)
    keep_alive: str | int | None = None
    logprobs: bool = False
    top_logprobs: int = 0
    truncate: bool | None = None
    shift: bool | None = None


class EmbedRequest(_Strict):
    """`POST /api/embed`."""

    model: str
    input: str | list[str]
    truncate: bool = True
    dimensions: int | None = None
    keep_alive: str | int | None = None
    options: Options = msgspec.field(default_factory=Options)
