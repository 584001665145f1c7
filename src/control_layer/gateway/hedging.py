"""Two attempts of one request at the same time: the first answer that is whole is the client's.

For short calls that may be made twice (`AiPath.repeatable`). While only one attempt is under way its answer takes the
usual path; once a second one has begun, both are kept until one of them is whole, or the other one has failed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from control_layer.contract.pricing import NOTHING
from control_layer.gateway.attempt import Attempt
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.policy.hedging import HedgePace
from control_layer.gateway.policy.limiter import Permit
from control_layer.gateway.policy.waste_limit import is_charged
from control_layer.gateway.upstream_errors import code_in, code_of, failure_of
from control_layer.gateway.waste import total, wasted_by
from control_layer.wire import ExchangeError, Header, TotalTimeout

if TYPE_CHECKING:
    from control_layer.gateway.exchange import Exchange

__all__ = ["Race"]

_MOST_KEPT_BYTES = 8 * 1024 * 1024
"""Of an answer whose other attempt is still under way: a longer one wins before it is whole."""
_OK_UNTIL = 300
_ERRORS_FROM = 400
_BROKEN_FROM = 500
_NOT_THE_REQUESTS = (401, 403, 429)


class _Runner:
    """Receives one attempt's response."""

    __slots__ = ("_bytes", "_race", "attempt", "head", "lane", "pieces")

    def __init__(self, race: Race, attempt: Attempt) -> None:
        self._race = race
        self.attempt = attempt
        self.lane: Permit | None = None
        """What it takes of the limits of its deployment, while there are two."""
        self.head: tuple[int, list[Header], int | None] | None = None
        self.pieces: list[bytes] = []
        self._bytes = 0

    def on_response(self, status: int, headers: list[Header], length: int | None) -> None:
        self._race.heard(self, status)
        if self._race.undecided:
            self.head = (status, headers, length)
        else:
            self.attempt.on_response(status, headers, length)

    def on_data(self, data: bytes) -> None:
        if not self._race.undecided:
            self.attempt.on_data(data)
            return
        self.pieces.append(data)
        self._bytes += len(data)
        if self._bytes > _MOST_KEPT_BYTES:
            self._race.won_by(self)

    def on_complete(self) -> None:
        if self._race.undecided and not self._race.decided_by(self):
            return
        self.attempt.on_complete()

    def on_error(self, error: ExchangeError) -> None:
        if self._race.undecided:
            self._race.lost_by(self, error)
        else:
            self.attempt.on_error(error)

    def pause_writing(self) -> None:
        self.attempt.pause_writing()

    def resume_writing(self) -> None:
        self.attempt.resume_writing()

    def catch_up(self) -> None:
        """What was kept takes the usual path."""
        head, self.head = self.head, None
        pieces, self.pieces = self.pieces, []
        if head is not None:
            self.attempt.on_response(*head)
            for piece in pieces:
                self.attempt.on_data(piece)


class Race:
    """One request's attempt, and another one where that takes too long."""

    __slots__ = ("_exchange", "_first", "_pace", "_second", "_timer", "undecided")

    def __init__(self, exchange: Exchange, pace: HedgePace, attempt: Attempt) -> None:
        self._exchange = exchange
        self._pace = pace
        self._first = _Runner(self, attempt)
        self._second: _Runner | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.undecided = False
        """Two attempts are under way."""

    def begin(self) -> None:
        """Sends the first attempt."""
        self._pace.begin()
        body = self._exchange.body_for(self._first.attempt)
        self._first.attempt.send(body, len(body), self._first)
        delay = self._pace.delay
        if delay is not None:
            self._timer = self._exchange.plane.loop.call_later(delay, self._hedge)

    def end(self) -> None:
        """The request has ended: so does an attempt that is still under way beside the one that is answered from."""
        self._calm()
        if self.undecided and self._second is not None:
            self.undecided = False
            self._give_up(self._second, "hedged")
            if self._second.lane is not None:
                self._second.lane.settle(0.0)
        self._second = None

    def heard(self, runner: _Runner, status: int) -> None:
        """The head of an answer came."""
        if status < _OK_UNTIL:
            self._pace.note(self._exchange.plane.monotonic() - runner.attempt.started)
        if not self.undecided:
            self._calm()

    # -- the second attempt ------------------------------------------------------------------------------------------

    def _hedge(self) -> None:
        """The first attempt has brought nothing for so long."""
        self._timer = None
        exchange = self._exchange
        if exchange.attempt is not self._first.attempt or exchange.attempt.settled:
            return
        found = exchange.hedge_upstream()
        if found is None:
            return
        target, upstream, lane = found
        if not (self._affordable() and self._pace.take()):
            if lane is not None:
                lane.cancel()
            return
        attempt = Attempt(exchange, target, upstream, self._first.attempt.place + 1)
        try:
            body = exchange.body_for(attempt)
        except GatewayError:  # its provider cannot be told what is asked
            attempt.teach(None, learnt=False)
            if lane is not None:
                lane.cancel()
            return
        self._second = _Runner(self, attempt)
        self._first.lane, self._second.lane = exchange.lane, lane
        self.undecided = True
        attempt.send(body, len(body), self._second)

    def _affordable(self) -> bool:
        """Whether a second attempt may waste what it can cost; that is staked then."""
        exchange = self._exchange
        limit = exchange.route.waste
        if limit is None:
            return True
        worst = NOTHING if exchange.tariff is None else exchange.worst_case(exchange.tariff)
        if not limit.allows(total(exchange.attempts), worst):
            return False
        limit.stake(worst)
        exchange.staked += worst
        return True

    # -- the end of the race -----------------------------------------------------------------------------------------

    def decided_by(self, runner: _Runner) -> bool:
        """Whether a whole answer decides the race. An error that the other deployment may not make does not."""
        assert runner.head is not None
        status, headers, _ = runner.head
        if status < _OK_UNTIL or (_ERRORS_FROM <= status < _BROKEN_FROM and status not in _NOT_THE_REQUESTS):
            self.won_by(runner)
            return True
        exchange, attempt = self._exchange, runner.attempt
        attempt.hear(status, headers)
        exchange.settle(attempt, None)
        exchange.note(attempt, error=code_in(b"".join(runner.pieces)) or "upstream_error")
        self._go_on_without(runner)
        return False

    def won_by(self, runner: _Runner) -> None:
        """Its answer is the client's."""
        other = self._other(runner)
        self._give_up(other, "hedged")
        self._go_on_without(other)

    def lost_by(self, runner: _Runner, error: ExchangeError) -> None:
        """It brings no answer: the other one is alone."""
        code, failure = code_of(error), failure_of(error)
        exchange, attempt = self._exchange, runner.attempt
        if failure is not None:
            attempt.upstream.failed(code, str(error), exchange.plane.monotonic())
        exchange.settle(attempt, code, learnt=failure is not None or isinstance(error, TotalTimeout))
        if failure is not None and is_charged(failure, None if runner.head is None else runner.head[0]):
            self._note_waste(attempt)
        self._go_on_without(runner)

    def _other(self, runner: _Runner) -> _Runner:
        assert self._second is not None
        return self._second if runner is self._first else self._first

    def _give_up(self, runner: _Runner, code: str) -> None:
        """The provider works for nobody: it is likely to charge for the request."""
        runner.attempt.drop()
        self._exchange.settle(runner.attempt, code, learnt=False)
        self._note_waste(runner.attempt)

    def _note_waste(self, attempt: Attempt) -> None:
        exchange = self._exchange
        waste = wasted_by(exchange, None, None)
        exchange.note(attempt, wasted=waste.tokens, wasted_cost=waste.cost)
        if exchange.route.waste is not None and waste.cost is not None:
            exchange.route.waste.settle(NOTHING, waste.cost)

    def _go_on_without(self, gone: _Runner) -> None:
        """One attempt is left."""
        self.undecided = False
        gone.attempt.release()
        left, exchange = self._other(gone), self._exchange
        exchange.attempt = left.attempt
        exchange.lane = left.lane
        if gone.lane is not None:
            gone.lane.settle(0.0)
        gone.lane = left.lane = None
        left.catch_up()

    def _calm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
