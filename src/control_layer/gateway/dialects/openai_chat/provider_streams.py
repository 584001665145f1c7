"""A provider's stream of chat completion chunks, as events.

Servers that speak this dialect differ most here. It has no more memory than which calls are under way, and a name that
has not come yet.
"""

from __future__ import annotations

from typing import Any

import msgspec

from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.events import (
    AudioDelta,
    CallDelta,
    CallStarted,
    Counted,
    Ended,
    Event,
    Failed,
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
from control_layer.gateway.dialects.openai_chat.answers import created_of
from control_layer.gateway.dialects.openai_chat.client_messages import signature_of
from control_layer.gateway.dialects.openai_chat.errors import error_of
from control_layer.gateway.dialects.openai_chat.requests import NOTHING
from control_layer.gateway.dialects.openai_chat.said import (
    Called,
    Said,
    arguments_of,
    call_id,
    finish_of,
    pictures_in,
    some,
    stop_sequence_of,
    text_of,
    texts_in,
    thought_in,
)
from control_layer.gateway.dialects.surrogates import decoded
from control_layer.gateway.usage import from_object
from control_layer.wire import Event as WireEvent
from control_layer.wire import EventStream

__all__ = ["Reader"]

_DONE = b"[DONE]"


class _Choice(msgspec.Struct, gc=False):
    index: int = 0
    delta: Said | None = None
    finish_reason: Any = None
    stop_reason: Any = None
    matched_stop: Any = None
    logprobs: msgspec.Raw = NOTHING
    usage: Any = None
    """Moonshot's."""


class _Chunk(msgspec.Struct):
    id: Any = None
    created: Any = None
    choices: list[_Choice] | None = None
    usage: Any = None
    service_tier: Any = None
    error: Any = None


class _Call:
    """A call under way."""

    __slots__ = ("given_id", "index", "signature", "started", "waiting")

    def __init__(self, index: int) -> None:
        self.index = index
        """Among the calls of the choice."""
        self.given_id: str | None = None
        self.signature: str | None = None
        self.started = False
        self.waiting = ""
        """Arguments that came before the name."""


class _State:
    """What is to be remembered of a choice."""

    __slots__ = ("calls", "finished", "last", "number", "refused")

    def __init__(self) -> None:
        self.calls: dict[int, _Call] = {}
        """By the provider's index, the latest at each."""
        self.last: _Call | None = None
        self.number = 0
        self.refused = False
        self.finished = False


_decode = msgspec.json.Decoder(_Chunk).decode


class Reader:
    """Reads one stream."""

    __slots__ = ("_choices", "_events", "_id", "_over", "_started")

    def __init__(self) -> None:
        self._events = EventStream()
        self._choices: dict[int, _State] = {}
        self._id = ""
        self._started = False
        self._over = False

    def over(self, choices: int) -> bool:
        del choices  # it is said
        return self._over

    def feed(self, data: bytes) -> list[Event]:
        """Raises `UnreadableAnswer` and `wire.EventTooLarge`."""
        events: list[Event] = []
        for event in self._events.feed(data):
            self._read(event, events)
        return events

    def end(self) -> list[Event]:
        """Some leave out the blank line behind their last event, and some `[DONE]` where every choice has finished."""
        events: list[Event] = []
        for event in self._events.last():
            try:
                self._read(event, events)
            except UnreadableAnswer:
                return events
        if not self._over and self._choices and all(state.finished for state in self._choices.values()):
            self._over = True
            events.append(Ended())
        return events

    def _read(self, event: WireEvent, events: list[Event]) -> None:
        data = event.data
        if not data or self._over:
            return
        if data == _DONE:
            self._over = True
            events.append(Ended())
            return
        try:
            chunk = decoded(_decode, data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UnreadableAnswer(f"The provider's stream has an event that is no chunk: {error}") from error
        if chunk.error is not None or event.event == b"error":
            self._over = True
            told = error_of(chunk.error if chunk.error is not None else msgspec.json.decode(data), 500)
            events.append(Failed(told.message, told.code))
            return
        self._chunk(chunk, events)

    def _chunk(self, chunk: _Chunk, events: list[Event]) -> None:
        if not self._started and (chunk.choices or text_of(chunk.id)):
            # Azure's first chunk is about the prompt and has no id yet.
            self._started = True
            created = created_of(chunk.created)
            self._id = text_of(chunk.id) or f"chatcmpl-{created or 0}"
            events.append(Started(self._id, created, service_tier=text_of(chunk.service_tier) or None))
        usage = chunk.usage
        for choice in chunk.choices or ():
            self._choice(choice, events)
            usage = choice.usage if usage is None else usage
        tokens = None if usage is None else from_object(usage)
        if tokens is not None:
            events.append(Counted(tokens))

    def _choice(self, choice: _Choice, events: list[Event]) -> None:
        index = choice.index
        state = self._choices.get(index)
        if state is None:
            state = self._choices[index] = _State()
        if choice.delta is not None:
            self._delta(choice.delta, index, state, events)
        logprobs = some(choice.logprobs)
        if logprobs is not None:
            events.append(LogprobsDelta(logprobs, index))
        finish = finish_of(choice.finish_reason, called=bool(state.calls), refused=state.refused)
        if finish is not None and not state.finished:  # some say so with every chunk
            state.finished = True
            for call in state.calls.values():
                self._start_call(call, "", index, events)
            sequence = stop_sequence_of(finish, choice.stop_reason, choice.matched_stop)
            events.append(Finished(finish if sequence is None else "stop_sequence", index, sequence))

    def _delta(self, said: Said, index: int, state: _State, events: list[Event]) -> None:
        if said.reasoning_content is not None or said.reasoning is not None or said.thinking_blocks:
            _thoughts(said, index, events)
        if said.content.__class__ is str:
            if said.content:
                events.append(TextDelta(said.content, index))
        elif said.content is not None:
            for is_thought, text in texts_in(said.content):
                if text:
                    events.append(ThinkingDelta(text, index) if is_thought else TextDelta(text, index))
        citations = some(said.annotations)
        if citations is not None:
            events.append(TextDelta("", index, citations))
        if said.refusal:
            state.refused = True
            events.append(RefusalDelta(said.refusal, index))
        audio = some(said.audio)
        if audio is not None:
            events.append(AudioDelta(audio, index))
        if said.images:
            events += [ImageGiven(image, index) for image in pictures_in(said)]
        if said.tool_calls:
            for called in said.tool_calls:
                self._called(called, index, state, events)
        elif said.function_call is not None:
            self._called(Called(0, None, said.function_call), index, state, events)

    # -- calls -------------------------------------------------------------------------------------------------------

    def _called(self, called: Called, choice: int, state: _State, events: list[Event]) -> None:
        call = _under_way(called, state)
        if called.extra_content is not None and not call.started:
            call.signature = signature_of(called.extra_content)
        arguments = arguments_of(called.function)
        name = "" if called.function is None else called.function.name or ""
        if not call.started:
            if not name:
                call.waiting += arguments
                return
            self._start_call(call, name, choice, events)
        if arguments:
            events.append(CallDelta(call.index, arguments, choice))

    def _start_call(self, call: _Call, name: str, choice: int, events: list[Event]) -> None:
        if call.started:
            return
        call.started = True
        given = call.given_id or call_id(self._id, choice, call.index)
        events.append(CallStarted(call.index, given, name, choice, call.signature))
        if call.waiting:
            events.append(CallDelta(call.index, call.waiting, choice))
            call.waiting = ""


def _under_way(called: Called, state: _State) -> _Call:
    """The call that this is more of, or a new one.

    Some servers number all calls 0, or none at all: another id is another call, and so is another name where there
    is neither number nor id.
    """
    call = state.last if called.index is None else state.calls.get(called.index)
    nameless = called.index is not None or called.id or called.function is None or not called.function.name
    another = called.id and call is not None and call.given_id and called.id != call.given_id
    if call is None or another or (call.started and not nameless):
        call = _Call(state.number)
        state.number += 1
        state.calls[call.index if called.index is None else called.index] = call
    call.given_id = call.given_id or called.id or None
    state.last = call
    return call


def _thoughts(said: Said, choice: int, events: list[Event]) -> None:
    text = thought_in(said)
    if text:
        events.append(ThinkingDelta(text, choice))
    for block in said.thinking_blocks or ():
        if block.type == "redacted_thinking":
            events.append(SealedThinking(block.data or "", choice))
            continue
        if block.thinking and not text:
            events.append(ThinkingDelta(block.thinking, choice))
        if block.signature:
            events.append(ThinkingSigned(block.signature, choice))
