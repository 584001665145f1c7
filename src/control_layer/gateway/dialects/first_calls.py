"""One call of a tool at a time, where a client wants that and its provider cannot be told: what else the model calls in
the same answer is left out. It may call it again when it has seen the first result.
"""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.conversation import Answer, Choice, Part, ToolCall
from control_layer.gateway.dialects.dialect import EventReader
from control_layer.gateway.dialects.events import CallDelta, CallStarted, Event

__all__ = ["FirstCallReader", "with_first_calls"]


def with_first_calls(answer: Answer) -> Answer:
    """An answer with one call in each of its choices."""
    return msgspec.structs.replace(answer, choices=tuple(map(_with_first_call, answer.choices)))


def _with_first_call(choice: Choice) -> Choice:
    parts: list[Part] = []
    called = False
    for part in choice.parts:
        if not (called and isinstance(part, ToolCall)):
            parts.append(part)
        called = called or isinstance(part, ToolCall)
    return msgspec.structs.replace(choice, parts=tuple(parts))


class FirstCallReader:
    """The same of a stream."""

    __slots__ = ("_inner",)

    def __init__(self, inner: EventReader) -> None:
        self._inner = inner

    def over(self, choices: int) -> bool:
        return self._inner.over(choices)

    def feed(self, data: bytes) -> list[Event]:
        return _of_first_calls(self._inner.feed(data))

    def end(self) -> list[Event]:
        return _of_first_calls(self._inner.end())


def _of_first_calls(events: list[Event]) -> list[Event]:
    return [event for event in events if not (isinstance(event, CallStarted | CallDelta) and event.index > 0)]
