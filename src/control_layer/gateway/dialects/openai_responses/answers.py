"""Whole answers, as responses."""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.conversation import (
    Answer,
    Choice,
    Conversation,
    Image,
    Refusal,
    Text,
    Thinking,
    ToolCall,
)
from control_layer.gateway.dialects.openai_chat.annotations import own_annotations
from control_layer.gateway.dialects.openai_chat.client_answers import extra_content_of, shows_thoughts
from control_layer.gateway.dialects.openai_responses.requests import SummaryText
from control_layer.gateway.dialects.openai_responses.responses import (
    CallItem,
    ImageItem,
    MessageItem,
    OutputTextPart,
    ReasoningItem,
    RefusalPart,
    answer_id_of,
    ended,
    ending_of,
    item_id,
    response_for,
)
from control_layer.gateway.dialects.openai_responses.thoughts import content_of

__all__ = ["annotations_of", "image_item", "logprobs_in", "reasoning_item", "write_answer"]


class _Probabilities(msgspec.Struct, frozen=True):
    content: list[msgspec.Raw] | None = None
    refusal: list[msgspec.Raw] | None = None


class _Annotation(msgspec.Struct, frozen=True):
    """A citation in the form of chat completions."""

    url_citation: dict[str, msgspec.Raw]


_decode_logprobs = msgspec.json.Decoder(_Probabilities).decode
_decode_annotation = msgspec.json.Decoder(_Annotation).decode
_encode = msgspec.json.Encoder().encode


def write_answer(answer: Answer, conversation: Conversation, model: str) -> bytes:
    """The first choice: a client of this API asks for no other."""
    choice = answer.choices[0] if answer.choices else Choice((), None)
    refused = any(isinstance(part, Refusal) for part in choice.parts)
    ending = ending_of(choice.finish, refused=refused)
    response = response_for(conversation, model, answer.id, answer.created)
    if answer.service_tier is not None:
        response = msgspec.structs.replace(response, service_tier=answer.service_tier)
    name = answer_id_of(conversation, answer.id)
    output = _Output(name, choice, conversation, "completed" if ending.status == "completed" else "incomplete")
    return _encode(ended(response, ending, output.items(), answer.tokens))


class _Output:
    """Puts the parts of a choice into items: what is said in a row is one message."""

    __slots__ = ("_answer_id", "_items", "_last", "_logprobs", "_parts", "_shown", "_words")

    def __init__(self, answer_id: str, choice: Choice, conversation: Conversation, last: str) -> None:
        self._answer_id = answer_id
        self._parts = choice.parts
        self._shown = shows_thoughts(conversation)
        wanted = conversation.logprobs is not None and choice.logprobs is not None
        self._logprobs = logprobs_in(choice.logprobs) if wanted and choice.logprobs is not None else []
        self._last = last
        """The status of the last item."""
        self._items: list[ReasoningItem | MessageItem | CallItem | ImageItem] = []
        self._words: list[OutputTextPart | RefusalPart] = []

    def items(self) -> list[msgspec.Raw]:
        for part in self._parts:
            match part:
                case Text() if part.text:
                    self._text(part.text, annotations_of(part.citations))
                case Refusal():
                    self._words.append(RefusalPart(part.text))
                case Thinking():
                    self._thought(part)
                case ToolCall():
                    self._close()
                    name = item_id("fc", self._answer_id, len(self._items))
                    extra = extra_content_of(part.signature)
                    self._items.append(CallItem(name, "completed", part.arguments, part.id, part.name, extra))
                case Image():
                    self._picture(part)
                case _:
                    pass
        self._close()
        if self._last == "incomplete" and self._items and not isinstance(self._items[-1], ReasoningItem | ImageItem):
            self._items[-1] = msgspec.structs.replace(self._items[-1], status="incomplete")
        return [msgspec.Raw(_encode(item)) for item in self._items]

    def _text(self, text: str, annotations: list[msgspec.Raw]) -> None:
        self._words.append(OutputTextPart(text, annotations, self._logprobs))
        self._logprobs = []

    def _thought(self, thought: Thinking) -> None:
        self._close()
        item = reasoning_item(thought, "", shown=self._shown)
        if item is not None:
            name = item_id("rs", self._answer_id, len(self._items))
            self._items.append(msgspec.structs.replace(item, id=name))

    def _picture(self, image: Image) -> None:
        self._close()
        item = image_item(image, item_id("ig", self._answer_id, len(self._items)))
        if item is not None:
            self._items.append(item)

    def _close(self) -> None:
        if self._words:
            name = item_id("msg", self._answer_id, len(self._items))
            self._items.append(MessageItem(name, "completed", self._words))
            self._words = []


def reasoning_item(thought: Thinking, name: str, *, shown: bool) -> ReasoningItem | None:
    """`None` where the client does not want to see it, and no provider wants it back."""
    content = content_of(thought, shown=shown)
    summary = [SummaryText(thought.text)] if shown and thought.text else []
    return ReasoningItem(name, summary, content) if summary or content is not None else None


def image_item(image: Image, name: str) -> ImageItem | None:
    """A picture that the model made; `None` where it is elsewhere, under a URL."""
    if image.data is None:
        return None
    kind = (image.media_type or "").removeprefix("image/")
    return ImageItem(name, "completed", image.data, kind or None, extra_content_of(image.signature))


def annotations_of(citations: msgspec.Raw | None) -> list[msgspec.Raw]:
    """Citations of OpenAI's form as this API has them: their fields beside the type."""
    try:
        found = [_decode_annotation(each) for each in own_annotations(citations)]
    except msgspec.ValidationError:
        return []
    return [msgspec.Raw(_encode({"type": "url_citation", **annotation.url_citation})) for annotation in found]


def logprobs_in(logprobs: msgspec.Raw) -> list[msgspec.Raw]:
    """The entries of log probabilities in the form of chat completions."""
    try:
        found = _decode_logprobs(logprobs)
    except msgspec.MsgspecError:
        return []
    return found.content or []
