"""The gateway's end of the link for stored responses: hands them over until they are acknowledged, and asks for them.

A response is on its way before the end of its answer is, so that whoever asks for it next, at whatever worker, finds
it. What the control plane has not acknowledged stays here, and is handed over again on the next connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec
import structlog

from control_layer.contract.frames import FrameReader, frame
from control_layer.contract.stored_responses import (
    MOST_STORED_BYTES,
    Acknowledged,
    Recall,
    Recalled,
    StoredResponse,
    conversation_of,
    decode_from_control,
)
from control_layer.contract.supervision import Sample
from control_layer.gateway.control_link import keep_linked

__all__ = ["Question", "StoredResponses"]

_log = structlog.get_logger(__name__)
_READ_BYTES = 256 * 1024
_RECALL_SECONDS = 2.0
"""How long a request waits to hear what was said before: a control plane that is replaced is back by then."""
_MOST_ASKED = 1024
_MOST_WAITING_BYTES = 64 * 1024 * 1024
_MOST_SENT_BYTES = 16 * 1024 * 1024
"""Handed over and not acknowledged: with more, the control plane does not keep up. One response may be larger."""
_OVERHEAD_BYTES = 512

_encode = msgspec.msgpack.Encoder().encode
Then = Callable[[Recalled], None]


@dataclass(slots=True)
class Question:
    """A request that waits to hear what was said before."""

    recall: Recall
    then: Then
    late: asyncio.TimerHandle | None = field(default=None)


class StoredResponses:
    """One connection to the control plane of this host, made anew whenever it is lost."""

    def __init__(
        self,
        socket_path: str,
        *,
        loop: asyncio.AbstractEventLoop,
        recall_seconds: float = _RECALL_SECONDS,
        most_waiting_bytes: int = _MOST_WAITING_BYTES,
    ) -> None:
        self._socket_path = socket_path
        self._loop = loop
        self._recall_seconds = recall_seconds
        self._most_waiting_bytes = most_waiting_bytes
        self._writer: asyncio.StreamWriter | None = None
        self._unsent: dict[bytes, StoredResponse] = {}
        """The oldest first, as in the next one."""
        self._sent: dict[bytes, StoredResponse] = {}
        """Handed over on this connection, and not acknowledged."""
        self._waiting_bytes = self._sent_bytes = 0
        """Of both, and of what was handed over."""
        self._asked: dict[int, Question] = {}
        self._number = 0
        self._settled = asyncio.Event()
        self._settled.set()
        self._results = dict.fromkeys(("found", "unknown", "unavailable"), 0)
        self._stored = self._dropped = 0

    def keep(self, stored: StoredResponse) -> None:
        """Has a response stored. Where too many wait, the oldest of them never is."""
        if stored.size > MOST_STORED_BYTES:
            self._dropped += 1
            return
        self._unsent[stored.id] = stored
        self._waiting_bytes += _size(stored)
        self._settled.clear()
        while self._waiting_bytes > self._most_waiting_bytes:
            self._forget(next(iter(self._sent or self._unsent)))
            self._dropped += 1
        self._hand_over()

    def recall(self, response_id: bytes, user_id: str, then: Then) -> Question:
        """Has `then` called, soon, with what was said until a response had been given."""
        self._number += 1
        question = Question(Recall(self._number, response_id, user_id), then)
        mine = self._unsent.get(response_id) or self._sent.get(response_id)
        if mine is not None:
            self._loop.call_soon(self._answer_myself, question, mine)
        elif len(self._asked) >= _MOST_ASKED:
            self._loop.call_soon(self._answer, question, Recalled(self._number, "unavailable"))
        else:
            question.late = self._loop.call_later(self._recall_seconds, self._late, self._number)
            self._asked[self._number] = question
            if self._writer is not None:
                self._writer.write(frame(_encode(question.recall)))
        return question

    def give_up(self, question: Question) -> None:
        """Nobody waits for the answer any more."""
        self._asked.pop(question.recall.number, None)
        question.then = _ignore
        if question.late is not None:
            question.late.cancel()

    async def run(self) -> None:
        """Connects, follows, reconnects; ends only by cancellation."""
        await keep_linked(self._follow, "response_link_lost")

    async def settle(self, seconds: float) -> None:
        """Returns when nothing waits any more, or after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._settled.wait()
        except TimeoutError:
            _log.warning("responses_not_stored", count=len(self._sent) + len(self._unsent))

    def samples(self) -> Iterator[Sample]:
        """What came of responses and questions."""
        text = "Requests that go on from a stored response, by what became of the question for it."
        for result, count in self._results.items():
            yield Sample("control_layer_response_lookups_total", "counter", text, {"result": result}, count)
        text = "Responses that were stored."
        yield Sample("control_layer_responses_stored_total", "counter", text, {}, self._stored)
        text = "Responses that were not stored: too large, or too many while nobody could take them."
        yield Sample("control_layer_responses_dropped_total", "counter", text, {}, self._dropped)

    async def _follow(self) -> bool:
        """One connection's life; true when it ended after it had been made."""
        reader, writer = await asyncio.open_unix_connection(self._socket_path, limit=_READ_BYTES)
        self._writer = writer
        try:
            self._hand_over()
            for question in self._asked.values():
                writer.write(frame(_encode(question.recall)))
            frames = FrameReader()
            while data := await reader.read(_READ_BYTES):
                for payload in frames.feed(data):
                    self._heard(decode_from_control(payload))
        finally:
            self._writer = None
            self._unsent = {**self._sent, **self._unsent}
            self._sent, self._sent_bytes = {}, 0
            writer.close()
        return True

    def _hand_over(self) -> None:
        """Writes what may be on its way, in order."""
        writer = self._writer
        if writer is None:
            return
        while self._unsent:
            response_id, stored = next(iter(self._unsent.items()))
            size = _size(stored)
            if self._sent and self._sent_bytes + size > _MOST_SENT_BYTES:
                return
            del self._unsent[response_id]
            self._sent[response_id] = stored
            self._sent_bytes += size
            writer.write(frame(_encode(stored)))

    def _heard(self, message: Acknowledged | Recalled) -> None:
        if isinstance(message, Acknowledged):
            for response_id in message.ids:
                if response_id in self._sent:
                    self._stored += 1
                    self._forget(response_id)
            self._hand_over()
            return
        question = self._asked.pop(message.number, None)
        if question is not None:  # else it was late
            self._answer(question, message)

    def _forget(self, response_id: bytes) -> None:
        sent = self._sent.pop(response_id, None)
        size = _size(self._unsent.pop(response_id) if sent is None else sent)
        self._waiting_bytes -= size
        if sent is not None:
            self._sent_bytes -= size
        if not self._sent and not self._unsent:
            self._settled.set()

    def _late(self, number: int) -> None:
        self._answer(self._asked.pop(number), Recalled(number, "unavailable"))

    def _answer_myself(self, question: Question, mine: StoredResponse) -> None:
        number = question.recall.number
        if mine.user_id == question.recall.user_id:
            self._answer(question, Recalled(number, "found", conversation_of(mine.items, mine.response)))
        else:
            self._answer(question, Recalled(number, "unknown"))

    def _answer(self, question: Question, recalled: Recalled) -> None:
        if question.late is not None:
            question.late.cancel()
        self._results[recalled.found] += 1
        question.then(recalled)


def _size(stored: StoredResponse) -> int:
    return stored.size + _OVERHEAD_BYTES


def _ignore(recalled: Recalled) -> None:
    del recalled
