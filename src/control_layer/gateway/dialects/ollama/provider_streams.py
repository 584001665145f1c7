"""A provider's stream of chat responses, one a line, as events.

A call comes whole; the line that says `done` is the last one. It has no more memory than how many calls there were.
"""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.events import Counted, Ended, Event, Failed, Finished, Started
from control_layer.gateway.dialects.ollama.errors import stream_error
from control_layer.gateway.dialects.ollama.lines import LineStream
from control_layer.gateway.dialects.ollama.said import (
    ResponseBody,
    answer_id_of,
    calls_of,
    created_of,
    finish_of,
    said_in,
    tokens_of,
)

__all__ = ["Reader"]

_decode = msgspec.json.Decoder(ResponseBody).decode


class Reader:
    """Reads one stream."""

    __slots__ = ("_calls", "_id", "_lines", "_over")

    def __init__(self) -> None:
        self._lines = LineStream()
        self._id: str | None = None
        """The answer's, once it has begun."""
        self._calls = 0
        self._over = False

    def over(self, choices: int) -> bool:
        del choices  # it is said
        return self._over

    def feed(self, data: bytes) -> list[Event]:
        """Raises `UnreadableAnswer` and `wire.EventTooLarge`."""
        events: list[Event] = []
        for line in self._lines.feed(data):
            self._read(line, events)
        return events

    def end(self) -> list[Event]:
        """The last line may lack its end. What was cut off inside of one is lost."""
        events: list[Event] = []
        for line in self._lines.last():
            try:
                self._read(line, events)
            except UnreadableAnswer:
                break
        return events

    def _read(self, line: bytes, events: list[Event]) -> None:
        if self._over:
            return
        try:
            response = _decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UnreadableAnswer(f"The provider's stream has a line that is none of Ollama's: {error}") from error
        if response.error is not None:
            self._over = True
            told = stream_error(response.error)
            events.append(Failed(told.message, told.code))
            return
        if self._id is None:
            self._id = answer_id_of(response)
            events.append(Started(self._id, created_of(response)))
        events += said_in(response, self._id, self._calls)
        self._calls += calls_of(response)
        if response.done:
            self._end(response, events)

    def _end(self, response: ResponseBody, events: list[Event]) -> None:
        self._over = True
        events.append(Finished(finish_of(response, called=self._calls > 0)))
        tokens = tokens_of(response)
        if tokens is not None:
            events.append(Counted(tokens))
        events.append(Ended())
