"""Of several calls in an answer, the first one is left, whole and streamed."""

from __future__ import annotations

from hypothesis import given
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.generated import streams

from control_layer.gateway.dialects.conversation import Answer, Text, ToolCall
from control_layer.gateway.dialects.events import Event
from control_layer.gateway.dialects.first_calls import FirstCallReader, with_first_calls


class _Read:
    """A reader for which every byte completes an event; the last one comes with the end."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    def feed(self, data: bytes) -> list[Event]:
        fed, self._events = self._events[: len(data)], self._events[len(data) :]
        return fed

    def end(self) -> list[Event]:
        return self._events

    def over(self, choices: int) -> bool:
        return choices == 1


def _calls(answer: Answer) -> list[list[ToolCall]]:
    return [[part for part in choice.parts if isinstance(part, ToolCall)] for choice in answer.choices]


def _texts(answer: Answer) -> list[str]:
    return ["".join(part.text for part in choice.parts if isinstance(part, Text)) for choice in answer.choices]


@given(streams())
def test_the_first_call_of_each_choice_is_left_and_all_that_is_said(events: list[Event]) -> None:
    answer = fold(events)
    whole = with_first_calls(answer)
    reader = FirstCallReader(_Read(events))
    streamed = fold([*reader.feed(b"."), *reader.feed(b"." * (len(events) - 2)), *reader.end()])
    assert _calls(whole) == _calls(streamed) == [calls[:1] for calls in _calls(answer)]
    assert _texts(whole) == _texts(streamed) == _texts(answer)
    assert [choice.finish for choice in whole.choices] == [choice.finish for choice in answer.choices]
    assert (streamed.tokens, whole.tokens) == (answer.tokens, answer.tokens)
