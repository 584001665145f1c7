"""A `Conversation` as a request to the Messages API.

Parameters are named as OpenAI's clients name them: Anthropic's own are never translated for Anthropic.
"""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.anthropic.blocks import TextBlock, cache_control
from control_layer.gateway.dialects.anthropic.models import Abilities, abilities
from control_layer.gateway.dialects.anthropic.provider_messages import write_messages
from control_layer.gateway.dialects.anthropic.provider_sampling import Sampling, write_sampling
from control_layer.gateway.dialects.anthropic.provider_thinking import thoughts_are_lost, turns_of, write_thinking
from control_layer.gateway.dialects.anthropic.requests import (
    MessageParam,
    Metadata,
    OutputConfig,
    OutputFormat,
    RequestBody,
    ToolChoiceParam,
    ToolParam,
)
from control_layer.gateway.dialects.anthropic.schemas import Inexpressible, constrained, of_an_object
from control_layer.gateway.dialects.conversation import Conversation, Tool, ToolChoice
from control_layer.gateway.dialects.dialect import Outgoing
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.dialects.openais_own import refuse_other_fields, refuse_variations

__all__ = ["write_request"]

_PATH = "/v1/messages"
_SAMPLING_VERSION = (b"anthropic-version", b"2023-06-01")
"""The last that takes `temperature`, `top_p` and `top_k`, and the one that others who speak this dialect know."""
_VERSION = (b"anthropic-version", b"2026-10-21")
_NO_ARGUMENTS = msgspec.Raw(b'{"type":"object","properties":{}}')
_JSON_ONLY = "Answer with a single JSON object and nothing else, not even a code fence around it."
_TIERS = {
    "auto": "auto",
    "default": "standard_only",
    "standard_only": "standard_only",
    "priority": "auto",
    "fast": "auto",
}
"""`auto` is: with priority, as far as it was bought. OpenAI's `fast` is another name of its `priority`."""
_WHO_ASKS = "safety_identifier"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def write_request(conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
    """Raises `Unsupported` for what Claude, or this one, cannot do; with `lenient` it is left out where it can be."""
    able, omissions = abilities(model), Omissions(lenient=lenient)
    refuse_variations(conversation, omissions, "Claude")
    refuse_other_fields(conversation, omissions, "Claude")
    system, messages = write_messages(conversation.messages, system_messages=able.system_messages, omissions=omissions)
    choice = _tool_choice(conversation, able, omissions)
    room = conversation.max_output_tokens or able.output
    forced = choice is not None and choice.type in ("any", "tool")
    thinking, effort = write_thinking(
        conversation.reasoning,
        able,
        room,
        forced_tool=forced,
        lost_thoughts=thoughts_are_lost(turns_of(messages)),
        omissions=omissions,
    )
    thinks = thinking is not None and thinking.type in ("enabled", "adaptive")
    sampling = write_sampling(conversation, able, thinks=thinks, omissions=omissions)
    format_ = _format(conversation, able, system, omissions)
    body = RequestBody(
        model=model,
        max_tokens=room,
        stream=conversation.stream or None,
        system=[*system] or None,
        tools=[_tool(tool, index, able, omissions) for index, tool in enumerate(conversation.tools)] or None,
        tool_choice=choice,
        thinking=thinking,
        output_config=None if effort is None and format_ is None else OutputConfig(effort, format_),
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        stop_sequences=_stop(conversation, omissions),
        metadata=_metadata(conversation),
        service_tier=_service_tier(conversation, omissions),
        messages=_without_space_at_the_end(messages),
    )
    unsampled = able.claude and sampling == Sampling()
    headers = (_VERSION if unsampled else _SAMPLING_VERSION,)
    return Outgoing(_PATH, _encode(body), headers, dropped=omissions.dropped)


# -- what is said ---------------------------------------------------------------------------------------------------


def _without_space_at_the_end(messages: list[MessageParam]) -> list[MessageParam]:
    """An answer that is begun for the model may not end with white space."""
    last = messages[-1] if messages else None
    if last is None or last.role != "assistant" or isinstance(last.content, str):
        return messages
    block = last.content[-1]
    if not isinstance(block, TextBlock) or not block.text[-1].isspace():
        return messages
    trimmed = msgspec.structs.replace(block, text=block.text.rstrip())
    return [*messages[:-1], MessageParam("assistant", [*last.content[:-1], trimmed])]


def _format(
    conversation: Conversation, able: Abilities, system: list[TextBlock], omissions: Omissions
) -> OutputFormat | None:
    """A schema is kept to by the API; any JSON object at all has to be asked for in words."""
    wanted = conversation.response_format
    if wanted is None:
        return None
    if wanted.kind == "json_object" or wanted.schema is None:
        system.append(TextBlock(_JSON_ONLY))
        return None
    try:
        if able.structured:
            return OutputFormat("json_schema", constrained(wanted.schema, wanted.description))
        reason = "The model keeps to no schema. Ask one of Claude 4.5 or newer."
    except Inexpressible as error:
        reason = str(error)
    omissions.refuse("response_format", reason)
    system.append(TextBlock(f"{_JSON_ONLY} It follows this JSON schema: {bytes(wanted.schema).decode()}"))
    return None


# -- tools ----------------------------------------------------------------------------------------------------------


def _tool(tool: Tool, index: int, able: Abilities, omissions: Omissions) -> ToolParam:
    schema, strict = tool.parameters or _NO_ARGUMENTS, None
    if tool.strict:
        try:
            if able.structured:
                schema, strict = constrained(schema), True
        except Inexpressible:
            pass
        if strict is None:
            omissions.drop(f"tools[{index}].function.strict")
    return ToolParam(tool.name, tool.description, of_an_object(schema), strict, cache_control(tool.cache))


def _tool_choice(conversation: Conversation, able: Abilities, omissions: Omissions) -> ToolChoiceParam | None:
    choice, single = conversation.tool_choice, conversation.parallel_tool_calls is False or None
    if not conversation.tools or (choice is None and not single):
        return None
    choice = choice or ToolChoice()
    if choice.mode in ("required", "named") and not able.forced_tools:
        omissions.refuse("tool_choice", "The model decides for itself whether it calls a tool: `auto` and `none` only.")
        choice = ToolChoice()
    match choice.mode:
        case "none":
            return ToolChoiceParam("none")
        case "auto":
            return ToolChoiceParam("auto", disable_parallel_tool_use=single)
        case "required":
            return ToolChoiceParam("any", disable_parallel_tool_use=single)
        case "named":
            return ToolChoiceParam("tool", choice.name, single)


# -- how it is said -------------------------------------------------------------------------------------------------


def _stop(conversation: Conversation, omissions: Omissions) -> list[str] | None:
    stop = [text for text in conversation.stop if text.strip()]
    if len(stop) < len(conversation.stop):
        omissions.refuse("stop", "Claude does not stop at white space.")
    return stop or None


def _metadata(conversation: Conversation) -> Metadata | None:
    """Who asks, by which abuse is told: OpenAI's `user`, or `safety_identifier` that has taken its place."""
    user: object = conversation.user
    if user is None and (identifier := dict(conversation.hints).get(_WHO_ASKS)) is not None:
        user = _decode(identifier)
    return Metadata(user) if isinstance(user, str) else None


def _service_tier(conversation: Conversation, omissions: Omissions) -> str | None:
    tier = conversation.service_tier
    if tier is None:
        return None
    if tier not in _TIERS:
        omissions.refuse("service_tier", f"Anthropic has no tier like {tier!r}.")
    return _TIERS.get(tier)
