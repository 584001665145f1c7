"""A stream of the Converse API, as events.

It has no more memory than the blocks that are open. Events and blocks of kinds that are not known are passed over.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

import msgspec

from control_layer.gateway.dialects.bedrock.answers import (
    ImageSource,
    ModelFields,
    finish_of,
    image_of,
    stop_sequence_of,
)
from control_layer.gateway.dialects.bedrock.citations import Citation, citations_for_clients
from control_layer.gateway.dialects.bedrock.errors import code_of
from control_layer.gateway.dialects.bedrock.frames import Frame, FrameStream
from control_layer.gateway.dialects.bedrock.tokens import Usage, tokens_of
from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.events import (
    CallDelta,
    CallStarted,
    Counted,
    Ended,
    Event,
    Failed,
    Finished,
    ImageGiven,
    SealedThinking,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
)

__all__ = ["Reader"]

_OF_THE_SERVER = "server_tool_use"


class _ToolStart(msgspec.Struct, rename="camel"):
    tool_use_id: str = ""
    name: str = ""
    type: str | None = None


class _ImageStart(msgspec.Struct):
    format: str = ""


class _Start(msgspec.Struct, rename="camel"):
    tool_use: _ToolStart | None = None
    image: _ImageStart | None = None


class _BlockStart(msgspec.Struct, rename="camel"):
    start: _Start
    content_block_index: int = 0


class _ToolDelta(msgspec.Struct):
    input: str = ""


class _ReasoningDelta(msgspec.Struct, rename="camel"):
    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None


class _ImageDelta(msgspec.Struct):
    source: ImageSource | None = None


class _Delta(msgspec.Struct, rename="camel"):
    text: str | None = None
    image: _ImageDelta | None = None
    tool_use: _ToolDelta | None = None
    reasoning_content: _ReasoningDelta | None = None
    citation: Citation | None = None


class _BlockDelta(msgspec.Struct, rename="camel"):
    delta: _Delta
    content_block_index: int = 0


class _BlockStop(msgspec.Struct, rename="camel"):
    content_block_index: int = 0


class _MessageStop(msgspec.Struct, rename="camel"):
    stop_reason: str
    additional_model_response_fields: ModelFields | None = None


class _Metadata(msgspec.Struct):
    usage: Usage | None = None


class _Exception(msgspec.Struct):
    message: str | None = None


class _Call:
    """A call whose block is open."""

    __slots__ = ("index", "said")

    def __init__(self, index: int) -> None:
        self.index = index
        self.said = False


class _Picture:
    """A picture whose block is open."""

    __slots__ = ("format", "pieces")

    def __init__(self, format_: str) -> None:
        self.format = format_
        self.pieces: list[str] = []

    def data(self) -> str:
        """All of it, in base64. Raises ValueError where a piece is none."""
        if len(self.pieces) == 1:
            return self.pieces[0]
        return b64encode(b"".join(map(b64decode, self.pieces))).decode()


_block_start = msgspec.json.Decoder(_BlockStart).decode
_block_delta = msgspec.json.Decoder(_BlockDelta).decode
_block_stop = msgspec.json.Decoder(_BlockStop).decode
_message_stop = msgspec.json.Decoder(_MessageStop).decode
_metadata = msgspec.json.Decoder(_Metadata).decode
_exception = msgspec.json.Decoder(_Exception).decode


class Reader:
    """Reads one stream. The API gives its streams no id."""

    __slots__ = (
        "_calls_so_far", "_early", "_finished", "_frames", "_open_calls", "_over", "_pictures", "_said", "_text_block",
    )  # fmt: skip

    def __init__(self) -> None:
        self._frames = FrameStream()
        self._calls_so_far = 0
        self._open_calls: dict[int, _Call] = {}
        """By the index of their blocks."""
        self._pictures: dict[int, _Picture] = {}
        """The same."""
        self._text_block: int | None = None
        """The index of the last block of text."""
        self._said = 0
        """Its characters so far."""
        self._early: list[Citation] = []
        """What a block of text cites that has said nothing yet."""
        self._finished = False
        self._over = False

    def over(self, choices: int) -> bool:
        del choices  # it is said
        return self._over

    def feed(self, data: bytes) -> list[Event]:
        """Raises `UnreadableAnswer`."""
        events: list[Event] = []
        for frame in self._frames.feed(data):
            if self._over:
                break
            try:
                self._read(frame, events)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                raise UnreadableAnswer(f"The provider's stream has a {frame.name!r} that is none: {error}") from error
        return events

    def end(self) -> list[Event]:
        """The last event only counts: without it, what came is whole no less."""
        if self._over or not self._finished:
            return []
        self._over = True
        return [Ended()]

    def _read(self, frame: Frame, events: list[Event]) -> None:
        if frame.kind != "event":
            self._fails(frame, events)
            return
        match frame.name:
            case "contentBlockDelta":
                found = _block_delta(frame.payload)
                self._delta(found.delta, found.content_block_index, events)
            case "contentBlockStart":
                begun = _block_start(frame.payload)
                self._block_starts(begun.start, begun.content_block_index, events)
            case "contentBlockStop":
                self._block_stops(_block_stop(frame.payload).content_block_index, events)
            case "messageStart":
                events.append(Started(""))
            case "messageStop":
                stop = _message_stop(frame.payload)
                self._finished = True
                sequence = stop_sequence_of(stop.additional_model_response_fields)
                events.append(Finished(finish_of(stop.stop_reason), 0, sequence))
            case "metadata":
                tokens = tokens_of(_metadata(frame.payload).usage)
                if tokens is not None:
                    events.append(Counted(tokens))
                if self._finished:
                    self._over = True
                    events.append(Ended())

    def _block_starts(self, start: _Start, index: int, events: list[Event]) -> None:
        if start.image is not None:
            self._pictures[index] = _Picture(start.image.format)
        called = start.tool_use
        if called is None or called.type == _OF_THE_SERVER:
            return
        call = self._open_calls[index] = _Call(self._calls_so_far)
        self._calls_so_far += 1
        events.append(CallStarted(call.index, called.tool_use_id, called.name))

    def _block_stops(self, index: int, events: list[Event]) -> None:
        self._early = []
        call, picture = self._open_calls.pop(index, None), self._pictures.pop(index, None)
        if call is not None and not call.said:
            events.append(CallDelta(call.index, "{}"))
        image = None if picture is None else image_of(picture.format, picture.data())
        if image is not None:
            events.append(ImageGiven(image))

    def _delta(self, delta: _Delta, index: int, events: list[Event]) -> None:
        if delta.text:
            if self._text_block != index:
                self._text_begins(delta.text, index, events)
                return
            self._said += len(delta.text)
            events.append(TextDelta(delta.text))
        elif delta.tool_use is not None:
            call = self._open_calls.get(index)
            if call is not None and delta.tool_use.input:
                call.said = True
                events.append(CallDelta(call.index, delta.tool_use.input))
        elif delta.reasoning_content is not None:
            _thought(delta.reasoning_content, events)
        elif delta.citation is not None:
            self._cites(delta.citation, index, events)
        elif delta.image is not None:
            picture = self._pictures.get(index)
            if picture is not None and delta.image.source is not None and delta.image.source.bytes:
                picture.pieces.append(delta.image.source.bytes)

    def _cites(self, citation: Citation, index: int, events: list[Event]) -> None:
        if self._text_block != index:
            self._early.append(citation)
            return
        citations = citations_for_clients((citation,), self._said)
        if citations is not None:
            events.append(TextDelta("", citations=citations))

    def _text_begins(self, text: str, index: int, events: list[Event]) -> None:
        opens = self._text_block is not None
        self._text_block, self._said = index, len(text)
        citations = citations_for_clients(self._early, self._said) if self._early else None
        self._early = []
        events.append(TextDelta(text, citations=citations, opens=opens))

    def _fails(self, frame: Frame, events: list[Event]) -> None:
        """An exception has a message in its payload, an error in its headers."""
        self._over = True
        message = frame.headers.get(":error-message")
        if frame.kind == "exception":
            message = _exception(frame.payload).message if frame.payload else None
        name = frame.name or "InternalServerException"
        events.append(Failed(message or name, code_of(name, message or "")))


def _thought(delta: _ReasoningDelta, events: list[Event]) -> None:
    if delta.text:
        events.append(ThinkingDelta(delta.text))
    if delta.signature:
        events.append(ThinkingSigned(delta.signature))
    if delta.redacted_content is not None:
        events.append(SealedThinking(delta.redacted_content))
