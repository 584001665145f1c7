"""The gateway's end of the link to the kept answers that hosts share: asks, and hands over, and never waits for long.

Whatever is wrong with the link, the control plane or its database is a miss: no request fails for it, and none waits
longer than the deadline. After several that were late nobody asks for a while (`policy/health`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import structlog

from control_layer.contract.answers import (
    MOST_SHARED_BYTES,
    Ask,
    Found,
    Keep,
    SharedAnswer,
    Stored,
    decode_found,
    decode_stored,
    encode_stored,
)
from control_layer.contract.frames import FrameReader, frame
from control_layer.contract.routing import Breaker
from control_layer.contract.supervision import Sample
from control_layer.gateway.control_link import keep_linked
from control_layer.gateway.policy.health import Health
from control_layer.gateway.policy.response_cache import CachedAnswer, Maker

__all__ = ["SharedAnswers"]

_log = structlog.get_logger(__name__)
_READ_BYTES = 256 * 1024
_MOST_ASKED = 1024
"""Questions without an answer: at 10,000 a second, what comes within the usual deadline."""
_MOST_UNSENT_BYTES = 64 * 1024
"""Of the socket: with more, the control plane does not keep up, and a question would wait behind all of it."""
_MOST_WAITING_BYTES = 16 * 1024 * 1024
_OVERHEAD_BYTES = 512
_BREAKER = Breaker(failures=5, cooldown=1.0, longest_cooldown=30.0)

_encode = msgspec.msgpack.Encoder().encode
Then = Callable[[CachedAnswer | None], None]


@dataclass(frozen=True, slots=True)
class _Asked:
    then: Then
    epoch: int
    """Of the breaker."""
    late: asyncio.TimerHandle


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An answer that is to be handed over."""

    digest: bytes
    model_id: str
    generation: int
    answer: CachedAnswer

    @property
    def size(self) -> int:
        return len(self.answer.body) + _OVERHEAD_BYTES


class SharedAnswers:
    """One connection to the control plane of this host, made anew whenever it is lost."""

    def __init__(
        self,
        socket_path: str,
        timeout: float,
        *,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], float],
        most_waiting_bytes: int = _MOST_WAITING_BYTES,
    ) -> None:
        """`timeout` is how long a request waits for an answer, in seconds; `clock` that of `CachedAnswer`."""
        self._socket_path = socket_path
        self._timeout = timeout
        self._loop = loop
        self._clock = clock
        self._most_waiting_bytes = most_waiting_bytes
        self._writer: asyncio.StreamWriter | None = None
        self._asked: dict[int, _Asked] = {}
        self._number = 0
        self._health = Health(_BREAKER)
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._handed = asyncio.Event()
        self._results = dict.fromkeys(("hit", "miss", "late", "unavailable"), 0)
        self._dropped = 0

    def ask(self, digest: bytes, then: Then) -> bool:
        """Whether it is asked: then `then` is called, soon, with the answer or without one. Else there is none."""
        writer = self._writer
        if (
            writer is None
            or len(self._asked) >= _MOST_ASKED
            or self._health.rests(self._clock())
            or writer.transport.get_write_buffer_size() > _MOST_UNSENT_BYTES
        ):
            self._results["unavailable"] += 1
            return False
        self._number += 1
        late = self._loop.call_later(self._timeout, self._late, self._number)
        self._asked[self._number] = _Asked(then, self._health.begin(), late)
        writer.write(frame(_encode(Ask(self._number, digest))))
        return True

    def keep(self, digest: bytes, model_id: str, generation: int, answer: CachedAnswer) -> None:
        """Hands an answer over when there is time for it; drops it where too many wait, or nobody listens."""
        waiting = _Waiting(digest, model_id, generation, answer)
        full = self._waiting_bytes + waiting.size > self._most_waiting_bytes
        if self._writer is None or full or waiting.size > MOST_SHARED_BYTES:
            self._dropped += 1
            return
        self._waiting.append(waiting)
        self._waiting_bytes += waiting.size
        self._handed.set()

    async def run(self) -> None:
        """Connects, follows, reconnects; ends only by cancellation."""
        await keep_linked(self._follow, "answer_link_lost")

    def samples(self) -> Iterator[Sample]:
        """What came of questions and answers."""
        text = "Questions for kept answers that hosts share: hit, miss, late, unavailable."
        for result, count in self._results.items():
            yield Sample("control_layer_shared_cache_lookups_total", "counter", text, {"result": result}, count)
        text = "Answers that were not handed over to be shared: too large, too many at once, or nobody to take them."
        yield Sample("control_layer_shared_cache_dropped_total", "counter", text, {}, self._dropped)

    async def _follow(self) -> bool:
        """One connection's life; true when it ended after it had been made."""
        reader, writer = await asyncio.open_unix_connection(self._socket_path, limit=_READ_BYTES)
        handing = self._loop.create_task(self._hand_over(writer), name="answers-handed-over")
        self._writer = writer
        try:
            frames = FrameReader()
            while data := await reader.read(_READ_BYTES):
                for payload in frames.feed(data):
                    self._heard(decode_found(payload))
        finally:
            self._writer = None
            handing.cancel()
            await asyncio.gather(handing, return_exceptions=True)
            writer.close()
            self._forget()
        return True

    async def _hand_over(self, writer: asyncio.StreamWriter) -> None:
        """One after the other, as fast as they are read: a question waits behind one of them at most."""
        while True:
            await self._handed.wait()
            self._handed.clear()
            while self._waiting:
                waiting = self._waiting.popleft()
                self._waiting_bytes -= waiting.size
                writer.write(frame(_encode(self._kept(waiting))))
                await writer.drain()

    def _kept(self, waiting: _Waiting) -> Keep:
        answer, maker = waiting.answer, waiting.answer.maker
        stored = Stored(answer.status, answer.headers, answer.body, answer.tokens, answer.finish_reason)
        seconds = answer.expires_at - self._clock()
        shared = SharedAnswer(seconds, maker.key_id, maker.user_id, maker.generation, encode_stored(stored))
        return Keep(waiting.digest, waiting.model_id, waiting.generation, shared)

    def _heard(self, found: Found) -> None:
        asked = self._asked.pop(found.number, None)
        if asked is None:  # it was late
            return
        asked.late.cancel()
        self._health.succeeded(asked.epoch, self._clock(), None)
        answer = None if found.answer is None else self._answer(found.answer)
        self._results["miss" if answer is None else "hit"] += 1
        self._loop.call_soon(asked.then, answer)

    def _answer(self, shared: SharedAnswer) -> CachedAnswer | None:
        try:
            stored = decode_stored(shared.stored)
        except msgspec.MsgspecError:  # another release's
            return None
        maker = Maker(shared.key_id, shared.user_id, shared.purge_generation)
        expires_at = self._clock() + shared.seconds
        return CachedAnswer(
            stored.status, stored.headers, stored.body, stored.tokens, stored.finish_reason, expires_at, maker
        )

    def _late(self, number: int) -> None:
        asked = self._asked.pop(number)
        self._health.failed(asked.epoch, self._clock())
        self._results["late"] += 1
        asked.then(None)

    def _forget(self) -> None:
        """Nobody answers any more, nor takes anything."""
        self._waiting.clear()
        self._waiting_bytes = 0
        asked, self._asked = self._asked, {}
        for each in asked.values():
            each.late.cancel()
            self._health.abandoned(each.epoch)
            self._results["unavailable"] += 1
            self._loop.call_soon(each.then, None)
