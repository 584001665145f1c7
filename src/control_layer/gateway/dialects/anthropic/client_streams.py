"""Events as the stream that a client of the Messages API reads (https://platform.claude.com/docs/en/build-with-claude/
streaming).

One block is open at a time, where other APIs may have several calls under way at once. The first of them is told as it
grows; what the others say is kept until their turn comes. A call's turn is over when its arguments are whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.anthropic.answers import keeps_signatures, stop_reason_of, tier_for_clients
from control_layer.gateway.dialects.anthropic.blocks import image_block, own_citations
from control_layer.gateway.dialects.anthropic.errors import error_event
from control_layer.gateway.dialects.anthropic.tokens import Usage, usage_of
from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.events import (
    CallDelta,
    CallStarted,
    Counted,
    Ended,
    Event,
    Failed,
    Finished,
    ImageGiven,
    Ping,
    RefusalDelta,
    SealedThinking,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
)
from control_layer.gateway.dialects.signatures import made_by, of_call

__all__ = ["Writer"]

_encode = msgspec.json.Encoder().encode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

_PING = b'event: ping\ndata: {"type":"ping"}\n\n'
_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_START_BLOCK = b'event: content_block_start\ndata: {"type":"content_block_start","index":%d,"content_block":%b}\n\n'
_STOP_BLOCK = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'
_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":'
_TEXT_DELTA = _DELTA + b'{"type":"text_delta","text":%b}}\n\n'
_CITATION_DELTA = _DELTA + b'{"type":"citations_delta","citation":%b}}\n\n'
_THINKING_DELTA = _DELTA + b'{"type":"thinking_delta","thinking":%b}}\n\n'
_SIGNATURE_DELTA = _DELTA + b'{"type":"signature_delta","signature":%b}}\n\n'
_INPUT_DELTA = _DELTA + b'{"type":"input_json_delta","partial_json":%b}}\n\n'

_EMPTY_TEXT = b'{"type":"text","text":""}'
_EMPTY_THINKING = b'{"type":"thinking","thinking":"","signature":""}'
_SEALED = b'{"type":"redacted_thinking","data":%b}'
_CALL = b'{"type":"tool_use","id":%b,"name":%b,"input":{}}'

_Kind = Literal["text", "refusal", "thinking", "sealed", "image", "call"]
"""What a block is of. What the model says and why it does not are blocks of their own, though both are text."""

_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode


class _Start(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    id: str
    role: str = "assistant"
    model: str
    content: tuple[()] = ()
    stop_reason: None = None
    stop_sequence: None = None
    usage: Usage


class _End(msgspec.Struct, frozen=True):
    stop_reason: str | None
    stop_sequence: str | None


class _Call:
    """A call that has begun and is not whole."""

    __slots__ = ("arguments", "id", "name")

    def __init__(self, call_id: str, name: str) -> None:
        self.id = call_id
        self.name = name
        self.arguments: list[str] = []

    def is_whole(self) -> bool:
        """Nothing more can be said: the arguments are an object already."""
        try:
            _object("".join(self.arguments))
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return False
        return True


class Writer:
    """Writes one stream. Of several choices it is the first: a client of this API asks for no other."""

    __slots__ = (
        "_calls", "_finished", "_keeps_signatures", "_model", "_next", "_open", "_over", "_request_id", "_tokens",
        "_told", "_written",
    )  # fmt: skip

    def __init__(self, conversation: Conversation, model: str, request_id: str | None = None) -> None:
        self._keeps_signatures = keeps_signatures(conversation)
        self._model = model
        self._request_id = request_id
        self._written: list[bytes] = []
        self._next = 0
        """The index of the next block."""
        self._open: _Kind | None = None
        self._calls: dict[int, _Call] = {}
        """Those under way, in their order; the open one is the first."""
        self._told: set[int] = set()
        """Calls whose blocks are closed."""
        self._tokens: Tokens | None = None
        self._finished: Finished | None = None
        self._over = False

    def write(self, events: Iterable[Event]) -> bytes:
        """The bytes for these events."""
        for event in events:
            if not self._over:
                self._event(event)
        written, self._written = b"".join(self._written), []
        return written

    def _event(self, event: Event) -> None:
        if getattr(event, "choice", 0):
            return
        match event:
            case TextDelta():
                self._text(event)
            case CallDelta():
                self._call_goes_on(event)
            case ThinkingDelta():
                if event.text:
                    self._turn_to("thinking", _EMPTY_THINKING)
                    self._grow(_THINKING_DELTA, event.text)
            case ThinkingSigned():
                if self._open != "thinking" and made_by("gemini", event.signature) is not None:
                    return  # it signs a text: clients of this API look for words in the last block
                self._turn_to("thinking", _EMPTY_THINKING)
                self._grow(_SIGNATURE_DELTA, event.signature)
                self._close()
            case SealedThinking():
                self._begin("sealed", _SEALED % _encode(event.data))
                self._close()
            case RefusalDelta():
                if event.text:
                    self._turn_to("refusal", _EMPTY_TEXT)
                    self._grow(_TEXT_DELTA, event.text)
            case ImageGiven():
                self._image(event)
            case CallStarted():
                self._call_starts(event)
            case Started():
                self._start(event)
            case Finished():
                self._finished = event
            case Counted():
                self._tokens = event.tokens
            case Ping():
                self._written.append(_PING)
            case Failed():
                self._fail(event.message, event.code)
            case Ended():
                self._end()

    # -- the message -------------------------------------------------------------------------------------------------

    def _start(self, event: Started) -> None:
        self._tokens = event.tokens
        usage = usage_of(event.tokens, tier_for_clients(event.service_tier))
        message = _encode(_Start(id=event.id, model=self._model, usage=usage))
        self._written.append(b'event: message_start\ndata: {"type":"message_start","message":%b}\n\n' % message)

    def _end(self) -> None:
        finished = self._finished
        if finished is not None and finished.finish == "error":
            self._fail("The provider broke its answer off.", None)
            return
        self._tell_calls()
        self._close()
        end = _End(None, None) if finished is None else _End(stop_reason_of(finished.finish), finished.stop_sequence)
        usage = _encode(usage_of(self._tokens))
        self._written.append(
            b'event: message_delta\ndata: {"type":"message_delta","delta":%b,"usage":%b}\n\n' % (_encode(end), usage)
        )
        self._written.append(_STOP)
        self._over = True

    def _fail(self, message: str, code: str | None) -> None:
        self._written.append(error_event(message, code, self._request_id))
        self._over = True

    # -- blocks ------------------------------------------------------------------------------------------------------

    def _text(self, event: TextDelta) -> None:
        if event.opens and self._open == "text":
            self._close()
        if event.text:
            self._turn_to("text", _EMPTY_TEXT)
            self._grow(_TEXT_DELTA, event.text)
        citations = own_citations(event.citations)
        if citations:
            self._turn_to("text", _EMPTY_TEXT)
            for citation in _raws(citations):
                # What the provider wrote over several lines is one here: an event's data ends with the line.
                line = bytes(citation).replace(b"\n", b" ").replace(b"\r", b" ")
                self._written.append(_CITATION_DELTA % (self._next - 1, line))

    def _image(self, event: ImageGiven) -> None:
        block = image_block(event.image)
        if block is not None:
            self._begin("image", _encode(block))
            self._close()

    def _turn_to(self, kind: _Kind, empty: bytes) -> None:
        if self._open != kind:
            self._begin(kind, empty)

    def _begin(self, kind: _Kind, block: bytes) -> None:
        self._tell_calls()
        self._start_block(kind, block)

    def _start_block(self, kind: _Kind, block: bytes) -> None:
        self._close()
        self._written.append(_START_BLOCK % (self._next, block))
        self._next += 1
        self._open = kind

    def _grow(self, delta: bytes, text: str) -> None:
        self._written.append(delta % (self._next - 1, _encode(text)))

    def _close(self) -> None:
        if self._open is not None:
            self._written.append(_STOP_BLOCK % (self._next - 1))
            self._open = None

    # -- calls -------------------------------------------------------------------------------------------------------

    def _call_starts(self, event: CallStarted) -> None:
        first = next(iter(self._calls), None)
        if first is not None and self._calls[first].is_whole():
            self._told_of(first)
        if event.signature is not None and self._keeps_signatures and not self._calls:
            self._turn_to("thinking", _EMPTY_THINKING)
            self._grow(_SIGNATURE_DELTA, of_call(event.signature))
            self._close()
        self._calls[event.index] = _Call(event.id, event.name)
        self._tell_first()

    def _call_goes_on(self, event: CallDelta) -> None:
        call = self._calls.get(event.index)
        if call is None:
            if event.index in self._told and event.arguments.strip():
                self._fail("The provider added to a tool call that was over.", None)
            return
        if not event.arguments:
            return
        call.arguments.append(event.arguments)
        if next(iter(self._calls)) == event.index:
            self._grow(_INPUT_DELTA, event.arguments)

    def _tell_first(self) -> None:
        """Opens the block of the first call under way, with what it has said, unless it is open."""
        if self._open == "call" or not self._calls:
            return
        call = next(iter(self._calls.values()))
        self._start_block("call", _CALL % (_encode(call.id), _encode(call.name)))
        if call.arguments:
            self._grow(_INPUT_DELTA, "".join(call.arguments))

    def _tell_calls(self) -> None:
        """Tells all that is kept of the calls under way: something else comes, or nothing more."""
        while self._calls:
            self._tell_first()
            self._told_of(next(iter(self._calls)))

    def _told_of(self, index: int) -> None:
        del self._calls[index]
        self._told.add(index)
        self._close()
