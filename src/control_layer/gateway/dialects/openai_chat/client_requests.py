"""What a client of chat completions asks for, as a `Conversation`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from control_layer.gateway.dialects.conversation import Conversation, Reasoning, ResponseFormat, Tool, ToolChoice
from control_layer.gateway.dialects.dialect import Unsupported
from control_layer.gateway.dialects.openai_chat.client_messages import read_messages
from control_layer.gateway.dialects.openai_chat.requests import (
    FunctionParam,
    RequestBody,
    ResponseFormatParam,
    ToolChoiceParam,
    ToolParam,
)

__all__ = ["DIALECT", "HINTS", "NOTHING_SAID", "USER", "WITHOUT_EFFECT", "read_request"]

DIALECT = "openai_chat"
HINTS = frozenset(
    (
        *("metadata", "store", "safety_identifier", "prompt_cache_retention", "prompt_cache_options"),
        *("prediction", "verbosity"),
    )
)
"""Labels, what is kept, how long to cache, how to be faster or wordier: the answer means the same without them."""
USER = "user"
WITHOUT_EFFECT = HINTS | {USER, "prompt_cache_key"}
"""All on which no answer depends."""
_FUNCTION = "function"
NOTHING_SAID = (b"null", b"[]", b"{}")
_SEARCH = ("web_search_options", msgspec.Raw(b"{}"))
"""Without any of the options, the web is searched all the same."""

_decode = msgspec.json.Decoder(RequestBody).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_KNOWN_FIELDS = frozenset(field.encode_name for field in msgspec.structs.fields(RequestBody))
_MODALITIES = frozenset(("text", "audio", "image"))


def read_request(body: bytes | bytearray) -> Conversation:
    """Raises `Unsupported` and msgspec.ValidationError, both with the name of what is at fault."""
    body = bytes(body)  # what is not decoded refers to it
    request = _decode(body)
    others, hints = _unread(body)
    tools, tool_choice = _tools(request)
    own_only = tuple(
        (f"tools[{index}].type", f"Only OpenAI's own API knows tools of the type {tool.type!r}.")
        for index, tool in enumerate(request.tools or ())
        if tool.type != _FUNCTION
    )
    return Conversation(
        messages=read_messages(request.messages),
        stream=bool(request.stream),
        include_usage=request.stream_options is not None and bool(request.stream_options.include_usage),
        max_output_tokens=_most(request),
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        stop=(request.stop,) if isinstance(request.stop, str) else tuple(request.stop or ()),
        seed=request.seed,
        choices=request.n or 1,
        presence_penalty=request.presence_penalty,
        frequency_penalty=request.frequency_penalty,
        logprobs=(request.top_logprobs or 0) if request.logprobs else None,
        logit_bias=_some(request.logit_bias),
        tools=tools,
        tool_choice=tool_choice,
        parallel_tool_calls=False if request.functions else request.parallel_tool_calls,
        response_format=None if request.response_format is None else _format(request.response_format),
        reasoning=_reasoning(request),
        audio_output=_audio(request),
        image_output=_pictures(request),
        service_tier=request.service_tier,
        user=request.user,
        cache_key=request.prompt_cache_key,
        single_call=bool(request.functions),
        others=others,
        hints=hints,
        unsayable=own_only,
        dialect=DIALECT if others or hints else None,
    )


def _unread(body: bytes) -> tuple[tuple[tuple[str, msgspec.Raw], ...], tuple[tuple[str, msgspec.Raw], ...]]:
    fields = _decode_fields(body)
    if fields.keys() <= _KNOWN_FIELDS:
        return (), ()
    unread = [
        (name, value)
        for name, value in fields.items()
        if name not in _KNOWN_FIELDS and (bytes(value) not in NOTHING_SAID or (name, value) == _SEARCH)
    ]
    others = tuple(field for field in unread if field[0] not in HINTS)
    return others, tuple(field for field in unread if field[0] in HINTS)


def _some(raw: msgspec.Raw) -> msgspec.Raw | None:
    return None if bytes(raw) in (b"", b"null") else raw


def _most(request: RequestBody) -> int | None:
    most = request.max_completion_tokens
    return request.max_tokens if most is None else most


def _format(wanted: ResponseFormatParam) -> ResponseFormat | None:
    if wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return ResponseFormat("json_object")
    schema = wanted.json_schema
    if schema is None:
        raise msgspec.ValidationError("Object missing required field `json_schema` - at `$.response_format`")
    return ResponseFormat("json_schema", _some(schema.schema), schema.name, schema.strict, schema.description)


def _reasoning(request: RequestBody) -> Reasoning | None:
    wanted, thinking = request.reasoning, request.thinking
    if wanted is None and thinking is None:
        effort = request.reasoning_effort
        return None if effort is None else Reasoning(effort != "none", effort)
    effort, budget, enabled, shown = request.reasoning_effort, None, True, True
    if wanted is not None:
        effort, budget = wanted.effort or effort, wanted.max_tokens
        enabled, shown = wanted.enabled is not False, not wanted.exclude
    if thinking is not None:
        budget, enabled = thinking.budget_tokens or budget, enabled and thinking.type != "disabled"
    return Reasoning(enabled and effort != "none", effort, budget, shown)


def _audio(request: RequestBody) -> msgspec.Raw | None:
    modalities = request.modalities or ()
    for modality in modalities:
        if modality not in _MODALITIES:
            raise Unsupported("modalities", f"Answers are text, audio or images here, and not {modality!r}.")
    if "audio" not in modalities:
        return None
    wanted = _some(request.audio)
    if wanted is None:
        raise msgspec.ValidationError("Object missing required field `audio`")
    return wanted


def _pictures(request: RequestBody) -> Literal["only", "with_text"] | None:
    modalities = request.modalities or ()
    if "image" not in modalities:
        return None
    return "with_text" if "text" in modalities else "only"


# -- tools ----------------------------------------------------------------------------------------------------------


def _tools(request: RequestBody) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    if request.functions and not request.tools:
        return _legacy_tools(request, request.functions)
    given = enumerate(request.tools or ())
    tools = tuple(_tool(tool, f"tools[{index}]") for index, tool in given if tool.type == _FUNCTION)
    choice = request.tool_choice
    if choice is None:
        return tools, None
    if not isinstance(choice, ToolChoiceParam):
        return tools, ToolChoice(choice)
    if choice.type == "allowed_tools" and choice.allowed_tools is not None:
        allowed = {_name(tool, "tool_choice.allowed_tools") for tool in choice.allowed_tools.tools}
        return _only(tools, allowed), ToolChoice(choice.allowed_tools.mode)
    return tools, ToolChoice("named", _name(choice, "tool_choice"))


def _name(choice: ToolChoiceParam, at: str) -> str:
    if choice.type != _FUNCTION:
        raise Unsupported(f"{at}.type", f"Only OpenAI's own API knows tools of the type {choice.type!r}.")
    if choice.function is None:
        raise msgspec.ValidationError(f"Object missing required field `function` - at `$.{at}`")
    return choice.function.name


def _only(tools: Iterable[Tool], allowed: set[str]) -> tuple[Tool, ...]:
    """What may not be called need not be shown."""
    return tuple(tool for tool in tools if tool.name in allowed)


def _tool(tool: ToolParam, at: str) -> Tool:
    if tool.function is None:
        raise msgspec.ValidationError(f"Object missing required field `function` - at `$.{at}`")
    mark = None if tool.cache_control is None else tool.cache_control.ttl or "5m"
    return msgspec.structs.replace(_function(tool.function), cache=mark)


def _function(function: FunctionParam) -> Tool:
    return Tool(function.name, function.description, _some(function.parameters), function.strict)


def _legacy_tools(
    request: RequestBody, functions: Iterable[FunctionParam]
) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    tools, choice = tuple(_function(function) for function in functions), request.function_call
    if choice is None:
        return tools, None
    return tools, ToolChoice(choice) if isinstance(choice, str) else ToolChoice("named", choice.name)
