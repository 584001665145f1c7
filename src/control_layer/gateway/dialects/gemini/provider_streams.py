"""A provider's stream of whole `GenerateContentResponse`s in Server-Sent Events, as events.

A call comes whole, and so does a picture, in one event. Nothing says that the stream is over: it is where every
candidate has finished when it ends, in whatever way. It has no more memory than which candidates have spoken, and the
counts that were told last.
"""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.events import Counted, Ended, Event, Failed, Started
from control_layer.gateway.dialects.gemini.answers import answer_id_of
from control_layer.gateway.dialects.gemini.errors import stream_error
from control_layer.gateway.dialects.gemini.said import CandidateReader, ResponseBody, blocked
from control_layer.gateway.dialects.gemini.tokens import tier_of, tokens_of
from control_layer.wire import EventStream

__all__ = ["Reader"]

_DONE = b"[DONE]"
"""Not of this API, but some who speak it cannot leave it out."""
_MAX_EVENT_BYTES = 32 * 1024 * 1024
"""A picture of 4096 by 4096 pixels is about 20 MB in base64."""
_NO_ERROR = (b"", b"null")

_decode = msgspec.json.Decoder(ResponseBody).decode


class Reader:
    """Reads one stream."""

    __slots__ = ("_candidates", "_events", "_id", "_over", "_usage")

    def __init__(self) -> None:
        self._events = EventStream(_MAX_EVENT_BYTES)
        self._candidates: dict[int, CandidateReader] = {}
        self._id: str | None = None
        """The answer's, once it has begun."""
        self._usage = b""
        """What was told last."""
        self._over = False

    def over(self, choices: int) -> bool:
        """Why an answer ended comes last, and with it what was used. One that has not begun may still come."""
        return self._over or (self._finished and len(self._candidates) >= choices)

    @property
    def _finished(self) -> bool:
        return bool(self._candidates) and all(reader.finished for reader in self._candidates.values())

    def feed(self, data: bytes) -> list[Event]:
        """Raises `UnreadableAnswer` and `wire.EventTooLarge`."""
        events: list[Event] = []
        for event in self._events.feed(data):
            self._read(event.data, events)
        return events

    def end(self) -> list[Event]:
        """The last event may lack the blank line behind it. What was cut off inside of one is lost."""
        events: list[Event] = []
        for event in self._events.last():
            try:
                self._read(event.data, events)
            except UnreadableAnswer:
                return events
        if not self._over and self._finished:
            self._over = True
            events.append(Ended())
        return events

    def _read(self, data: bytes, events: list[Event]) -> None:
        if not data or self._over or data == _DONE:
            return
        try:
            chunk = _decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UnreadableAnswer(f"The provider's stream has an event that is none of Gemini's: {error}") from error
        if bytes(chunk.error) not in _NO_ERROR:
            self._over = True
            told = stream_error(chunk.error)
            events.append(Failed(told.message, told.code))
            return
        answer_id = self._start(chunk, events)
        for candidate in chunk.candidates or ():
            reader = self._candidates.get(candidate.index)
            if reader is None:
                reader = self._candidates[candidate.index] = CandidateReader(candidate.index)
            reader.read(candidate, answer_id, events)
        if not self._candidates and chunk.prompt_feedback is not None:
            self._stopped(chunk, events)
        self._count(chunk.usage_metadata, events)

    def _start(self, chunk: ResponseBody, events: list[Event]) -> str:
        if self._id is None:
            self._id = answer_id_of(chunk)
            usage = chunk.usage_metadata
            events.append(Started(self._id, None, tokens_of(usage), tier_of(usage)))
        return self._id

    def _stopped(self, chunk: ResponseBody, events: list[Event]) -> None:
        instead = blocked(chunk)
        if instead:
            reader = self._candidates[0] = CandidateReader(0)
            reader.finished = True
            events += instead

    def _count(self, usage: msgspec.Raw, events: list[Event]) -> None:
        told = bytes(usage)
        if not told or told == self._usage:
            return
        self._usage = told
        tokens = tokens_of(usage)
        if tokens is not None:
            events.append(Counted(tokens))
