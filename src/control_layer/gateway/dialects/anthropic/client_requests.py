"""What a client of the Messages API asks for, as a `Conversation`.

What only Anthropic's own servers can do (its tools, its containers) is `Unsupported`, by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

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
_DIRECT = "direct"
_EXAMPLES = "Examples of its input:"


class _LooseMessage(msgspec.Struct):
    content: Any = None


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
    tools, unsayable = _tools(request.tools or ())
    return Conversation(
        messages=read_messages(request),
        stream=bool(request.stream),
        max_output_tokens=request.max_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        stop=tuple(request.stop_sequences or ()),
        tools=tools,
        tool_choice=None if choice is None else _tool_choice(choice),
        parallel_tool_calls=_parallel(choice),
        response_format=None if format_ is None else ResponseFormat("json_schema", format_.schema),
        reasoning=_reasoning(request.thinking, request.output_config),
        service_tier=_TIERS.get(request.service_tier, request.service_tier) if request.service_tier else None,
        user=None if request.metadata is None else request.metadata.user_id,
        others=_others(body),
        unsayable=unsayable,
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
        _refuse_strangers(message.content, f"messages[{index}].content")


def _refuse_strangers(content: Any, at: str) -> None:
    for index, block in enumerate(content if isinstance(content, list) else ()):
        kind = block.get("type") if isinstance(block, dict) else None
        if kind == "tool_result":
            _refuse_strangers(block.get("content"), f"{at}[{index}].content")
        elif isinstance(kind, str) and kind and kind not in _KNOWN_BLOCKS:
            raise Unsupported(f"{at}[{index}]", f"Only Anthropic's own API knows blocks of the type {kind!r}.")


def _others(body: bytes) -> tuple[tuple[str, msgspec.Raw], ...]:
    fields = _decode_fields(body)
    if len(fields) <= len(_KNOWN_FIELDS) and fields.keys() <= _KNOWN_FIELDS:
        return ()
    return tuple(
        (name, value)
        for name, value in fields.items()
        if name not in _KNOWN_FIELDS and name not in _HINTS and bytes(value) not in _NOTHING
    )


def _tools(given: Iterable[ToolParam]) -> tuple[tuple[Tool, ...], tuple[tuple[str, str], ...]]:
    """The client's own tools, and what only Anthropic's API does with tools."""
    tools: list[Tool] = []
    unsayable: list[tuple[str, str]] = []
    for index, tool in enumerate(given):
        at = f"tools[{index}]"
        if tool.type not in (None, "custom"):
            unsayable.append((f"{at}.type", f"Only Anthropic's own API runs tools of the type {tool.type!r}."))
            continue
        if tool.defer_loading:
            unsayable.append((f"{at}.defer_loading", "Only Anthropic's own API searches for tools."))
        if tool.allowed_callers is not None and _DIRECT not in tool.allowed_callers:
            unsayable.append((f"{at}.allowed_callers", "Only Anthropic's own API calls tools from code that it runs."))
        tools.append(_tool(tool, at))
    return tuple(tools), tuple(unsayable)


def _tool(tool: ToolParam, at: str) -> Tool:
    if not tool.name:
        raise msgspec.ValidationError(f"Object missing required field `name` - at `$.{at}`")
    schema = None if bytes(tool.input_schema) in (b"", b"null") else tool.input_schema
    return Tool(tool.name, _description(tool), schema, tool.strict, cache_mark(tool.cache_control))


def _description(tool: ToolParam) -> str | None:
    """What it does, and examples of its input, for which no other API has a place of their own."""
    if not tool.input_examples:
        return tool.description
    examples = "\n".join((_EXAMPLES, *(bytes(example).decode() for example in tool.input_examples)))
    return f"{tool.description}\n\n{examples}" if tool.description else examples


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
