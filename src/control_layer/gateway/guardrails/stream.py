"""A provider's event stream, checked on its way: events leave when all steps have let them go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from control_layer.gateway import errors
from control_layer.gateway.answers import EventAnswer
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.guardrails.gates import Gate
from control_layer.gateway.guardrails.speech import SpokenEvent
from control_layer.gateway.guardrails.steps import Deny, Redact
from control_layer.gateway.guardrails.table import Plan
from control_layer.gateway.guardrails.windows import Blocked, CannotLook, Downstream, Window
from control_layer.wire import EventStream, EventTooLarge, Header

if TYPE_CHECKING:
    from control_layer.gateway.attempt import Attempt
    from control_layer.gateway.exchange import Exchange

__all__ = ["GuardedEvents"]


class _Outlet:
    """Behind the last step."""

    __slots__ = ("ended", "out")

    def __init__(self) -> None:
        self.out: list[bytes] = []
        self.ended = False

    def feed(self, event: SpokenEvent) -> None:
        self.out.append(event.written())

    def end(self) -> None:
        self.ended = True


class GuardedEvents(EventAnswer):
    """Server-Sent Events through the answer's steps. What is held back when a stream breaks off never leaves."""

    __slots__ = ("_complete", "_events", "_first", "_gates", "_outlet", "_plan", "_stopped", "_windows")

    def __init__(self, exchange: Exchange, attempt: Attempt, plan: Plan, status: int, headers: list[Header]) -> None:
        self._plan = plan
        self._events = EventStream()
        self._outlet = _Outlet()
        self._complete = False
        """The provider has sent all of it."""
        self._stopped = False
        """Nothing more leaves."""
        self._gates: list[Gate] = []
        self._windows: list[tuple[Deny | Redact, Window]] = []
        first: Downstream = self._outlet
        for step in reversed(plan.answer):
            if isinstance(step, Deny | Redact):
                window = first = Window(step, first)
                self._windows.append((step, window))
            else:
                gate = first = Gate(exchange, step, first, self._refuse, self._leave)
                self._gates.append(gate)
        self._first = first
        super().__init__(exchange, attempt, status, headers)

    def _write(self, data: bytes) -> None:
        self._guard(data)
        self._leave()

    def _end(self, last: bytes) -> None:
        self._complete = True
        if last.strip():
            last += b"\n\n"  # some providers leave out the blank line that ends their last event
        self._guard(last)
        self._through(lambda: self._first.end())
        self._leave()

    def on_broken(self) -> None:
        super().on_broken()
        self._exchange.tokens_final = self._complete or self.terminated
        self._stop()

    def _guard(self, data: bytes) -> None:
        try:
            for event in self._events.feed(data):
                self._through(lambda event=event: self._first.feed(SpokenEvent(event)))  # type: ignore[misc]
        except EventTooLarge:
            self._refuse(errors.guardrail_cannot_look(self._plan.first.name, "answer"))

    def _through(self, move: Callable[[], None]) -> None:
        if self._stopped:
            return
        try:
            move()
        except CannotLook as blocked:
            self._count_blocked(blocked)
            self._refuse(errors.guardrail_cannot_look(blocked.row.name, "answer"))
        except Blocked as blocked:
            self._count_blocked(blocked)
            self._refuse(errors.guardrail_blocked(blocked.row.name, "answer"))
        except RecursionError:
            self._refuse(errors.guardrail_cannot_look(self._plan.first.name, "answer"))

    def _leave(self) -> None:
        """Sends what may leave; the end of it waits for the journal."""
        if self._stopped:
            return
        out, self._outlet.out = b"".join(self._outlet.out), []
        if self._outlet.ended:
            self._count_passed()
            self._stop()
            super()._end(out)
        elif out:
            super()._write(out)

    def _refuse(self, error: GatewayError) -> None:
        """The stream ends here; what was let go before is sent. The provider need not go on."""
        if self._stopped:
            return
        self._outlet.ended = False
        self._leave()
        self._stop()
        exchange, attempt = self._exchange, self._attempt
        attempt.cancel()
        exchange.settle(attempt, None if self._complete else error.code, learnt=self._complete)
        exchange.fail(error)

    def _stop(self) -> None:
        """Lets go of everything: the steps know each other."""
        self._stopped = True
        for gate in self._gates:
            gate.cancel()
        self._gates.clear()
        self._windows.clear()
        self._first = _Outlet()

    # -- counting ----------------------------------------------------------------------------------------------------

    def _count_blocked(self, blocked: Blocked) -> None:
        self._exchange.plane.metrics.guardrails.looked(blocked.row.kind, "answer", "blocked")

    def _count_passed(self) -> None:
        looked = self._exchange.plane.metrics.guardrails.looked
        for step, window in self._windows:
            for number, rail in enumerate(step.rails):
                looked(rail.row.kind, "answer", "redacted" if number in window.found else "passed")
