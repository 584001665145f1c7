"""The items of a response while they grow, each with the events that tell of it in the order in which OpenAI has them.

The API says all of an item once more at its end, and all of the response at the response's: what was said has to be
kept until then.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from control_layer.gateway.dialects.conversation import Image, Thinking
from control_layer.gateway.dialects.events import CallStarted
from control_layer.gateway.dialects.openai_chat.client_answers import extra_content_of
from control_layer.gateway.dialects.openai_responses.answers import image_item, reasoning_item
from control_layer.gateway.dialects.openai_responses.requests import SummaryText
from control_layer.gateway.dialects.openai_responses.responses import (
    CallItem,
    ImageItem,
    MessageItem,
    OutputTextPart,
    ReasoningItem,
    RefusalPart,
    item_id,
)

__all__ = ["CallUnderWay", "Emitter", "MessageUnderWay", "ThoughtUnderWay", "tell_picture"]

_encode = msgspec.json.Encoder().encode
_PING = b": ping\n\n"
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


Item = ReasoningItem | MessageItem | CallItem | ImageItem


class Emitter:
    """Numbers events and writes them."""

    __slots__ = ("_number", "_written", "answer_id", "output")

    def __init__(self) -> None:
        self._number = 0
        self._written: list[bytes] = []
        self.answer_id = ""
        self.output: list[msgspec.Raw | None] = []
        """The items that are whole, at their places."""

    def take(self) -> bytes:
        """What was written since the last time."""
        written, self._written = b"".join(self._written), []
        return written

    def emit(self, kind: bytes, fields: bytes) -> None:
        """One event. What somebody wrote over several lines, a schema, is one here: data ends with the line."""
        line = fields.replace(b"\n", b" ").replace(b"\r", b" ")
        event = b'event: %b\ndata: {"type":"%b","sequence_number":%d,%b}\n\n'
        self._written.append(event % (kind, kind, self._number, line))
        self._number += 1

    def comment(self) -> None:
        """No event, but a sign of life."""
        self._written.append(_PING)

    def added(self, item: Item) -> None:
        """An item begins, at the next place."""
        place = len(self.output)
        self.output.append(None)
        self.emit(b"response.output_item.added", b'"output_index":%d,"item":%b' % (place, _encode(item)))

    def done(self, place: int, item: Item) -> None:
        """An item is whole."""
        whole = _encode(item)
        self.output[place] = msgspec.Raw(whole)
        self.emit(b"response.output_item.done", b'"output_index":%d,"item":%b' % (place, whole))


class MessageUnderWay:
    """What is said in a row."""

    __slots__ = ("_annotations", "_emitter", "_head", "_id", "_kind", "_logprobs", "_place", "_texts", "_whole")

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self._place = len(emitter.output)
        self._id = item_id("msg", emitter.answer_id, self._place)
        self._head = b""
        """Of the events of the part that is open."""
        self._kind: Literal["text", "refusal"] | None = None
        self._texts: list[str] = []
        self._annotations: list[msgspec.Raw] = []
        self._logprobs: list[msgspec.Raw] = []
        self._whole: list[OutputTextPart | RefusalPart] = []
        emitter.added(MessageItem(self._id, "in_progress", []))

    def say(self, text: str, logprobs: list[msgspec.Raw]) -> None:
        self._turn_to("text")
        self._texts.append(text)
        self._logprobs += logprobs
        fields = b'%b,"delta":%b,"logprobs":%b' % (self._head, _encode(text), _encode(logprobs))
        self._emitter.emit(b"response.output_text.delta", fields)

    def cite(self, annotations: list[msgspec.Raw]) -> None:
        self._turn_to("text")
        for annotation in annotations:
            fields = b'%b,"annotation_index":%d,"annotation":%b'
            told = fields % (self._head, len(self._annotations), bytes(annotation))
            self._emitter.emit(b"response.output_text.annotation.added", told)
            self._annotations.append(annotation)

    def decline(self, text: str) -> None:
        self._turn_to("refusal")
        self._texts.append(text)
        self._emitter.emit(b"response.refusal.delta", b'%b,"delta":%b' % (self._head, _encode(text)))

    def close_part(self) -> None:
        """What follows is a part of its own."""
        if self._kind is None:
            return
        text = "".join(self._texts)
        part, said = self._part(text), _encode(text)
        if self._kind == "refusal":
            self._emitter.emit(b"response.refusal.done", b'%b,"refusal":%b' % (self._head, said))
        else:
            fields = b'%b,"text":%b,"logprobs":%b' % (self._head, said, _encode(self._logprobs))
            self._emitter.emit(b"response.output_text.done", fields)
        self._emitter.emit(b"response.content_part.done", b'%b,"part":%b' % (self._head, _encode(part)))
        self._whole.append(part)
        self._kind = None
        self._texts, self._annotations, self._logprobs = [], [], []

    def close(self, status: Literal["completed", "incomplete"]) -> None:
        self.close_part()
        self._emitter.done(self._place, MessageItem(self._id, status, self._whole))

    def _turn_to(self, kind: Literal["text", "refusal"]) -> None:
        if self._kind == kind:
            return
        self.close_part()
        self._kind = kind
        place = b'"item_id":%b,"output_index":%d,"content_index":%d'
        self._head = place % (_encode(self._id), self._place, len(self._whole))
        self._emitter.emit(b"response.content_part.added", b'%b,"part":%b' % (self._head, _encode(self._part(""))))

    def _part(self, text: str) -> OutputTextPart | RefusalPart:
        if self._kind == "refusal":
            return RefusalPart(text)
        return OutputTextPart(text, self._annotations, self._logprobs)


class ThoughtUnderWay:
    """A thought. Where the client does not want to see it, nothing is told before it is signed."""

    __slots__ = ("_begun", "_emitter", "_head", "_id", "_place", "_shown", "_texts")

    def __init__(self, emitter: Emitter, *, shown: bool) -> None:
        self._emitter = emitter
        self._shown = shown
        self._texts: list[str] = []
        self._begun = False
        self._place = 0
        self._id = ""
        self._head = b""

    def grow(self, text: str) -> None:
        if self._shown:
            if not self._texts:
                self._begin()
                empty = _encode(SummaryText(""))
                self._emitter.emit(b"response.reasoning_summary_part.added", b'%b,"part":%b' % (self._head, empty))
            delta = b'%b,"delta":%b' % (self._head, _encode(text))
            self._emitter.emit(b"response.reasoning_summary_text.delta", delta)
        self._texts.append(text)

    def close(self, signature: str | None = None, sealed: str | None = None) -> None:
        """It is over: signed, or sealed as a whole, or neither."""
        text = "".join(self._texts)
        if self._shown and self._texts:
            said, part = _encode(text), _encode(SummaryText(text))
            self._emitter.emit(b"response.reasoning_summary_text.done", b'%b,"text":%b' % (self._head, said))
            self._emitter.emit(b"response.reasoning_summary_part.done", b'%b,"part":%b' % (self._head, part))
        item = reasoning_item(Thinking(text, signature, sealed), "", shown=self._shown)
        if item is not None:
            self._begin()
            self._emitter.done(self._place, msgspec.structs.replace(item, id=self._id))

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        self._place = len(self._emitter.output)
        self._id = item_id("rs", self._emitter.answer_id, self._place)
        self._head = b'"item_id":%b,"output_index":%d,"summary_index":0' % (_encode(self._id), self._place)
        self._emitter.added(ReasoningItem(self._id, []))


def tell_picture(emitter: Emitter, image: Image) -> None:
    """A picture, which comes whole."""
    place = len(emitter.output)
    item = image_item(image, item_id("ig", emitter.answer_id, place))
    if item is None:
        return
    head = b'"item_id":%b,"output_index":%d' % (_encode(item.id), place)
    emitter.added(ImageItem(item.id, "in_progress", None))
    for stage in (b"in_progress", b"generating", b"completed"):
        emitter.emit(b"response.image_generation_call." + stage, head)
    emitter.done(place, item)


class CallUnderWay:
    """A call of a function."""

    __slots__ = ("_arguments", "_emitter", "_head", "_item", "_place")

    def __init__(self, emitter: Emitter, event: CallStarted) -> None:
        self._emitter = emitter
        self._place = len(emitter.output)
        self._arguments: list[str] = []
        name = item_id("fc", emitter.answer_id, self._place)
        extra = extra_content_of(event.signature)
        self._item = CallItem(name, "in_progress", "", event.id, event.name, extra)
        self._head = b'"item_id":%b,"output_index":%d' % (_encode(name), self._place)
        emitter.added(self._item)

    def grow(self, arguments: str) -> None:
        self._arguments.append(arguments)
        fields = b'%b,"delta":%b' % (self._head, _encode(arguments))
        self._emitter.emit(b"response.function_call_arguments.delta", fields)

    def is_whole(self) -> bool:
        """Nothing more can be said: the arguments are an object already."""
        try:
            _object("".join(self._arguments))
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return False
        return True

    def close(self, status: Literal["completed", "incomplete"]) -> None:
        arguments = "".join(self._arguments)
        fields = b'%b,"name":%b,"arguments":%b' % (self._head, _encode(self._item.name), _encode(arguments))
        self._emitter.emit(b"response.function_call_arguments.done", fields)
        self._emitter.done(self._place, msgspec.structs.replace(self._item, status=status, arguments=arguments))
