"""Whole answers of the Gemini API, put together from the same events as streams."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from control_layer.gateway.dialects.conversation import Answer, Choice, Part, Refusal, Text, Thinking, ToolCall
from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.events import (
    CallDelta,
    CallStarted,
    Event,
    Finished,
    LogprobsDelta,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
)
from control_layer.gateway.dialects.gemini.said import CandidateReader, ResponseBody, blocked
from control_layer.gateway.dialects.gemini.tokens import tier_of, tokens_of

__all__ = ["answer_id_of", "read_answer"]

_decode = msgspec.json.Decoder(ResponseBody).decode


def read_answer(body: bytes) -> Answer:
    """Raises `UnreadableAnswer`."""
    try:
        response = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswer(f"The provider's answer is none of Gemini's: {error}") from error
    answer_id = answer_id_of(response)
    choices: list[Choice] = []
    for candidate in sorted(response.candidates or (), key=lambda candidate: candidate.index):
        events: list[Event] = []
        CandidateReader(candidate.index).read(candidate, answer_id, events)
        choices.append(_choice(events))
    if not choices:
        instead = blocked(response)
        if not instead:
            raise UnreadableAnswer("The provider's answer is none of Gemini's: it has no candidates.")
        choices.append(_choice(instead))
    usage = response.usage_metadata
    return Answer(answer_id, tuple(choices), tokens_of(usage), service_tier=tier_of(usage))


def answer_id_of(response: ResponseBody) -> str:
    """The API's, which some who speak this dialect leave out."""
    return response.response_id or "gemini-0"


def _choice(events: Iterable[Event]) -> Choice:
    parts: list[Part] = []
    finished: Finished | None = None
    logprobs: msgspec.Raw | None = None
    for event in events:
        last = parts[-1] if parts else None
        match event:
            case TextDelta():
                _put(parts, Text(last.text + event.text) if isinstance(last, Text) else Text(event.text), last)
            case RefusalDelta():
                parts.append(Refusal(event.text))
            case ThinkingDelta():
                before = last.text if isinstance(last, Thinking) and last.signature is None else ""
                _put(parts, Thinking(before + event.text), last if before else None)
            case ThinkingSigned():
                unsigned = isinstance(last, Thinking) and last.signature is None
                text = last.text if isinstance(last, Thinking) and unsigned else ""
                _put(parts, Thinking(text, event.signature), last if unsigned else None)
            case CallStarted():
                parts.append(ToolCall(event.id, event.name, "", event.signature))
            case CallDelta() if isinstance(last, ToolCall):
                parts[-1] = msgspec.structs.replace(last, arguments=last.arguments + event.arguments)
            case LogprobsDelta():
                logprobs = event.logprobs
            case Finished():
                finished = event
            case _:
                pass
    return Choice(tuple(parts), None if finished is None else finished.finish, logprobs=logprobs)


def _put(parts: list[Part], part: Part, last: Part | None) -> None:
    """In the place of the last one where that is of its kind."""
    if last is not None and type(last) is type(part):
        parts[-1] = part
    else:
        parts.append(part)
