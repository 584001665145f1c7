"""What a client of the Responses API asks for, as a `Conversation`.

Each request says all of it: what was said before has been put before it (`remembering`). What else OpenAI would keep
between requests, or do in its own time or with its own tools, is `Unsupported`, by name.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from control_layer.gateway.dialects.conversation import (
    Conversation,
    Message,
    Reasoning,
    ResponseFormat,
    Text,
    Tool,
    ToolChoice,
)
from control_layer.gateway.dialects.dialect import UnknownResponse, Unsupported
from control_layer.gateway.dialects.openai_responses.client_items import read_input
from control_layer.gateway.dialects.openai_responses.requests import (
    FormatParam,
    ReasoningParam,
    RequestBody,
    ToolChoiceParam,
    ToolParam,
)

__all__ = ["read_request"]

_DIALECT = "openai_responses"
_HINTS = frozenset(
    (
        *("metadata", "safety_identifier", "prompt_cache_retention", "prompt_cache_options"),
        *("truncation", "max_tool_calls", "context_management"),
    )
)
"""Labels, how to cache, what to do when a conversation is too long, how often tools of OpenAI's may be called: the
answer means the same without them."""
_NOTHING_SAID = (b"null", b"[]", b"{}")
_FUNCTION = "function"
_LOGPROBS = "message.output_text.logprobs"

_decode = msgspec.json.Decoder(RequestBody).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
_KNOWN_FIELDS = frozenset(field.encode_name for field in msgspec.structs.fields(RequestBody))

Fields = tuple[tuple[str, msgspec.Raw], ...]


def read_request(body: bytes | bytearray) -> Conversation:
    """Raises `Unsupported` and msgspec.ValidationError, both with the name of what is at fault."""
    body = bytes(body)  # what is not decoded refers to it
    request = _decode(body)
    _refuse_what_is_kept(request)
    messages = read_input(request.input)
    if request.instructions:
        messages = (Message("system", (Text(request.instructions),)), *messages)
    others, hints = _unread(body, request)
    tools, tool_choice, unsayable = _tools(request)
    form = None if request.text is None else request.text.format
    return Conversation(
        messages=messages,
        stream=bool(request.stream),
        max_output_tokens=request.max_output_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        logprobs=_logprobs(request),
        tools=tools,
        tool_choice=tool_choice,
        parallel_tool_calls=request.parallel_tool_calls,
        response_format=None if form is None else _format(form),
        reasoning=None if request.reasoning is None else _reasoning(request.reasoning),
        service_tier=request.service_tier,
        user=request.user,
        cache_key=request.prompt_cache_key,
        others=others,
        hints=hints,
        unsayable=unsayable,
        dialect=_DIALECT if others or hints else None,
    )


def _refuse_what_is_kept(request: RequestBody) -> None:
    if request.previous_response_id is not None:
        raise UnknownResponse(request.previous_response_id)
    if request.conversation is not None:
        raise Unsupported("conversation", "Conversations are kept by OpenAI only. Send the whole of it as `input`.")
    if request.prompt is not None:
        raise Unsupported("prompt", "Prompts are kept by OpenAI only. Send its text as `instructions` or `input`.")
    if request.background:
        raise Unsupported("background", "Responses of this model are not made in the background. Stream the answer.")


def _unread(body: bytes, request: RequestBody) -> tuple[Fields, Fields]:
    others: list[tuple[str, msgspec.Raw]] = []
    hints: list[tuple[str, msgspec.Raw]] = []
    if request.text is not None and request.text.verbosity is not None:
        hints.append(("verbosity", msgspec.Raw(_encode(request.text.verbosity))))
    for name, value in _decode_fields(body).items():
        if name not in _KNOWN_FIELDS and bytes(value) not in _NOTHING_SAID:
            (hints if name in _HINTS else others).append((name, value))
    return tuple(others), tuple(hints)


def _logprobs(request: RequestBody) -> int | None:
    wanted = request.top_logprobs or (request.include is not None and _LOGPROBS in request.include)
    return (request.top_logprobs or 0) if wanted else None


def _some(raw: msgspec.Raw) -> msgspec.Raw | None:
    return None if bytes(raw) in (b"", b"null") else raw


def _format(wanted: FormatParam) -> ResponseFormat | None:
    if wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return ResponseFormat("json_object")
    schema = _some(wanted.schema)
    if schema is None:
        raise msgspec.ValidationError("Object missing required field `schema` - at `$.text.format`")
    return ResponseFormat("json_schema", schema, wanted.name, wanted.strict, wanted.description)


def _reasoning(wanted: ReasoningParam) -> Reasoning | None:
    summary = wanted.summary or wanted.generate_summary
    if wanted.effort is None and summary is None:
        return None
    return Reasoning(wanted.effort != "none", wanted.effort, shown=summary is not None)


# -- tools ----------------------------------------------------------------------------------------------------------


def _tools(request: RequestBody) -> tuple[tuple[Tool, ...], ToolChoice | None, tuple[tuple[str, str], ...]]:
    """The client's own tools, its choice, and tools that only OpenAI's API runs."""
    given = [(f"tools[{index}]", tool) for index, tool in enumerate(request.tools or ())]
    tools = tuple(_tool(tool, at) for at, tool in given if tool.type == _FUNCTION)
    unsayable = tuple(
        (f"{at}.type", f"Only OpenAI's own API runs tools of the type {tool.type!r}. Use functions.")
        for at, tool in given
        if tool.type != _FUNCTION
    )
    choice = request.tool_choice
    if choice is None:
        return tools, None, unsayable
    if not isinstance(choice, ToolChoiceParam):
        return tools, ToolChoice(choice), unsayable
    if choice.type == "allowed_tools":
        allowed = {_name(tool, "tool_choice.tools") for tool in choice.tools or ()}
        return _only(tools, allowed), ToolChoice(choice.mode or "auto"), unsayable
    return tools, ToolChoice("named", _name(choice, "tool_choice")), unsayable


def _only(tools: Iterable[Tool], allowed: set[str]) -> tuple[Tool, ...]:
    """What may not be called need not be shown."""
    return tuple(tool for tool in tools if tool.name in allowed)


def _name(choice: ToolChoiceParam, at: str) -> str:
    if choice.type != _FUNCTION:
        raise Unsupported(f"{at}.type", f"Only OpenAI's own API runs tools of the type {choice.type!r}.")
    if choice.name is None:
        raise msgspec.ValidationError(f"Object missing required field `name` - at `$.{at}`")
    return choice.name


def _tool(tool: ToolParam, at: str) -> Tool:
    if not tool.name:
        raise msgspec.ValidationError(f"Object missing required field `name` - at `$.{at}`")
    return Tool(tool.name, tool.description, _some(tool.parameters), tool.strict)
