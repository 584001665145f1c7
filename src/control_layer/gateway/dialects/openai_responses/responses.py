"""A response as it lies on the wire: what was asked for, once more, and the items of the output.

https://platform.openai.com/docs/api-reference/responses/object. Ids of items are made from the answer's own, which
other APIs give, and from where the item stands.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.conversation import Conversation, Finish, Identity, ResponseFormat, Tool, ToolChoice
from control_layer.gateway.dialects.openai_chat.requests import NOTHING, ExtraContent
from control_layer.gateway.dialects.openai_responses.requests import SummaryText

__all__ = [
    "CallItem",
    "Ending",
    "ErrorBody",
    "ImageItem",
    "MessageItem",
    "OutputTextPart",
    "ReasoningItem",
    "RefusalPart",
    "Response",
    "Status",
    "answer_id_of",
    "ending_of",
    "item_id",
    "response_for",
    "response_id",
    "usage_of",
]

Status = Literal["in_progress", "completed", "incomplete", "failed"]
ItemStatus = Literal["in_progress", "completed", "incomplete"]

_PREFIX = re.compile(r"^[a-z]+[_-]")
_HINTS_REPEATED = ("metadata", "truncation")


# -- items ----------------------------------------------------------------------------------------------------------


class ReasoningItem(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="reasoning"):
    id: str
    summary: list[SummaryText]
    encrypted_content: str | None = None


class OutputTextPart(msgspec.Struct, frozen=True, tag_field="type", tag="output_text"):
    text: str
    annotations: list[msgspec.Raw] = []
    logprobs: list[msgspec.Raw] = []


class RefusalPart(msgspec.Struct, frozen=True, tag_field="type", tag="refusal"):
    refusal: str


class MessageItem(msgspec.Struct, frozen=True, tag_field="type", tag="message"):
    id: str
    status: ItemStatus
    content: list[OutputTextPart | RefusalPart]
    role: Literal["assistant"] = "assistant"


class CallItem(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="function_call"):
    id: str
    status: ItemStatus
    arguments: str
    call_id: str
    name: str
    extra_content: ExtraContent | None = None


class ImageItem(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="image_generation_call"):
    """A picture: base64 in `result`."""

    id: str
    status: ItemStatus
    result: str | None
    output_format: str | None = None
    extra_content: ExtraContent | None = None


# -- the response ---------------------------------------------------------------------------------------------------


class _InputDetails(msgspec.Struct, frozen=True):
    cached_tokens: int
    cache_write_tokens: int


class _OutputDetails(msgspec.Struct, frozen=True):
    reasoning_tokens: int


class Usage(msgspec.Struct, frozen=True):
    input_tokens: int
    input_tokens_details: _InputDetails
    output_tokens: int
    output_tokens_details: _OutputDetails
    total_tokens: int


class ErrorBody(msgspec.Struct, frozen=True):
    code: str
    message: str


class _Incomplete(msgspec.Struct, frozen=True):
    reason: str


class _Reasoning(msgspec.Struct, frozen=True):
    effort: str | None = None
    summary: str | None = None


class _Format(msgspec.Struct, frozen=True, omit_defaults=True):
    type: str
    name: str | None = None
    description: str | None = None
    schema: msgspec.Raw = NOTHING
    strict: bool | None = None


class _Text(msgspec.Struct, frozen=True):
    format: _Format


class _Tool(msgspec.Struct, frozen=True, tag_field="type", tag="function"):
    name: str
    description: str | None
    parameters: msgspec.Raw | None
    strict: bool | None


class _Named(msgspec.Struct, frozen=True, tag_field="type", tag="function"):
    name: str


class Response(msgspec.Struct, frozen=True, kw_only=True, tag_field="object", tag="response"):
    """The fields in OpenAI's order. What the client did not say is null: another API's defaults are not OpenAI's."""

    id: str
    created_at: int
    status: Status
    background: bool = False
    error: ErrorBody | None = None
    incomplete_details: _Incomplete | None = None
    instructions: None = None
    max_output_tokens: int | None
    max_tool_calls: None = None
    model: str
    output: list[msgspec.Raw] = []
    parallel_tool_calls: bool
    previous_response_id: str | None = None
    prompt_cache_key: str | None
    reasoning: _Reasoning
    service_tier: str | None
    store: bool = False
    temperature: float | None
    text: _Text
    tool_choice: str | _Named
    tools: list[_Tool]
    top_logprobs: int
    top_p: float | None
    truncation: msgspec.Raw
    usage: Usage | None = None
    user: str | None
    metadata: msgspec.Raw


class Ending(msgspec.Struct, frozen=True):
    """How a response ended."""

    status: Literal["completed", "incomplete", "failed"]
    reason: str | None = None


def response_for(conversation: Conversation, model: str, answer_id: str, created: int | None) -> Response:
    """The response to it, in progress."""
    hints = dict(conversation.hints)
    identity = conversation.identity or Identity(response_id(answer_id), 0)
    return Response(
        id=identity.id,
        created_at=created or identity.created,
        status="in_progress",
        max_output_tokens=conversation.max_output_tokens,
        model=model,
        parallel_tool_calls=conversation.parallel_tool_calls is not False,
        previous_response_id=identity.previous,
        prompt_cache_key=conversation.cache_key,
        reasoning=_reasoning(conversation),
        service_tier=conversation.service_tier,
        store=identity.stored,
        temperature=conversation.temperature,
        text=_Text(_format(conversation.response_format)),
        tool_choice=_tool_choice(conversation.tool_choice),
        tools=[_tool(tool) for tool in conversation.tools],
        top_logprobs=conversation.logprobs or 0,
        top_p=conversation.top_p,
        truncation=hints.get("truncation", msgspec.Raw(b'"disabled"')),
        user=conversation.user,
        metadata=hints.get("metadata", msgspec.Raw(b"{}")),
    )


def answer_id_of(conversation: Conversation, given: str) -> str:
    """What the answer is called: as we do where we say so, else as the provider does (`given`)."""
    return given if conversation.identity is None else conversation.identity.id


def response_id(answer_id: str) -> str:
    """The id as one of a response."""
    return answer_id if answer_id.startswith("resp_") else f"resp_{_PREFIX.sub('', answer_id)}"


def item_id(kind: Literal["rs", "msg", "fc", "ig"], answer_id: str, index: int) -> str:
    """The id of an item of the output."""
    return f"{kind}_{_PREFIX.sub('', answer_id)}_{index}"


def ending_of(finish: Finish | None, *, refused: bool) -> Ending:
    """The API's words for why it ended. `refused`: it says why in words. `None` did not come to an end."""
    match finish:
        case "stop" | "stop_sequence" | "tool_calls":
            return Ending("completed")
        case "length" | "pause":
            return Ending("incomplete", "max_output_tokens")
        case "refusal":
            return Ending("completed") if refused else Ending("incomplete", "content_filter")
        case "content_filter":
            return Ending("incomplete", "content_filter")
        case "error":
            return Ending("failed")
    return Ending("incomplete")


def usage_of(tokens: Tokens | None) -> Usage | None:
    """The counts, for a client. What is unknown is 0 where the API knows no other word for it."""
    if tokens is None:
        return None
    given, said = tokens.input or 0, tokens.output or 0
    details = _InputDetails(tokens.cached_input or 0, tokens.cache_write or 0)
    return Usage(given, details, said, _OutputDetails(tokens.reasoning or 0), given + said)


def ended(response: Response, ending: Ending, output: list[msgspec.Raw], tokens: Tokens | None) -> Response:
    """The response at its end."""
    return msgspec.structs.replace(
        response,
        status=ending.status,
        incomplete_details=None if ending.reason is None else _Incomplete(ending.reason),
        error=ErrorBody("server_error", "The provider broke its answer off.") if ending.status == "failed" else None,
        output=output,
        usage=usage_of(tokens),
    )


def _reasoning(conversation: Conversation) -> _Reasoning:
    asked = conversation.reasoning
    return _Reasoning() if asked is None else _Reasoning(asked.effort, "auto" if asked.shown else None)


def _format(wanted: ResponseFormat | None) -> _Format:
    if wanted is None:
        return _Format("text")
    if wanted.schema is None:
        return _Format(wanted.kind)
    return _Format(wanted.kind, wanted.name, wanted.description, wanted.schema, wanted.strict)


def _tool(tool: Tool) -> _Tool:
    return _Tool(tool.name, tool.description, tool.parameters, tool.strict)


def _tool_choice(choice: ToolChoice | None) -> str | _Named:
    if choice is None:
        return "auto"
    return _Named(choice.name or "") if choice.mode == "named" else choice.mode
