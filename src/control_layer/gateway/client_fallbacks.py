"""Models that a client names for when the one it asked for fails (`models` in its request), and the way to them.

Each of them is asked as if it had been the first: its own access check, limits, guardrails, budgets, prices, kept
answers and deployments. What was taken for a model that is given up is given back; the request stays one, with one row.
"""

from __future__ import annotations

from abc import abstractmethod

from control_layer.contract.pricing import NOTHING
from control_layer.gateway.admission import State
from control_layer.gateway.caching import Caching
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.policy.failover import Failure, may_move_on
from control_layer.gateway.routing import GivenUp

__all__ = ["ClientFallbacks"]


class ClientFallbacks(Caching):
    """A request that may go on to another model."""

    __slots__ = ()

    @abstractmethod
    def refuse(self, error: GatewayError) -> None:
        """Ends a request that was not let in, unless another model lets it in."""

    @abstractmethod
    def fail(self, error: GatewayError) -> None:
        """Ends an admitted request with an error."""

    @abstractmethod
    def ask_for(self, alias: str) -> None:
        """Asks a model to let the request in. Raises GatewayError where it does not, at once."""

    def ask_next(self) -> None:
        """Asks the next model that the client names."""
        self.plan = self.blocked = None
        alias, *self.alternatives = self.alternatives
        try:
            self.ask_for(alias)
        except GatewayError as error:
            self.refuse(error)

    def try_again(self, failure: Failure, status: int | None = None) -> bool:
        return super().try_again(failure, status) or (self.alternatives != () and self._moves_on(failure, status))

    def move_on(self) -> None:
        """Gives up the model that the request was let in for: the next one is asked."""
        self._retry = None
        if self.state is not State.ADMITTED:
            return
        attempt, self.attempt = self.attempt, None
        self.given_up = GivenUp(self.route, self.called, self.tariff, attempt)
        if attempt is not None:
            attempt.release()
        self._give_back()
        self.leave_route()
        self.state = State.CLAIMING
        self.ask_next()

    def come_back(self) -> bool:
        """Whether a model had let the request in before it asked for this one: then it ends as that one's."""
        before, self.given_up = self.given_up, None
        if before is None:
            return False
        self.route, self.called, self.tariff, self.attempt = before
        self.state = State.ADMITTED
        return True

    def enter_again(self) -> None:
        """Another model lets the request in, after one that did so before: it is on record."""
        self.given_up = None
        self.state = State.ADMITTED
        self.route_out()

    def _moves_on(self, failure: Failure, status: int | None) -> bool:
        """Whether the next model is asked after a failed attempt."""
        plane = self.plane
        late = plane.monotonic() - self.started >= plane.deadlines(self.route).total
        if self.responder.started or late or not may_move_on(self.route.fallback, failure, status):
            return False
        if not self.gives_up(failure):
            return False
        self._retry = plane.loop.call_later(0.0, self.move_on)
        return True

    def _give_back(self) -> None:
        """What the model that is given up has been given: nothing was used of it."""
        if self.reservation is not None:
            self.reservation.settle(NOTHING)
            self.reservation = None
        if self.permit is not None:
            self.permit.settle(0.0)
            self.permit = None
        if self.route.waste is not None:
            self.route.waste.settle(self.staked, NOTHING)
            self.staked = NOTHING
        if self.cached is not None:
            self.plane.metrics.looked_up(self.route.model.alias, self.cached)
            self.keep_nothing()
