"""Whole answers of the Gemini API, put together from the same events as streams."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import msgspec

from control_layer.gateway.dialects.conversation import (
    Answer,
    Audio,
    Choice,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
)
from control_layer.gateway.dialects.dialect import FilteredAnswer, UnreadableAnswer
from control_layer.gateway.dialects.events import (
    AudioDelta,
    CallDelta,
    CallStarted,
    Event,
    Finished,
    ImageGiven,
    LogprobsDelta,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
)
from control_layer.gateway.dialects.gemini.said import CandidateReader, ResponseBody, blocked
from control_layer.gateway.dialects.gemini.tokens import tier_of, tokens_of
from control_layer.gateway.dialects.sound import joined

__all__ = ["answer_id_of", "nothing_made", "read_answer"]

_MAX_WORDS = 300
"""Of what the model said instead."""


class _Spoken(msgspec.Struct):
    data: str
    id: str | None = None


_decode = msgspec.json.Decoder(ResponseBody).decode
_decode_audio = msgspec.json.Decoder(_Spoken).decode


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


def nothing_made(answer: Answer, what: str) -> FilteredAnswer | UnreadableAnswer:
    """Why an answer has `what`, such as `no picture`, to be raised."""
    parts = [part for choice in answer.choices for part in choice.parts]
    words = "".join(part.text for part in parts if isinstance(part, Text | Refusal))[:_MAX_WORDS]
    if any(choice.finish == "content_filter" for choice in answer.choices):
        return FilteredAnswer(words or f"Google's filter left {what}. Ask in other words.")
    return UnreadableAnswer(f"The provider's answer has {what} in it, but {words!r}.")


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
            case ImageGiven():
                parts.append(event.image)
            case AudioDelta():
                _speak(parts, _decode_audio(event.audio))
            case LogprobsDelta():
                logprobs = event.logprobs
            case Finished():
                finished = event
            case _:
                pass
    return Choice(tuple(parts), None if finished is None else finished.finish, logprobs=logprobs)


def _speak(parts: list[Part], spoken: _Spoken) -> None:
    """Sound that comes in pieces is one."""
    last = parts[-1] if parts else None
    if isinstance(last, Audio):
        with suppress(ValueError):
            parts[-1] = Audio("", joined(last.data, spoken.data), last.id)
            return
    parts.append(Audio("", spoken.data, spoken.id))


def _put(parts: list[Part], part: Part, last: Part | None) -> None:
    """In the place of the last one where that is of its kind."""
    if last is not None and type(last) is type(part):
        parts[-1] = part
    else:
        parts.append(part)
