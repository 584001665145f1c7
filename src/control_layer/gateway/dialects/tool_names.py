"""Names of tools within what a provider takes: those that are longer have another on the way there, and their own again
in the answer. Anthropic's clients may use twice the length that OpenAI takes, and names that are made of a server's and
a tool's need it.
"""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

import msgspec

from control_layer.gateway.dialects.conversation import Answer, Choice, Conversation, Message, Part, ToolCall
from control_layer.gateway.dialects.dialect import EventReader
from control_layer.gateway.dialects.events import CallStarted, Event

__all__ = ["named", "with_names", "with_short_names"]

_replace = msgspec.structs.replace


def with_short_names(conversation: Conversation, most: int) -> tuple[Conversation, dict[str, str]]:
    """The conversation with no name of more than `most` characters, and the names that the short ones stand for."""
    calls = (part for message in conversation.messages for part in message.parts if isinstance(part, ToolCall))
    names = {tool.name for tool in conversation.tools} | {call.name for call in calls}
    long = [name for name in names if len(name) > most]
    if not long:
        return conversation, {}
    short = {name: f"{name[: most - 9]}_{crc32(name.encode(errors='replace')):08x}" for name in long}
    choice = conversation.tool_choice
    if choice is not None and choice.name in short:
        choice = _replace(choice, name=short[choice.name])
    shortened = _replace(
        conversation,
        messages=tuple(_message(message, short) for message in conversation.messages),
        tools=tuple(_replace(tool, name=short.get(tool.name, tool.name)) for tool in conversation.tools),
        tool_choice=choice,
    )
    return shortened, {brief: name for name, brief in short.items()}


def with_names(answer: Answer, names: Mapping[str, str]) -> Answer:
    """The answer with calls under these names instead of the short ones."""
    if not names:
        return answer
    return _replace(answer, choices=tuple(_choice(choice, names) for choice in answer.choices))


def _message(message: Message, names: Mapping[str, str]) -> Message:
    return _replace(message, parts=_renamed(message.parts, names))


def _choice(choice: Choice, names: Mapping[str, str]) -> Choice:
    return _replace(choice, parts=_renamed(choice.parts, names))


def _renamed(parts: tuple[Part, ...], names: Mapping[str, str]) -> tuple[Part, ...]:
    return tuple(
        _replace(part, name=names[part.name]) if isinstance(part, ToolCall) and part.name in names else part
        for part in parts
    )


def named(reader: EventReader, names: Mapping[str, str]) -> EventReader:
    """The same of a stream."""
    return _NamingReader(reader, names) if names else reader


class _NamingReader:
    __slots__ = ("_inner", "_names")

    def __init__(self, inner: EventReader, names: Mapping[str, str]) -> None:
        self._inner = inner
        self._names = names

    def over(self, choices: int) -> bool:
        return self._inner.over(choices)

    def feed(self, data: bytes) -> list[Event]:
        return self._named(self._inner.feed(data))

    def end(self) -> list[Event]:
        return self._named(self._inner.end())

    def _named(self, events: list[Event]) -> list[Event]:
        return [
            _replace(event, name=self._names[event.name])
            if isinstance(event, CallStarted) and event.name in self._names
            else event
            for event in events
        ]
