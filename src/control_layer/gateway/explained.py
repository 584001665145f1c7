"""A request that is explained instead of sent: the same decisions, taken by the same code, and told."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from control_layer.contract.explanation import (
    BudgetStanding,
    DeploymentStanding,
    Explanation,
    GuardrailStanding,
    HedgingStanding,
    LimitStanding,
    PassedOver,
    Price,
    WasteStanding,
)
from control_layer.contract.guardrails import Guardrail
from control_layer.contract.pricing import Tariff
from control_layer.contract.snapshot import SYSTEM_USER
from control_layer.gateway import errors
from control_layer.gateway.abilities import check_abilities
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.exchange import Exchange, State
from control_layer.gateway.policy.balancing import Target
from control_layer.gateway.policy.failover import attempts_allowed
from control_layer.gateway.policy.gate import Gate
from control_layer.gateway.policy.key_defaults import is_default
from control_layer.gateway.policy.waste_limit import WasteLimit
from control_layer.gateway.reasoning import check_effort
from control_layer.gateway.recording import boundary_for, cache_key
from control_layer.gateway.refusals import limit_refusal

__all__ = ["ExplainedExchange"]

_NOTHING = Decimal(0)
_encode = msgspec.json.Encoder().encode


class ExplainedExchange(Exchange):
    """Comes with the system key and names the key that it stands for. Nothing is taken, sent or recorded."""

    __slots__ = ("_known", "_passed_over", "_tokens", "_wanted")

    def begin(self) -> None:
        self._known = False
        """Whether it is clear whose request it is."""
        self._tokens: int | None = None
        """How many tokens it would come to, roughly; set once it may call its model."""
        self._wanted = ""
        """The alias that is looked at."""
        self._passed_over: list[PassedOver] = []
        super().begin()

    def _look_up(self, secret: bytes) -> None:
        super()._look_up(secret)
        self._stand_in()

    def _stand_in(self) -> None:
        """Takes the named key's place. Raises GatewayError."""
        if self.key.user_id != SYSTEM_USER:
            raise errors.may_not_explain()
        snapshot = self.plane.snapshots.current
        # Looked for among all: nobody but the control plane asks, and seldom.
        named = next((key for key in snapshot.keys.values() if key.id == self.head.explains and not key.previous), None)
        user = snapshot.users.get(named.user_id) if named is not None else None
        if named is None or user is None:
            raise errors.key_not_in_force()
        self.key, self.user = named, user
        self._known = True

    def ask_for(self, alias: str) -> None:
        """As always, but for what that takes. Raises GatewayError."""
        self._wanted, self._tokens = alias, None
        self.authorise(alias)
        if self.plane.config.validate_capabilities:
            check_abilities(self)
        if self.route.translates_efforts:
            check_effort(self)
        plane, route = self.plane, self.route
        self._tokens = self.likely_tokens()
        self.tariff = route.tariff_for(self.key.purpose, self.head.completion_window)
        self.route_out()
        self.check_servable()
        refused = plane.limiter.refusal(self._gates(), self._tokens)
        if refused is not None:
            raise limit_refusal(refused, [])
        self._claim_budgets()

    def enter(self) -> None:
        """Its budgets allow it: what was set aside of them is given back."""
        if self.reservation is not None:
            self.reservation.settle(_NOTHING)
        now = self.plane.monotonic()
        order, full = self._sequence(now, self._tokens or 0)
        if order:
            self._tell(None)
        else:
            self.refuse(errors.deployments_full() if full else self._nobody(now))

    def refuse(self, error: GatewayError) -> None:
        """What keeps the request out is the explanation, once it is known whose request it is."""
        if self.state is State.REFUSED:
            return
        if not self._known:
            super().refuse(error)
        elif self.alternatives:
            self._passed_over.append(PassedOver(self._wanted, error.status, error.code, error.message))
            self.ask_next()
        else:
            self._tell(error)

    def _tell(self, error: GatewayError | None) -> None:
        told = Explanation(
            allowed=error is None,
            status=200 if error is None else error.status,
            code=None if error is None else error.code,
            message=None if error is None else error.message,
            user_id=self.user.id,
            key_id=self.key.id,
            model=None if self.envelope is None else self.envelope.model,
            passed_over=self._passed_over,
            alternatives=[*self.alternatives],
        )
        if self._tokens is not None:
            self._detail(told, self._tokens)
        self.state = State.REFUSED
        self.body = b""
        headers = self.answer_headers([(b"content-type", b"application/json")])
        self.responder.respond(200, headers, _encode(told))

    def _detail(self, told: Explanation, tokens: int) -> None:
        """All that is looked at, not only what keeps it out."""
        route, tariff, plan = self.route, self.tariff, self.guardrails()
        now = self.plane.monotonic()
        worst = _NOTHING if tariff is None else self.worst_case(tariff)
        told.answers = route.model.alias
        told.groups = sorted(route.groups.intersection(self.user.groups))
        told.estimated_tokens = tokens
        told.price = None if tariff is None else _price(tariff, worst)
        told.guardrails = [] if plan is None else [_guardrail(row) for row in plan.rows]
        told.limits = [_limit(gate, tokens, now) for gate in self._gates().all]
        told.budgets = self._budgets(worst)
        told.deployments = self._deployments(now, tokens)
        told.strategy, told.sticky = route.balancing.strategy, route.balancing.sticky
        if route.model.caching is not None:
            kept = plan is None and cache_key(self, route.model.caching) is not None
            told.caching = (boundary_for(self.key, route.model.caching) if kept else None) or "bypass"
        told.attempts = attempts_allowed(route.fallback, len(told.deployments))
        told.retries_at_hand = self.plane.retries.left
        streams = self.envelope is not None and self.envelope.streaming
        told.waste = None if route.waste is None else _waste(route.waste, worst)
        if route.hedging is not None and self.path.repeatable and not streams:
            told.hedging = HedgingStanding(after_seconds=route.hedging.delay, at_hand=route.hedging.left)

    def _budgets(self, worst: Decimal) -> list[BudgetStanding]:
        budgets = self.plane.snapshots.current.budgets_of(self.key, self.user, self.route.model)
        return [
            BudgetStanding(
                id=budget.id,
                name=budget.name,
                scope=budget.scope,
                amount=str(budget.amount),
                enforcement=budget.enforcement,
                at_hand=str(at_hand),
                enough=enough,
            )
            for budget, (at_hand, enough) in zip(budgets, self.plane.purse.standing(budgets, worst), strict=True)
        ]

    def _sequence(self, now: float, tokens: int) -> tuple[dict[str, int], set[str]]:
        """Which deployments would be asked, each with its place, and which are passed over for limits of their own."""
        order: dict[str, int] = {}
        full: set[str] = set()
        limits, limiter = self.plane.snapshots.current.limits, self.plane.limiter
        while (target := self._pick(now, full.union(order))) is not None:
            lane = self._lane_of(target, limits)
            if lane is None or limiter.has_room(lane, tokens):
                order[target.deployment.id] = len(order) + 1
            else:
                full.add(target.deployment.id)
        return order, full

    def _deployments(self, now: float, tokens: int) -> list[DeploymentStanding]:
        order, full = self._sequence(now, tokens)
        limits = self.plane.snapshots.current.limits
        found = []
        for target in self._targets:
            lane = self._lane_of(target, limits)
            own = [] if lane is None else [_limit(gate, tokens, now) for gate in lane.all]
            found.append(_standing(target, order, now, full=target.deployment.id in full, limits=own))
        return found


def _price(tariff: Tariff, worst: Decimal) -> Price:
    prices = tariff.prices
    return Price(
        tariff_id=tariff.id,
        input_price_per_token=str(prices.input),
        output_price_per_token=str(prices.output),
        at_most=str(worst),
    )


def _guardrail(row: Guardrail) -> GuardrailStanding:
    return GuardrailStanding(id=row.id, name=row.name, kind=row.kind, stage=row.stage)


def _limit(gate: Gate, tokens: int, now: float) -> LimitStanding:
    limit = gate.limit
    takes = float(tokens) if gate.of_tokens else 1.0
    return LimitStanding(
        id=None if is_default(limit.id) else limit.id,
        name=limit.name,
        inherited=is_default(limit.id),
        scope=limit.scope,
        kind=limit.kind,
        amount=limit.amount,
        seconds=limit.seconds,
        remaining=gate.remaining(now),
        takes=takes,
        wait_seconds=gate.wait(takes, now),
        waiting=gate.queue.size,
    )


def _waste(limit: WasteLimit, worst: Decimal) -> WasteStanding:
    left = limit.left
    return WasteStanding(
        max_wasted_cost=str(limit.most),
        left=None if left is None else str(left),
        attempt_at_most=str(worst),
        affordable=limit.allows(_NOTHING, worst),
    )


def _standing(
    target: Target, order: dict[str, int], now: float, *, full: bool, limits: list[LimitStanding]
) -> DeploymentStanding:
    deployment, health = target.deployment, target.health
    return DeploymentStanding(
        id=deployment.id,
        endpoint_id=deployment.endpoint_id,
        upstream_model=deployment.upstream_model,
        weight=deployment.weight,
        order=order.get(deployment.id),
        state=health.state(now),
        failing=deployment.failing,
        failures=health.failures,
        in_flight=health.in_flight,
        latency_seconds=health.latency or None,
        ready_in_seconds=max(0.0, health.ready_at - now) if not health.ready(now) else 0.0,
        full=full,
        limits=limits,
    )
