"""What a client of the Messages API asks for, as a `Conversation`.

What only Anthropic's own servers can do (its tools, its containers) is `Unsupported`, by name.
"""

from __future__ import annotations

from typing import get_args

import msgspec

from control_layer.gateway.dialects.anthropic.blocks import Block, cache_mark
from control_layer.gateway.dialects.anthropic.client_messages import read_messages
from control_layer.gateway.dialects.anthropic.requests import (
    OutputConfig,
    RequestBody,
    ThinkingConfig,
    ToolChoiceParam,
    ToolParam,
)
from control_layer.gateway.dialects.conversation import Conversation, Reasoning, ResponseFormat, Tool, ToolChoice
from control_layer.gateway.dialects.dialect import Unsupported

__all__ = ["read_count_request", "read_request"]

_HINTS = frozenset(("context_management", "diagnostics", "speed"))
"""How Anthropic is to spend its own time and context: no other provider has it, and the answer means the same without
it. Coding agents send it with every request."""
_NOTHING = (b"null", b"[]", b"{}")
_CHOICES = {"auto": ToolChoice("auto"), "any": ToolChoice("required"), "none": ToolChoice("none")}
_TIERS = {"auto": "auto", "standard_only": "default"}


class _LooseBlock(msgspec.Struct):
    type: str = ""


class _LooseMessage(msgspec.Struct):
    content: str | list[_LooseBlock] = ""


class _LooseRequest(msgspec.Struct):
    messages: list[_LooseMessage] = []


_decode = msgspec.json.Decoder(RequestBody).decode
_decode_loosely = msgspec.json.Decoder(_LooseRequest).decode
_encode = msgspec.json.Encoder().encode
_ONE = msgspec.Raw(b"1")
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_KNOWN_FIELDS = frozenset(field.encode_name for field in msgspec.structs.fields(RequestBody))
_KNOWN_BLOCKS = frozenset(str(kind.__struct_config__.tag) for kind in get_args(Block))


def read_request(body: bytes | bytearray) -> Conversation:
    """Raises `Unsupported` and msgspec.ValidationError, both with the name of what is at fault."""
    body = bytes(body)  # what is not decoded refers to it
    try:
        request = _decode(body)
    except msgspec.ValidationError:
        _refuse_blocks_of_servers(body)
        raise
    if request.max_tokens == 0:
        raise Unsupported("max_tokens", "0 only fills Anthropic's cache. Ask for at least one token.")
    if request.max_tokens < 0:
        raise msgspec.ValidationError("Expected `int` >= 1 - at `$.max_tokens`")
    format_ = request.output_format
    if request.output_config is not None and request.output_config.format is not None:
        format_ = request.output_config.format
    choice = request.tool_choice
    return Conversation(
        messages=read_messages(request),
        stream=bool(request.stream),
        max_output_tokens=request.max_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        stop=tuple(request.stop_sequences or ()),
        tools=tuple(_tool(tool, f"tools[{index}]") for index, tool in enumerate(request.tools or ())),
        tool_choice=None if choice is None else _tool_choice(choice),
        parallel_tool_calls=_parallel(choice),
        response_format=None if format_ is None else ResponseFormat("json_schema", format_.schema),
        reasoning=_reasoning(request.thinking, request.output_config),
        service_tier=_TIERS.get(request.service_tier, request.service_tier) if request.service_tier else None,
        user=None if request.metadata is None else request.metadata.user_id,
        others=_others(body),
    )


def read_count_request(body: bytes | bytearray) -> Conversation:
    """A request whose tokens are to be counted (https://platform.claude.com/docs/en/api/messages-count-tokens): it says
    not how long the answer may be. Raises as `read_request` does.
    """
    return read_request(_encode({"max_tokens": _ONE, **_decode_fields(body)}))


def _refuse_blocks_of_servers(body: bytes) -> None:
    """A block that is known to Anthropic alone is no mistake of the client's, and is told apart from one."""
    try:
        loose = _decode_loosely(body)
    except msgspec.MsgspecError:
        return
    for index, message in enumerate(loose.messages):
        for place, block in enumerate(message.content if isinstance(message.content, list) else ()):
            if block.type and block.type not in _KNOWN_BLOCKS:
                parameter = f"messages[{index}].content[{place}]"
                raise Unsupported(parameter, f"Only Anthropic's own API knows blocks of the type {block.type!r}.")


def _others(body: bytes) -> tuple[tuple[str, msgspec.Raw], ...]:
    fields = _decode_fields(body)
    if len(fields) <= len(_KNOWN_FIELDS) and fields.keys() <= _KNOWN_FIELDS:
        return ()
    return tuple(
        (name, value)
        for name, value in fields.items()
        if name not in _KNOWN_FIELDS and name not in _HINTS and bytes(value) not in _NOTHING
    )


def _tool(tool: ToolParam, at: str) -> Tool:
    if tool.type not in (None, "custom"):
        raise Unsupported(f"{at}.type", f"Only Anthropic's own API runs tools of the type {tool.type!r}.")
    if tool.defer_loading:
        raise Unsupported(f"{at}.defer_loading", "Only Anthropic's own API searches for tools.")
    if not tool.name:
        raise msgspec.ValidationError(f"Object missing required field `name` - at `$.{at}`")
    schema = None if bytes(tool.input_schema) in (b"", b"null") else tool.input_schema
    return Tool(tool.name, tool.description, schema, tool.strict, cache_mark(tool.cache_control))


def _tool_choice(choice: ToolChoiceParam) -> ToolChoice:
    if choice.type != "tool":
        return _CHOICES[choice.type]
    if not choice.name:
        raise msgspec.ValidationError("Object missing required field `name` - at `$.tool_choice`")
    return ToolChoice("named", choice.name)


def _parallel(choice: ToolChoiceParam | None) -> bool | None:
    if choice is None or choice.disable_parallel_tool_use is None:
        return None
    return not choice.disable_parallel_tool_use


def _reasoning(thinking: ThinkingConfig | None, config: OutputConfig | None) -> Reasoning | None:
    effort = None if config is None else config.effort
    if thinking is None:
        return None if effort is None else Reasoning(effort=effort)
    return Reasoning(
        enabled=thinking.type in ("enabled", "adaptive"),
        effort=effort,
        budget=thinking.budget_tokens,
        shown=thinking.display != "omitted",
    )
