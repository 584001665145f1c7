"""A request that is explained instead of sent: the same decisions, taken by the same code, and told."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from control_layer.contract.explanation import (
    BudgetStanding,
    DeploymentStanding,
    Explanation,
    GuardrailStanding,
    LimitStanding,
    Price,
)
from control_layer.contract.snapshot import SYSTEM_USER
from control_layer.gateway import errors
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.exchange import Exchange, State
from control_layer.gateway.policy.balancing import Target
from control_layer.gateway.policy.failover import attempts_allowed
from control_layer.gateway.policy.gate import Gate

__all__ = ["ExplainedExchange"]

_NOTHING = Decimal(0)
_encode = msgspec.json.Encoder().encode


class ExplainedExchange(Exchange):
    """Comes with the system key and names the key that it stands for. Nothing is taken, sent or recorded."""

    __slots__ = ("_known",)

    def begin(self) -> None:
        self._known = False
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

    def on_end(self) -> None:
        if self.state is not State.READING:
            return
        try:
            self._tell(self._explain(self.read_body()))
        except GatewayError as error:
            self.refuse(error)

    def refuse(self, error: GatewayError) -> None:
        """What keeps the request out is the explanation, once it is known whose request it is."""
        if self.state is not State.READING:
            return
        if self._known:
            self._tell(self._outline(error))
        else:
            super().refuse(error)

    def _tell(self, explanation: Explanation) -> None:
        self.state = State.REFUSED
        self.body = b""
        headers = self.answer_headers([(b"content-type", b"application/json")])
        self.responder.respond(200, headers, _encode(explanation))

    def _outline(self, error: GatewayError | None) -> Explanation:
        return Explanation(
            allowed=error is None,
            status=200 if error is None else error.status,
            code=None if error is None else error.code,
            message=None if error is None else error.message,
            user_id=self.user.id,
            key_id=self.key.id,
            model=None if self.envelope is None else self.envelope.model,
        )

    def _explain(self, alias: str) -> Explanation:
        """Raises GatewayError where the model may not be called at all."""
        self.authorise(alias)
        plane, route = self.plane, self.route
        snapshot = plane.snapshots.current
        now = plane.monotonic()
        tokens = self.likely_tokens()
        self.route_out()
        price = self._price()
        gates = plane.limiter.gates(snapshot.limits_of(self.key, self.user, route.model))
        limits = [_limit(gate, tokens, now) for gate in gates]
        budgets = self._budgets(_NOTHING if self.tariff is None else self.worst_case(self.tariff))
        deployments = self._deployments(now)
        told = self._outline(self._obstacle(limits, budgets, deployments))
        told.answers = route.model.alias
        told.groups = sorted(route.groups.intersection(self.user.groups))
        told.estimated_tokens = tokens
        told.price = price
        told.guardrails = self._guardrails()
        told.limits, told.budgets, told.deployments = limits, budgets, deployments
        told.strategy, told.sticky = route.balancing.strategy, route.balancing.sticky
        told.attempts = attempts_allowed(route.fallback, len(deployments))
        return told

    def _obstacle(
        self, limits: list[LimitStanding], budgets: list[BudgetStanding], deployments: list[DeploymentStanding]
    ) -> GatewayError | None:
        """What would keep it out, in the order in which it is looked at."""
        if self.route.priced and self.user.credit_spent:
            return errors.credit_spent()
        if self.plane.journal.failing:
            return errors.journal_full()
        reached = next((limit for limit in limits if limit.wait_seconds > 0), None)
        if reached is not None:
            code = "concurrency_limit_exceeded" if reached.kind == "concurrency" else "rate_limit_exceeded"
            return errors.limit_reached(code, f"The limit '{reached.name}' is reached.", ())
        spent = next((budget for budget in budgets if not budget.enough and budget.enforcement != "alert"), None)
        if spent is not None:
            text = f"The budget '{spent.name}' has nothing at hand here; the control plane is asked for more."
            return GatewayError(402, "insufficient_quota", "insufficient_quota", text)
        if all(deployment.order is None for deployment in deployments):
            return errors.model_resting(min((each.ready_in_seconds for each in deployments), default=0.0))
        return None

    def _price(self) -> Price | None:
        self.tariff = tariff = self.route.tariff_for(self.key.purpose, self.head.completion_window)
        if tariff is None:
            return None
        prices = tariff.prices
        return Price(
            tariff_id=tariff.id,
            input_price_per_token=str(prices.input),
            output_price_per_token=str(prices.output),
            at_most=str(self.worst_case(tariff)),
        )

    def _budgets(self, worst: Decimal) -> list[BudgetStanding]:
        found = self.plane.snapshots.current.budgets_of(self.key, self.user, self.route.model)
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
            for budget, (at_hand, enough) in zip(found, self.plane.purse.standing(found, worst), strict=True)
        ]

    def _guardrails(self) -> list[GuardrailStanding]:
        guardrails = self.plane.snapshots.current.guardrails
        plan = None if guardrails is None else guardrails.plan_for(self.called, self.route.model.id, self.user)
        rows = () if plan is None else plan.rows
        return [GuardrailStanding(id=row.id, name=row.name, kind=row.kind, stage=row.stage) for row in rows]

    def _deployments(self, now: float) -> list[DeploymentStanding]:
        order: dict[str, int] = {}
        while (target := self._pick(now, order)) is not None:
            order[target.deployment.id] = len(order) + 1
        return [_standing(target, order, now) for target in self._targets]


def _limit(gate: Gate, tokens: int, now: float) -> LimitStanding:
    limit = gate.limit
    takes = float(tokens) if gate.of_tokens else 1.0
    return LimitStanding(
        id=limit.id,
        name=limit.name,
        scope=limit.scope,
        kind=limit.kind,
        amount=limit.amount,
        seconds=limit.seconds,
        remaining=gate.remaining(now),
        takes=takes,
        wait_seconds=gate.wait(takes, now),
        waiting=gate.queue.size,
    )


def _standing(target: Target, order: dict[str, int], now: float) -> DeploymentStanding:
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
    )
