"""Tools, and which of them the model may call, as Converse takes them.

Converse has no word for "none" and for "one at a time". Claude is told in the words of its own API, then all at once:
it refuses to be told in both.
"""

from __future__ import annotations

from typing import Any

import msgspec

from control_layer.gateway.dialects.anthropic.requests import ToolChoiceParam as ClaudesChoice
from control_layer.gateway.dialects.anthropic.schemas import Inexpressible, constrained, of_an_object
from control_layer.gateway.dialects.bedrock.models import Model
from control_layer.gateway.dialects.bedrock.provider_messages import cache_point
from control_layer.gateway.dialects.bedrock.requests import (
    InputSchema,
    MessageParam,
    Nothing,
    ToolChoiceParam,
    ToolConfig,
    ToolName,
    ToolParam,
    ToolSpec,
)
from control_layer.gateway.dialects.conversation import Conversation, Tool, ToolChoice
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["write_tools"]

_ANY_ARGUMENTS = msgspec.Raw(b'{"type":"object"}')
_NO_ARGUMENTS = msgspec.Raw(b'{"type":"object","properties":{}}')


def write_tools(
    conversation: Conversation, messages: list[MessageParam], model: Model, omissions: Omissions
) -> tuple[ToolConfig | None, dict[str, Any]]:
    """`toolConfig`, and what goes beside it to a Claude."""
    choice = conversation.tool_choice or ToolChoice()
    called = _called(messages)
    tools = [param for index, tool in enumerate(conversation.tools) for param in _tool(tool, index, model, omissions)]
    if not tools:
        # Calls and results are taken only with tools, which a client may have left out of its last turn.
        tools = [ToolParam(ToolSpec(name, InputSchema(_ANY_ARGUMENTS))) for name in called]
        return (ToolConfig(tools) if tools else None), {}
    if choice.mode == "none" and not called:
        return None, {}
    if choice.mode in ("required", "named") and model.family == "claude" and not model.able.forced_tools:
        omissions.refuse("tool_choice", "The model decides for itself whether it calls a tool: `auto` and `none` only.")
        choice = ToolChoice()
    single = conversation.parallel_tool_calls is False
    if model.family == "claude" and (choice.mode == "none" or (single and model.able.structured)):
        return ToolConfig(tools), {"tool_choice": _claudes(choice, single)}
    if choice.mode == "none":
        omissions.refuse("tool_choice", "The model cannot be told to call no tool where it has called one before.")
    return ToolConfig(tools, _choice(conversation, choice)), {}


def _called(messages: list[MessageParam]) -> list[str]:
    """The names of the tools that were called, each once."""
    uses = (block.tool_use for message in messages for block in message.content)
    return list(dict.fromkeys(use.name for use in uses if use is not None))


def _tool(tool: Tool, index: int, model: Model, omissions: Omissions) -> list[ToolParam]:
    schema, strict = tool.parameters or _NO_ARGUMENTS, None
    if tool.strict:
        try:
            if model.able.claude and model.able.structured:
                schema, strict = constrained(schema), True
        except Inexpressible:
            pass
        if strict is None:
            omissions.drop(f"tools[{index}].function.strict")
    params = [ToolParam(ToolSpec(tool.name, InputSchema(of_an_object(schema)), tool.description or None, strict))]
    mark = cache_point(tool.cache) if model.family == "claude" else None
    return params if mark is None else [*params, ToolParam(cache_point=mark)]


def _choice(conversation: Conversation, choice: ToolChoice) -> ToolChoiceParam | None:
    match choice.mode:
        case "required":
            return ToolChoiceParam(any=Nothing())
        case "named":
            return ToolChoiceParam(tool=ToolName(choice.name or ""))
        case "auto" if conversation.tool_choice is not None:
            return ToolChoiceParam(auto=Nothing())
    return None


def _claudes(choice: ToolChoice, single: bool) -> ClaudesChoice:
    match choice.mode:
        case "none":
            return ClaudesChoice("none")
        case "required":
            return ClaudesChoice("any", disable_parallel_tool_use=single)
        case "named":
            return ClaudesChoice("tool", choice.name, single)
    return ClaudesChoice("auto", disable_parallel_tool_use=single)
