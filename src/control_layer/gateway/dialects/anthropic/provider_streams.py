"""A provider's stream of the Messages API, as events.

It has no more memory than the blocks that are open. Events and blocks of types that are not known are passed over: the
API says that it may add some.
"""

from __future__ import annotations

from typing import Any

import msgspec

from control_layer.gateway.dialects.anthropic.answers import (
    AnswerBlock,
    MessageBody,
    StopDetails,
    finish_of,
    refusal_of,
    tier_of,
)
from control_layer.gateway.dialects.anthropic.blocks import NOTHING
from control_layer.gateway.dialects.anthropic.errors import ErrorDetail, code_of
from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.events import (
    CallDelta,
    CallStarted,
    Counted,
    Ended,
    Event,
    Failed,
    Finished,
    Ping,
    RefusalDelta,
    SealedThinking,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
)
from control_layer.gateway.dialects.surrogates import decoded
from control_layer.gateway.usage import from_object
from control_layer.wire import EventStream

__all__ = ["Reader"]

_DONE = b"[DONE]"
"""Not of this API, but some who speak it cannot leave it out."""
_EMPTY_INPUT = (b"", b"{}", b"null")


class _Delta(msgspec.Struct):
    """What a block grows by, or (`message_delta`) what the message turns out to be."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    citation: msgspec.Raw = NOTHING
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None


class _StreamEvent(msgspec.Struct):
    type: str = ""
    index: int = 0
    message: MessageBody | None = None
    content_block: AnswerBlock | None = None
    delta: _Delta | None = None
    usage: Any = None
    error: ErrorDetail | None = None


class _Call:
    """A call whose block is open."""

    __slots__ = ("index", "input", "said")

    def __init__(self, index: int, given: msgspec.Raw) -> None:
        self.index = index
        self.input = "" if bytes(given) in _EMPTY_INPUT else bytes(given).decode()
        """Arguments that came whole, before any fragment."""
        self.said = False


class _Typed(msgspec.Struct):
    type: str


_decode = msgspec.json.Decoder(_StreamEvent).decode
_decode_type = msgspec.json.Decoder(_Typed).decode
_KNOWN = frozenset(
    (
        *("message_start", "content_block_start", "content_block_delta", "content_block_stop"),
        *("message_delta", "message_stop", "ping", "error"),
    )
)


class Reader:
    """Reads one stream."""

    __slots__ = ("_calls_so_far", "_events", "_open_calls", "_over", "_text_before", "_text_opens", "_usage")

    def __init__(self) -> None:
        self._events = EventStream()
        self._usage: dict[str, Any] = {}
        """The counts so far: those at the end replace those at the beginning, one by one."""
        self._calls_so_far = 0
        self._open_calls: dict[int, _Call] = {}
        """By the index of their blocks."""
        self._text_before = False
        """The part before is text."""
        self._text_opens = False
        """The next text is the first of a block behind another of text."""
        self._over = False

    def over(self, choices: int) -> bool:
        del choices  # it is said
        return self._over

    def feed(self, data: bytes) -> list[Event]:
        """Raises `UnreadableAnswer` and `wire.EventTooLarge`."""
        events: list[Event] = []
        for event in self._events.feed(data):
            self._read(event.data, events)
        return events

    def end(self) -> list[Event]:
        """Some leave out the blank line behind their last event. What was cut off inside of one is lost."""
        events: list[Event] = []
        for event in self._events.last():
            try:
                self._read(event.data, events)
            except UnreadableAnswer:
                break
        return events

    def _read(self, data: bytes, events: list[Event]) -> None:
        if not data or self._over or data == _DONE:
            return
        try:
            event = decoded(_decode, data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            if _is_new(data):
                return
            raise UnreadableAnswer(f"The provider's stream has an event that is none of a message: {error}") from error
        match event.type:
            case "content_block_delta" if event.delta is not None:
                self._delta(event.delta, event.index, events)
            case "content_block_start" if event.content_block is not None:
                self._block_starts(event.content_block, event.index, events)
            case "content_block_stop":
                self._block_stops(event.index, events)
            case "message_start" if event.message is not None:
                self._message_starts(event.message, events)
            case "message_delta":
                self._message_ends(event, events)
            case "ping":
                events.append(Ping())
            case "message_stop":
                self._over = True
                events.append(Ended())
            case "error":
                self._over = True
                said = event.error or ErrorDetail("api_error", "The provider reports an error and no more.")
                events.append(Failed(said.message or said.type, code_of(said, said.type)))

    def _message_starts(self, message: MessageBody, events: list[Event]) -> None:
        self._count(message.usage)
        events.append(Started(message.id, None, from_object(self._usage), tier_of(message.usage)))

    def _block_starts(self, block: AnswerBlock, index: int, events: list[Event]) -> None:
        match block.type:
            case "text":
                self._text_opens, self._text_before = self._text_before, True
                if block.text:
                    self._text(block.text, None, events)
                return
            case "thinking":
                if block.thinking:
                    events.append(ThinkingDelta(block.thinking))
                if block.signature:
                    events.append(ThinkingSigned(block.signature))
            case "redacted_thinking":
                events.append(SealedThinking(block.data or ""))
            case "tool_use":
                call = self._open_calls[index] = _Call(self._calls_so_far, block.input)
                self._calls_so_far += 1
                events.append(CallStarted(call.index, block.id or "", block.name or ""))
            case _:
                return
        self._text_before = False

    def _delta(self, delta: _Delta, index: int, events: list[Event]) -> None:
        match delta.type:
            case "text_delta" if delta.text:
                self._text(delta.text, None, events)
            case "input_json_delta" if delta.partial_json:
                call = self._open_calls.get(index)
                if call is not None:
                    call.said = True
                    events.append(CallDelta(call.index, delta.partial_json))
            case "thinking_delta" if delta.thinking:
                events.append(ThinkingDelta(delta.thinking))
            case "signature_delta" if delta.signature:
                events.append(ThinkingSigned(delta.signature))
            case "citations_delta" if delta.citation:
                self._text("", msgspec.Raw(b"[%b]" % bytes(delta.citation)), events)

    def _text(self, text: str, citations: msgspec.Raw | None, events: list[Event]) -> None:
        events.append(TextDelta(text, citations=citations, opens=self._text_opens))
        self._text_opens = False

    def _block_stops(self, index: int, events: list[Event]) -> None:
        call = self._open_calls.pop(index, None)
        if call is not None and not call.said:
            events.append(CallDelta(call.index, call.input or "{}"))

    def _message_ends(self, event: _StreamEvent, events: list[Event]) -> None:
        delta = event.delta
        if delta is not None and delta.stop_reason is not None:
            explanation = refusal_of(delta.stop_details)
            if explanation is not None:
                events.append(RefusalDelta(explanation))
            events.append(Finished(finish_of(delta.stop_reason), 0, delta.stop_sequence))
        self._count(event.usage)
        tokens = from_object(self._usage)
        if tokens is not None:
            events.append(Counted(tokens))

    def _count(self, usage: object) -> None:
        if isinstance(usage, dict):
            self._usage.update((name, value) for name, value in usage.items() if value is not None)


def _is_new(data: bytes) -> bool:
    """An event of a type that is not known yet, with fields of its own."""
    try:
        return _decode_type(data).type not in _KNOWN
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
