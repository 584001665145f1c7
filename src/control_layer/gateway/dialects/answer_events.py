"""A whole answer as the events of a stream: for a client that asked for one, of a provider that did not stream."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from control_layer.gateway.dialects.conversation import (
    Answer,
    Audio,
    Choice,
    Image,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
)
from control_layer.gateway.dialects.events import (
    AudioDelta,
    CallDelta,
    CallStarted,
    Counted,
    Ended,
    Event,
    Finished,
    ImageGiven,
    LogprobsDelta,
    RefusalDelta,
    SealedThinking,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
)
from control_layer.gateway.dialects.sound import in_format

__all__ = ["events_of"]

_SOUND_OF_STREAMS = "pcm16"

_encode = msgspec.json.Encoder().encode


def events_of(answer: Answer) -> list[Event]:
    """Without an end where the answer has none: a choice that does not say why it ended was cut off."""
    events: list[Event] = [Started(answer.id, answer.created, answer.tokens, answer.service_tier)]
    for index, choice in enumerate(answer.choices):
        events += _said(choice, index)
    if answer.tokens is not None:
        events.append(Counted(answer.tokens))
    if all(choice.finish is not None for choice in answer.choices):
        events.append(Ended())
    return events


def _said(choice: Choice, index: int) -> Iterator[Event]:
    calls = 0
    before: Part | None = None
    for part in choice.parts:
        if isinstance(part, ToolCall):
            yield CallStarted(calls, part.id, part.name, index, part.signature)
            yield CallDelta(calls, part.arguments, index)
            calls += 1
        else:
            yield from _part(part, index, opens=isinstance(before, Text))
        before = part
    if choice.logprobs is not None:
        yield LogprobsDelta(choice.logprobs, index)
    if choice.finish is not None:
        yield Finished(choice.finish, index, choice.stop_sequence)


def _part(part: Part, index: int, *, opens: bool) -> Iterator[Event]:
    match part:
        case Text():
            yield TextDelta(part.text, index, part.citations, opens)
        case Refusal():
            yield RefusalDelta(part.text, index)
        case Thinking(sealed=str(data)):
            yield SealedThinking(data, index)
        case Thinking():
            if part.text:
                yield ThinkingDelta(part.text, index)
            if part.signature is not None:
                yield ThinkingSigned(part.signature, index)
        case Image():
            yield ImageGiven(part, index)
        case Audio():
            spoken = {"id": part.id, "data": in_format(part.data, _SOUND_OF_STREAMS), "transcript": part.transcript}
            told = {name: value for name, value in spoken.items() if value is not None}
            yield AudioDelta(msgspec.Raw(_encode(told)), index)
        case _:
            pass
