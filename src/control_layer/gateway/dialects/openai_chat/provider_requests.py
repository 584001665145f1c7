"""A `Conversation` as a request for a chat completion."""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import msgspec

from control_layer.gateway.dialects.conversation import Conversation, Tool, ToolChoice
from control_layer.gateway.dialects.dialect import Outgoing
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.dialects.openai_chat.client_requests import DIALECT, HINTS, USER
from control_layer.gateway.dialects.openai_chat.provider_formats import format_of
from control_layer.gateway.dialects.openai_chat.provider_messages import write_messages
from control_layer.gateway.dialects.openai_chat.provider_reasoning import effort_of
from control_layer.gateway.dialects.openai_chat.quirks import Quirks
from control_layer.gateway.dialects.openai_chat.requests import (
    NOTHING,
    FunctionParam,
    NamedFunction,
    RequestBody,
    StreamOptions,
    ToolChoiceParam,
    ToolParam,
)
from control_layer.gateway.dialects.tool_names import with_short_names

__all__ = ["write_request"]

_PATH = "/v1/chat/completions"
_MAX_USER = 64
_MAX_TOOL_NAME = 64
"""Characters."""

_encode = msgspec.json.Encoder().encode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def write_request(conversation: Conversation, model: str, quirks: Quirks, *, lenient: bool) -> Outgoing:
    """Raises `Unsupported` for what the API cannot be asked for; with `lenient` it is left out where it can be."""
    omissions = Omissions(lenient=lenient)
    conversation, names = with_short_names(conversation, _MAX_TOOL_NAME)
    if conversation.top_k is not None and not quirks.takes_top_k:
        omissions.refuse("top_k", "OpenAI's API takes no top_k.")
    most, tools, untold = conversation.max_output_tokens, conversation.tools, quirks.no_parallel_tool_calls
    logprobs, wanted = conversation.logprobs, conversation.response_format
    body = RequestBody(
        model=model,
        messages=write_messages(conversation.messages, quirks, omissions),
        stream=conversation.stream or None,
        stream_options=StreamOptions(True) if conversation.stream and not quirks.no_stream_options else None,
        max_completion_tokens=None if quirks.max_tokens_only else most,
        max_tokens=most if quirks.max_tokens_only else None,
        temperature=conversation.temperature,
        top_p=conversation.top_p,
        top_k=conversation.top_k if quirks.takes_top_k else None,
        stop=[*conversation.stop] or None,
        seed=conversation.seed,
        n=None if conversation.choices == 1 else conversation.choices,
        presence_penalty=conversation.presence_penalty,
        frequency_penalty=conversation.frequency_penalty,
        logprobs=None if logprobs is None else True,
        top_logprobs=logprobs or None,
        logit_bias=conversation.logit_bias or NOTHING,
        tools=[_tool(tool) for tool in tools] or None,
        tool_choice=_tool_choice(conversation.tool_choice) if tools else None,
        parallel_tool_calls=conversation.parallel_tool_calls if tools and not untold else None,
        response_format=None if wanted is None else format_of(wanted, model),
        reasoning_effort=effort_of(conversation.reasoning, model, omissions, tools=bool(tools)),
        modalities=_modalities(conversation),
        audio=conversation.audio_output or NOTHING,
        service_tier=conversation.service_tier,
        user=_user(conversation, quirks, omissions),
        prompt_cache_key=None if quirks.known_fields_only else conversation.cache_key,
    )
    return Outgoing(
        _PATH,
        _with_the_rest(_encode(body), conversation, quirks, omissions),
        dropped=omissions.dropped,
        first_call_only=untold and conversation.parallel_tool_calls is False,
        tool_names=names,
    )


def _with_the_rest(body: bytes, conversation: Conversation, quirks: Quirks, omissions: Omissions) -> bytes:
    """The body with the client's fields that only its own dialect knows, where that is this one."""
    own = conversation.dialect == DIALECT
    rest: list[tuple[str, msgspec.Raw]] = []
    for name, value in conversation.others:
        if own:
            rest.append((name, value))
        else:
            omissions.refuse(name, f"OpenAI's chat completions have nothing like {name!r}.")
    if not quirks.known_fields_only:
        rest += [(name, value) for name, value in conversation.hints if own or name in HINTS]
    return _encode(_decode_fields(body) | dict(rest)) if rest else body


def _user(conversation: Conversation, quirks: Quirks, omissions: Omissions) -> str | None:
    """Who asks. Servers bound it (OpenAI to 64 characters, some to 128), and coding agents that speak Anthropic's API
    say more: a digest stands for that, the same each time.
    """
    given = conversation.user
    if given is not None and quirks.known_fields_only:
        omissions.drop(USER)
        return None
    if given is None or len(given) <= _MAX_USER:
        return given
    return sha256(given.encode(errors="replace")).hexdigest()


def _modalities(conversation: Conversation) -> list[str] | None:
    wanted = ["text"] if conversation.image_output != "only" else []
    if conversation.audio_output is not None:
        wanted.append("audio")
    if conversation.image_output is not None:
        wanted.append("image")
    return None if wanted == ["text"] else wanted


def _tool(tool: Tool) -> ToolParam:
    return ToolParam("function", FunctionParam(tool.name, tool.description, tool.parameters or NOTHING, tool.strict))


def _tool_choice(choice: ToolChoice | None) -> Literal["none", "auto", "required"] | ToolChoiceParam | None:
    if choice is None:
        return None
    if choice.mode == "named":
        return ToolChoiceParam("function", NamedFunction(choice.name or ""))
    return choice.mode
