"""May it come in now? The last door before a request counts: its limits, and what its budgets have left."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from control_layer.contract.pricing import Tariff
from control_layer.gateway import errors
from control_layer.gateway.entrance import Entrance
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.head import Head, KeptGates
from control_layer.gateway.policy.gate import Gates
from control_layer.gateway.policy.limiter import Permit, Refused, Turn
from control_layer.gateway.policy.purse import Claim, Refusal, Reservation
from control_layer.gateway.rate_limit_headers import rate_limit_headers
from control_layer.gateway.refusals import budget_refusal, limit_refusal
from control_layer.wire import Request, Responder

if TYPE_CHECKING:
    from control_layer.gateway.data_plane import DataPlane
    from control_layer.gateway.guardrails.request import RequestCheck
    from control_layer.gateway.guardrails.table import Plan

__all__ = ["Admission", "State"]

_CLAIM_SECONDS = 2.0
"""How long the control plane may take to say whether a budget has enough left."""
_NOTHING = Decimal(0)


class State(Enum):
    """Where a request is. It moves downwards only, unless it was let in and goes on to another model."""

    READING = "reading"
    """The request is on its way in."""
    RECALLING = "recalling"
    """It waits to hear what was said before."""
    CHECKING = "checking"
    """Its guardrails look at it."""
    CLAIMING = "claiming"
    """It waits for its turn, or for the control plane's word whether its budgets have enough left."""
    REFUSED = "refused"
    """Answered, or left, without having been let in: nothing to account for."""
    ADMITTED = "admitted"
    """`Opened` is queued or written."""
    CLOSED = "closed"
    """`Closed` is queued or written; only the last piece of the answer may still leave."""


class Admission(Entrance, ABC):
    """A request that is known and allowed: `admit` lets it in, at once or when it is checked and money set aside."""

    __slots__ = (
        "_claim", "_late", "_turn", "_worst", "blocked", "checking", "estimate", "permit", "plan", "reservation",
        "state", "streaming", "tariff",
    )  # fmt: skip

    def __init__(self, plane: DataPlane, request: Request, responder: Responder, head: Head) -> None:
        super().__init__(plane, request, responder, head)
        self.state = State.READING
        self.streaming = False
        """Whether the client asked for a stream."""
        self.tariff: Tariff | None = None
        """What its tokens cost; `None` for a free model."""
        self.reservation: Reservation | None = None
        """What is set aside of the budgets that it counts in."""
        self.permit: Permit | None = None
        """What it takes of the limits that it falls under."""
        self.estimate = 0
        """How many tokens it will come to, roughly, where a limit is of tokens."""
        self._turn: Turn | None = None
        self.plan: Plan | None = None
        """The guardrails that hold for it."""
        self.checking: RequestCheck | None = None
        """Under way."""
        self.blocked: GatewayError | None = None
        """What a guardrail has to say against it."""
        self._claim: Claim | None = None
        self._late: asyncio.TimerHandle | None = None
        self._worst = _NOTHING

    @abstractmethod
    def enter(self) -> None:
        """The request is let in: from here on it ends in one accounting row."""

    @abstractmethod
    def refuse(self, error: GatewayError) -> None:
        """Ends a request that was not let in."""

    @abstractmethod
    def check(self, plan: Plan) -> None:
        """Has the guardrails look at it; ends with a call of `checked`."""

    @abstractmethod
    def worst_case(self, tariff: Tariff) -> Decimal:
        """The most that the request can cost."""

    @abstractmethod
    def likely_tokens(self) -> int:
        """How many tokens it will come to, roughly."""

    def admit(self, *, stream: bool) -> None:
        """Lets the request in, now, in its turn, or when its budgets allow it. Raises GatewayError where it stays out:
        402 without credit, 429 over a limit.
        """
        plane, route = self.plane, self.route
        self.check_servable()
        self.streaming = stream
        self.tariff = route.tariff_for(self.key.purpose, self.head.completion_window)
        if (plane.snapshots.current.limits or plane.key_defaults is not None) and (gates := self._gates()).all:
            if gates.token_buckets:
                self.estimate = self.likely_tokens()
            outcome = plane.limiter.admit(gates, self.estimate, line=self.key.id, then=self._in_turn)
            if isinstance(outcome, Turn):
                self.state = State.CLAIMING
                self._turn = outcome
                self._late = plane.loop.call_later(outcome.seconds, self._turn_late)
                return
            if isinstance(outcome, Refused):
                raise self._over(outcome)
            self.permit = outcome
        snapshot = plane.snapshots.current
        if snapshot.guardrails is None and not snapshot.budgets:
            self.enter()
        else:
            self._look()

    def check_servable(self) -> None:
        """What no limit or budget decides. Raises GatewayError: 402 without credit, 503 where the request cannot be
        accounted for, 404 for a model that nobody serves.
        """
        if self.route.priced and self.user.credit_spent:
            raise errors.credit_spent()
        if self.plane.journal.failing:
            raise errors.journal_full()
        if not self.route.model.deployments:
            raise errors.no_deployment()

    def guardrails(self) -> Plan | None:
        """Those that hold for the request, if there are any."""
        guardrails = self.plane.snapshots.current.guardrails
        return None if guardrails is None else guardrails.plan_for(self.called, self.route.model.id, self.user)

    def _look(self) -> None:
        """Has the guardrails look at the request, where there are any."""
        plan = self.guardrails()
        if plan is None:
            self._claim_budgets()
            return
        self.plan = plan
        self.state = State.CHECKING
        self.check(plan)

    def checked(self, error: GatewayError | None) -> None:
        """The guardrails are done. What they block is let in all the same, to end with `error` and its row."""
        self.checking = None
        self.blocked = error
        self._claim_budgets()

    def _claim_budgets(self) -> None:
        plane = self.plane
        snapshot = plane.snapshots.current
        budgets = snapshot.budgets_of(self.key, self.user, self.route.model) if snapshot.budgets else None
        if not budgets:
            self.enter()
            return
        self.state = State.CLAIMING
        self._worst = _NOTHING if self.tariff is None else self.worst_case(self.tariff)
        self._claim = plane.purse.claim(budgets, self._worst, self._claimed)
        if self._claim is not None:
            self._late = plane.loop.call_later(_CLAIM_SECONDS, self._claim_late)

    def withdraw(self) -> None:
        """Nobody waits any more for the request to be let in."""
        if self._turn is not None:
            self.plane.limiter.give_up(self._turn)
        if self.permit is not None:
            self.permit.cancel()
            self.permit = None
        if self.checking is not None:
            self.checking.cancel()
            self.checking = None
        if self._claim is not None:
            self.plane.purse.give_up(self._claim)
        self._forget_claim()

    def _claimed(self, outcome: Reservation | Refusal) -> None:
        """The budgets allow the request, or do not."""
        self._forget_claim()
        if isinstance(outcome, Refusal):
            self.withdraw()
            self.refuse(budget_refusal(outcome, self._worst))
            return
        self.reservation = outcome
        self.enter()

    def _claim_late(self) -> None:
        if self._claim is not None:
            self._claimed(self.plane.purse.give_up(self._claim))

    def _in_turn(self, outcome: Permit | Refused) -> None:
        """Others have ended: the request's turn has come."""
        self._forget_claim()
        if isinstance(outcome, Refused):
            self.refuse(self._over(outcome))
            return
        self.permit = outcome
        self._look()

    def _turn_late(self) -> None:
        if self._turn is not None:
            self._in_turn(self.plane.limiter.give_up(self._turn))

    def _gates(self) -> Gates:
        """Those of the limits that the request falls under: mostly those of the last one on its connection."""
        plane, route, head = self.plane, self.route, self.head
        snapshot, limiter = plane.snapshots.current, plane.limiter
        kept = head.gates
        if (
            kept is not None
            and kept.route is route
            and kept.version == snapshot.version
            and kept.epoch == limiter.epoch
        ):
            return kept.gates
        limits = snapshot.limits_of(self.key, self.user, route.model)
        if plane.key_defaults is not None:
            default = plane.key_defaults.limit_of(self.key, self.user, limits)
            if default is not None:
                limits.append(default)
        gates = limiter.gates(limits)
        head.gates = KeptGates(snapshot.version, limiter.epoch, route, gates)
        return gates

    def _over(self, refused: Refused) -> GatewayError:
        """The answer that a limit is reached, and how it stands with all of them."""
        plane = self.plane
        gates = self._gates()
        for gate in gates.all:
            gate.shown_at = -1.0  # here it must be as it is
        plane.metrics.limited[refused.limit.kind, refused.limit.scope] += 1
        headers = rate_limit_headers(gates, plane.monotonic(), plane.wall() if self.anthropic else None)
        return limit_refusal(refused, headers)

    def _forget_claim(self) -> None:
        self._turn = None
        self._claim = None
        if self._late is not None:
            self._late.cancel()
            self._late = None
