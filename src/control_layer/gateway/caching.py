"""A request whose model keeps answers: it may get one that is at hand, or wait for what another is about to get."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from control_layer.contract.pricing import cost_of, is_answered
from control_layer.contract.routing import ResponseCaching
from control_layer.contract.usage import Closed, Tokens
from control_layer.gateway.admission import State
from control_layer.gateway.head import Head
from control_layer.gateway.policy.response_cache import CachedAnswer, Maker
from control_layer.gateway.recording import Recording, may_be_kept
from control_layer.gateway.routing import Routing
from control_layer.wire import Request, Responder

if TYPE_CHECKING:
    from control_layer.gateway.data_plane import DataPlane

__all__ = ["Caching"]


class Caching(Routing):
    """A request between admission and its way out."""

    __slots__ = ("_flight", "_patience", "cached", "recording", "saved", "saved_cost")

    def __init__(self, plane: DataPlane, request: Request, responder: Responder, head: Head) -> None:
        super().__init__(plane, request, responder, head)
        self.cached: Literal["hit", "miss", "coalesced", "bypass"] | None = None
        """How the request met the cache, where its model has one."""
        self.recording: Recording | None = None
        """The answer, where it is to be kept."""
        self.saved: Tokens | None = None
        """What the answer had cost when it was made, where it is given again."""
        self.saved_cost: Decimal | None = None
        """And what it would have cost this request."""
        self._flight: bytes | None = None
        """The cache's key, while others may wait for the answer, or this one for another's."""
        self._patience: asyncio.TimerHandle | None = None

    @abstractmethod
    def replay(self, answer: CachedAnswer) -> None:
        """Answers as somebody was answered before. Nothing is used, and nothing is to be paid."""

    @property
    def waits_for_another(self) -> bool:
        """Whether somebody else is about to get the answer."""
        return self._patience is not None

    def look_up(self, caching: ResponseCaching, key: bytes | None) -> bool:
        """Whether the answer is at hand, or on its way to somebody who asked the same: then it comes by itself.

        `key` is what it is kept under; `None` where it may not be.
        """
        plane, head = self.plane, self.head
        if key is None:
            self.cached = "bypass"
            return False
        purges = plane.snapshots.current.purges
        kept = None if head.no_cache else plane.cache.get(key, plane.monotonic(), purges)
        if kept is not None:
            self._give_again(kept, "hit")
            return True
        self.cached = "miss"
        self.recording = Recording(caching, key, Maker.now(self.key.id, self.user.id, purges))
        if head.no_cache:
            return False
        self._flight = key
        if plane.flights.join(key, self, self._landed):
            return caching.shared and plane.shared_answers.ask(key, self._found)
        self._patience = plane.loop.call_later(plane.deadlines(self.route).total, self._lose_patience)
        return True

    def go_alone(self) -> None:
        """Nobody waits for this one, nor this one for another."""
        self._calm()
        key, self._flight = self._flight, None
        if key is not None:
            self.plane.flights.leave(key, self)

    def keep_nothing(self) -> None:
        """The model is given up: its answer is not kept, and whoever waits for it goes his own way."""
        self.cached = self.recording = None
        flight, self._flight = self._flight, None
        if flight is not None:
            self.plane.flights.land(flight, None, again=True)

    def land(self, closed: Closed) -> None:
        """The request has ended: keeps its answer, and lets those have it that wait for it."""
        plane, answer = self.plane, None
        recording, self.recording = self.recording, None
        completed = closed.outcome == "completed"
        if completed and recording is not None:
            answer = recording.answer(closed.tokens, closed.finish_reason, plane.monotonic())
            if answer is not None and may_be_kept(answer):
                plane.cache.put(recording.key, answer)
                if recording.caching.shared:
                    model_id, generation = self.route.model.id, recording.caching.generation
                    plane.shared_answers.keep(recording.key, model_id, generation, answer)
        flight, self._flight = self._flight, None
        if flight is not None:
            # One that is too large to be kept is so for the next one, too: they need not wait for each other.
            plane.flights.land(flight, answer, again=not completed)

    def _found(self, answer: CachedAnswer | None) -> None:
        """What hosts share has been asked for: the answer is this one's and that of all who wait for it."""
        plane, flight = self.plane, self._flight
        if self.state is not State.ADMITTED or flight is None:
            return  # its client has left, and the next one is sent
        if answer is None or answer.maker.purged(plane.snapshots.current.purges):
            self.forward()
            return
        plane.cache.put(flight, answer)
        self._flight = None
        self._give_again(answer, "hit")
        plane.flights.land(flight, answer, again=False)

    def _landed(self, answer: CachedAnswer | None, first: bool) -> None:
        """Who asked the same has its answer, or has none: then this one is sent, and as the `first` waited for."""
        self._calm()
        if not first:
            self._flight = None
        if answer is None:
            # In a turn of the loop of its own: where each one fails at once, they do not call one another.
            self.plane.loop.call_soon(self.forward)
        else:
            self._give_again(answer, "coalesced")

    def _lose_patience(self) -> None:
        """The other one takes too long."""
        self.go_alone()
        self.forward()

    def _give_again(self, answer: CachedAnswer, how: Literal["hit", "coalesced"]) -> None:
        self.cached = how
        self.recording = None
        self.saved = answer.tokens
        if self.tariff is not None:
            answered = is_answered("completed", answer.status)
            self.saved_cost = cost_of(self.tariff.prices, answer.tokens, requests=answered)
            self.tariff = None  # nothing is to be paid
        self.plane.metrics.saved(self.route.model.alias, answer.tokens)
        self.replay(answer)

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
