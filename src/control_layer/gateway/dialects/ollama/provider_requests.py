"""A `Conversation` as a chat request to Ollama.

Parameters are named as OpenAI's clients name them: Ollama's own are never translated for Ollama.
"""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.conversation import Conversation, Reasoning, ResponseFormat, Tool
from control_layer.gateway.dialects.dialect import Outgoing
from control_layer.gateway.dialects.efforts import Level, level_for, level_of
from control_layer.gateway.dialects.ollama.provider_messages import write_messages
from control_layer.gateway.dialects.ollama.requests import (
    NOTHING,
    FunctionParam,
    Options,
    RequestBody,
    ToolParam,
)
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.dialects.openais_own import refuse_other_fields

__all__ = ["write_request"]

_PATH = "/api/chat"
_NO_ARGUMENTS = msgspec.Raw(b'{"type":"object","properties":{}}')
_ANY_JSON = msgspec.Raw(b'"json"')
_TIERS = ("auto", "default")

_encode = msgspec.json.Encoder().encode


def write_request(conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
    """Raises `Unsupported` for what Ollama cannot do; with `lenient` it is left out where it can be."""
    omissions = Omissions(lenient=lenient)
    _refuse_what_is_unknown(conversation, omissions)
    logprobs = conversation.logprobs
    options = _options(conversation)
    body = RequestBody(
        model=model,
        stream=conversation.stream,
        think=_think(conversation.reasoning),
        format=_format(conversation.response_format),
        logprobs=None if logprobs is None else True,
        top_logprobs=logprobs or None,
        options=None if options == Options() else options,
        tools=_tools(conversation, omissions),
        messages=write_messages(conversation.messages, omissions),
    )
    return Outgoing(
        _PATH,
        _encode(body),
        dropped=omissions.dropped,
        first_call_only=conversation.parallel_tool_calls is False,
    )


def _refuse_what_is_unknown(conversation: Conversation, omissions: Omissions) -> None:
    if conversation.choices != 1:
        omissions.refuse("n", "Ollama gives one answer. Ask for each of them.")
    if conversation.service_tier is not None and conversation.service_tier not in _TIERS:
        omissions.refuse("service_tier", "Ollama has no tiers.")
    if conversation.user is not None:
        omissions.drop("user")
    refuse_other_fields(conversation, omissions, "Ollama")


def _options(conversation: Conversation) -> Options:
    return Options(
        num_predict=conversation.max_output_tokens,
        temperature=conversation.temperature,
        top_p=conversation.top_p,
        top_k=conversation.top_k,
        stop=[text for text in conversation.stop if text] or None,
        seed=conversation.seed,
        presence_penalty=conversation.presence_penalty,
        frequency_penalty=conversation.frequency_penalty,
    )


def _think(reasoning: Reasoning | None) -> bool | Level | None:
    """A level, which models that know none take for a yes; or just yes or no."""
    if reasoning is None:
        return None
    if not reasoning.enabled or reasoning.effort == "none":
        return False
    if reasoning.effort is not None:
        return level_of(reasoning.effort)
    budget = reasoning.budget
    if budget is None:
        return True
    return level_for(budget)


def _format(wanted: ResponseFormat | None) -> msgspec.Raw:
    if wanted is None:
        return NOTHING
    return _ANY_JSON if wanted.kind == "json_object" or wanted.schema is None else wanted.schema


def _tools(conversation: Conversation, omissions: Omissions) -> list[ToolParam] | None:
    """No choice can be said; none that may be called need not be shown."""
    tools, choice = conversation.tools, conversation.tool_choice
    if not tools or (choice is not None and choice.mode == "none"):
        return None
    if choice is not None and choice.mode in ("required", "named"):
        omissions.refuse("tool_choice", "The model decides for itself whether it calls a tool: `auto` and `none` only.")
    return [_tool(tool, index, omissions) for index, tool in enumerate(tools)]


def _tool(tool: Tool, index: int, omissions: Omissions) -> ToolParam:
    if tool.strict:
        omissions.drop(f"tools[{index}].function.strict")
    return ToolParam(FunctionParam(tool.name, tool.description, tool.parameters or _NO_ARGUMENTS))
