"""A conversation's messages as Ollama takes them: one text each, with pictures beside it.

* Instructions stay where they are.
* What a tool gave is a message of its own; what it shows stands behind, in one of the user's.
* What was thought is sent back as words; whether a model wants them is for its template to say.
"""

from __future__ import annotations

from collections.abc import Iterable

from control_layer.gateway.dialects.anthropic.blocks import json_object
from control_layer.gateway.dialects.conversation import (
    Audio,
    Document,
    Image,
    Message,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from control_layer.gateway.dialects.documents import text_of
from control_layer.gateway.dialects.ollama.requests import CalledFunction, MessageParam, ToolCallParam
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["write_messages"]

_BETWEEN_TEXTS = "\n\n"


def write_messages(messages: Iterable[Message], omissions: Omissions) -> list[MessageParam]:
    """The messages, in their order."""
    turns = _Turns(omissions)
    for index, message in enumerate(messages):
        if message.name is not None:
            omissions.drop(f"messages[{index}].name")
        turns.say(message, f"messages[{index}]")
    return turns.end()


class _Turns:
    __slots__ = ("_images", "_messages", "_names", "_omissions", "_shown")

    def __init__(self, omissions: Omissions) -> None:
        self._omissions = omissions
        self._messages: list[MessageParam] = []
        self._names: dict[str, str] = {}
        """The functions that were called, by the ids of the calls."""
        self._shown: list[str] = []
        self._images: list[str] = []
        """What tools have shown since their results began."""

    def say(self, message: Message, at: str) -> None:
        if message.role == "tool":
            for place, part in enumerate(message.parts):
                if isinstance(part, ToolResult):
                    self._result(part, f"{at}.content[{place}]")
            return
        self._show()
        places = [f"{at}.content[{place}]" for place in range(len(message.parts))]
        texts, images = self._content(message.parts, places)
        said = _BETWEEN_TEXTS.join(texts)
        if message.role == "assistant":
            self._assistant(message, said, images)
        elif said or images:
            role = message.role if message.role == "user" else "system"
            self._messages.append(MessageParam(role, said, images=images or None))

    def end(self) -> list[MessageParam]:
        self._show()
        return self._messages

    def _assistant(self, message: Message, said: str, images: list[str]) -> None:
        thought = "".join(part.text for part in message.parts if isinstance(part, Thinking))
        calls = [self._call(part) for part in message.parts if isinstance(part, ToolCall)]
        if said or images or thought or calls:
            self._messages.append(MessageParam("assistant", said, thought or None, images or None, calls or None))

    # -- tools -------------------------------------------------------------------------------------------------------

    def _call(self, call: ToolCall) -> ToolCallParam:
        self._names[call.id] = call.name
        return ToolCallParam(CalledFunction(call.name, json_object(call.arguments)), call.id or None)

    def _result(self, result: ToolResult, at: str) -> None:
        if result.is_error:
            self._omissions.drop("tool_result.is_error")
        texts, images = self._content(result.parts, [at] * len(result.parts))
        name = self._names.get(result.call_id)
        if images:
            self._shown.append(f"Shown by the tool {name or result.call_id}.")
            self._images += images
            texts = texts or ["See the next message of the user."]
        given = MessageParam("tool", _BETWEEN_TEXTS.join(texts), tool_name=name, tool_call_id=result.call_id or None)
        self._messages.append(given)

    def _show(self) -> None:
        if self._images:
            self._messages.append(MessageParam("user", _BETWEEN_TEXTS.join(self._shown), images=self._images))
            self._shown, self._images = [], []

    # -- parts -------------------------------------------------------------------------------------------------------

    def _content(self, parts: Iterable[Part], places: Iterable[str]) -> tuple[list[str], list[str]]:
        """Texts and images; `places` are the parts' names."""
        texts: list[str] = []
        images: list[str] = []
        for part, at in zip(parts, places, strict=True):
            match part:
                case Text() | Refusal():
                    texts.append(part.text)
                case Image():
                    images += self._image(part, at)
                case Audio():
                    texts.append(part.transcript or self._no(at, "Ollama does not listen. Send the words."))
                case Document():
                    if part.citations:
                        self._omissions.drop("citations")
                    text = text_of(part)
                    told = "Ollama reads text (UTF-8) with its data. Send the document's text."
                    texts.append(self._no(at, told) if text is None else text)
                case _:
                    pass
        return [text for text in texts if text], images

    def _image(self, image: Image, at: str) -> list[str]:
        if image.data is not None:
            return [image.data]
        self._no(at, "Ollama takes images with their data only, not by a URL or from an uploaded file.")
        return []

    def _no(self, at: str, message: str) -> str:
        self._omissions.refuse(at, message)
        return ""
