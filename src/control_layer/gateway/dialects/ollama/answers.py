"""Whole answers of Ollama's API."""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.conversation import Answer, Choice, Part, Text, Thinking, ToolCall
from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.events import CallDelta, CallStarted, TextDelta, ThinkingDelta
from control_layer.gateway.dialects.ollama.said import (
    ResponseBody,
    answer_id_of,
    calls_of,
    created_of,
    finish_of,
    logprobs_of,
    said_in,
    tokens_of,
)

__all__ = ["read_answer"]

_decode = msgspec.json.Decoder(ResponseBody).decode


def read_answer(body: bytes) -> Answer:
    """Raises `UnreadableAnswer`."""
    try:
        response = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswer(f"The provider's answer is none of Ollama's: {error}") from error
    if response.message is None:
        raise UnreadableAnswer("The provider's answer is none of Ollama's: it has no message.")
    answer_id = answer_id_of(response)
    finish = finish_of(response, called=calls_of(response) > 0) if response.done else None
    choice = Choice(_parts(response, answer_id), finish, logprobs=logprobs_of(response))
    return Answer(answer_id, (choice,), tokens_of(response), created_of(response))


def _parts(response: ResponseBody, answer_id: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    for event in said_in(response, answer_id, 0):
        match event:
            case ThinkingDelta():
                parts.append(Thinking(event.text))
            case TextDelta():
                parts.append(Text(event.text))
            case CallStarted():
                parts.append(ToolCall(event.id, event.name, ""))
            case CallDelta() if isinstance(call := parts[-1], ToolCall):
                parts[-1] = msgspec.structs.replace(call, arguments=event.arguments)
            case _:
                pass
    return tuple(parts)
