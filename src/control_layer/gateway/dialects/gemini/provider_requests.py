"""A `Conversation` as a request for content.

Parameters are named as OpenAI's clients name them: Gemini's own are never translated for Gemini.
"""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.conversation import Conversation, ResponseFormat, Tool, ToolChoice
from control_layer.gateway.dialects.dialect import Outgoing
from control_layer.gateway.dialects.gemini.modalities import write_modalities
from control_layer.gateway.dialects.gemini.models import Abilities, abilities
from control_layer.gateway.dialects.gemini.provider_messages import write_messages
from control_layer.gateway.dialects.gemini.provider_thinking import write_thinking
from control_layer.gateway.dialects.gemini.requests import (
    NOTHING,
    Content,
    FunctionCallingConfig,
    FunctionDeclaration,
    GenerationConfig,
    Part,
    RequestBody,
    ToolConfig,
    ToolParam,
    method_path,
)
from control_layer.gateway.dialects.gemini.schemas import known
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["write_request", "written"]

_JSON = "application/json"
_JSON_ONLY = "Answer with a single JSON object and nothing else, not even a code fence around it."
_MOST_STOPS = 5
_MOST_SEED = 2**31
"""Seeds are 32-bit integers; a longer one's lower bits are a seed as good as it."""
_TIERS = {"auto": None, "default": "standard", "flex": "flex", "priority": "priority"}

_encode = msgspec.json.Encoder().encode


def write_request(conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
    """Raises `Unsupported` for what Gemini, or this one, cannot do; with `lenient` it is left out where it can be."""
    omissions = Omissions(lenient=lenient)
    body = _encode(written(conversation, model, omissions))
    streams = conversation.stream
    return Outgoing(
        method_path(model, "streamGenerateContent" if streams else "generateContent"),
        body,
        query=b"alt=sse" if streams else b"",
        dropped=omissions.dropped,
        first_call_only=conversation.parallel_tool_calls is False,
    )


def written(conversation: Conversation, model: str, omissions: Omissions) -> RequestBody:
    """The request, without the model's name, which is in the path."""
    able = abilities(model)
    _refuse_what_is_unknown(conversation, omissions)
    system, contents = write_messages(conversation.messages, able, omissions)
    config = _config(conversation, able, system, omissions)
    tools, tool_config = _tools(conversation)
    return RequestBody(
        system_instruction=Content(system) if system else None,
        tools=tools,
        tool_config=tool_config,
        generation_config=None if config == GenerationConfig() else config,
        service_tier=_service_tier(conversation, omissions),
        contents=contents,
    )


def _refuse_what_is_unknown(conversation: Conversation, omissions: Omissions) -> None:
    if conversation.logit_bias is not None and bytes(conversation.logit_bias) not in (b"{}", b"null"):
        omissions.refuse("logit_bias", "Gemini takes no biases.")
    if conversation.user is not None:
        omissions.drop("user")
    for name, _ in conversation.others:
        omissions.refuse(name, f"Gemini's API has nothing like {name!r}.")


# -- how it is said -------------------------------------------------------------------------------------------------


def _config(conversation: Conversation, able: Abilities, system: list[Part], omissions: Omissions) -> GenerationConfig:
    penalised = able.penalties or _no_penalty(conversation, omissions)
    media_type, schema = _format(conversation, able, system, omissions)
    modalities, speech = write_modalities(conversation, omissions)
    seed, logprobs = conversation.seed, conversation.logprobs
    return GenerationConfig(
        candidate_count=_candidates(conversation, able, omissions),
        max_output_tokens=conversation.max_output_tokens,
        temperature=conversation.temperature,
        top_p=conversation.top_p,
        top_k=conversation.top_k,
        stop_sequences=_stop(conversation, omissions),
        seed=None if seed is None else seed % _MOST_SEED,
        presence_penalty=conversation.presence_penalty if penalised else None,
        frequency_penalty=conversation.frequency_penalty if penalised else None,
        response_logprobs=None if logprobs is None else True,
        logprobs=logprobs or None,
        response_mime_type=media_type,
        response_json_schema=schema,
        thinking_config=write_thinking(conversation.reasoning, able, omissions),
        response_modalities=modalities,
        speech_config=speech,
    )


def _no_penalty(conversation: Conversation, omissions: Omissions) -> bool:
    """`False`, and a penalty of 0 is none."""
    if conversation.presence_penalty:
        omissions.refuse("presence_penalty", "The model takes no penalties.")
    if conversation.frequency_penalty:
        omissions.refuse("frequency_penalty", "The model takes no penalties.")
    return False


def _candidates(conversation: Conversation, able: Abilities, omissions: Omissions) -> int | None:
    wanted = conversation.choices
    if wanted == 1:
        return None
    if wanted > able.candidates:
        most = "one answer" if able.candidates == 1 else f"{able.candidates} answers at most"
        omissions.refuse("n", f"The model gives {most}. Ask for the others.")
        return None if able.candidates == 1 else able.candidates
    return wanted


def _stop(conversation: Conversation, omissions: Omissions) -> list[str] | None:
    stop = [text for text in conversation.stop if text]
    if len(stop) > _MOST_STOPS:
        omissions.refuse("stop", f"Gemini takes {_MOST_STOPS} stop sequences at most.")
    return stop[:_MOST_STOPS] or None


def _service_tier(conversation: Conversation, omissions: Omissions) -> str | None:
    tier = conversation.service_tier
    if tier is None:
        return None
    if tier not in _TIERS:
        omissions.refuse("service_tier", f"Google has no tier like {tier!r}.")
    return _TIERS.get(tier)


def _format(
    conversation: Conversation, able: Abilities, system: list[Part], omissions: Omissions
) -> tuple[str | None, msgspec.Raw]:
    """The media type and the schema of the answer."""
    wanted = conversation.response_format
    if wanted is None:
        return None, NOTHING
    schema = wanted.schema if wanted.kind == "json_schema" else None
    if not conversation.tools or able.calls_and_format:
        return _JSON, NOTHING if schema is None else known(schema)
    if schema is not None:
        omissions.refuse("response_format", "The model keeps to no schema beside tools. Ask one of Gemini 3 or newer.")
    system.append(Part(text=_in_words(wanted)))
    return None, NOTHING


def _in_words(wanted: ResponseFormat) -> str:
    if wanted.schema is None:
        return _JSON_ONLY
    return f"{_JSON_ONLY} It follows this JSON schema: {bytes(wanted.schema).decode()}"


# -- tools ----------------------------------------------------------------------------------------------------------


def _tools(conversation: Conversation) -> tuple[list[ToolParam] | None, ToolConfig | None]:
    tools = conversation.tools
    if not tools:
        return None, None
    calling = _calling(conversation.tool_choice, strict=any(tool.strict for tool in tools))
    declarations = [_declaration(tool) for tool in tools]
    return [ToolParam(declarations)], None if calling is None else ToolConfig(calling)


def _declaration(tool: Tool) -> FunctionDeclaration:
    schema = NOTHING if tool.parameters is None else known(tool.parameters)
    return FunctionDeclaration(tool.name, tool.description, schema)


def _calling(choice: ToolChoice | None, *, strict: bool) -> FunctionCallingConfig | None:
    mode = "auto" if choice is None else choice.mode
    match mode:
        case "none":
            return FunctionCallingConfig("NONE")
        case "required":
            return FunctionCallingConfig("ANY")
        case "named":
            return FunctionCallingConfig("ANY", None if choice is None or choice.name is None else [choice.name])
        case "auto" if strict:
            return FunctionCallingConfig("VALIDATED")
    return None if choice is None else FunctionCallingConfig("AUTO")
