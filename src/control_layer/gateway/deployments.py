"""The deployments that this worker sends to, and how each of them fares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from control_layer.contract.routing import Breaker, Condition
from control_layer.contract.snapshot import Deployment
from control_layer.gateway.policy.balancing import Target
from control_layer.gateway.policy.health import Health
from control_layer.gateway.snapshot import Route

__all__ = ["Deployments"]

_BREAKER = Breaker()


class Deployments:
    """What was learnt of a deployment holds for all routes that it is in, and outlives changes of their rows."""

    __slots__ = ("_health", "_places", "_told")

    def __init__(self) -> None:
        self._health: dict[str, Health] = {}
        self._places: dict[str, str] = {}
        """The endpoint's id, by the deployment's."""
        self._told: dict[str, Condition] = {}

    def of(self, route: Route) -> tuple[Target, ...]:
        """A route's targets, in their order."""
        targets = route.targets
        if targets is None:
            targets = route.targets = self.targets(route.model.deployments)
        return targets

    def targets(self, deployments: Iterable[Deployment]) -> tuple[Target, ...]:
        """Deployments with their health."""
        return tuple(Target(deployment, self._health_of(deployment)) for deployment in deployments)

    def retain(self, routes: Iterable[Route]) -> None:
        """Forgets those that no route leads to any more."""
        known: set[str] = set()
        for route in routes:
            model = route.model
            known.update(deployment.id for deployment in (*model.deployments, *model.overflow, *model.refusal))
        for gone in self._health.keys() - known:
            del self._health[gone], self._places[gone]

    def resting(self, now: float) -> Counter[tuple[str, str]]:
        """How many are not as they should be, by endpoint id and state."""
        states = ((self._places[id_], health.state(now)) for id_, health in self._health.items())
        return Counter((place, state) for place, state in states if state != "closed")

    def news(self, now: float) -> tuple[Condition, ...]:
        """How those fare that are asked, or rest; what was told before is told again only where it has changed."""
        found: dict[str, Condition] = {}
        for id_, health in self._health.items():
            state = health.state(now)
            wait = max(0.0, health.ready_at - now) if state != "closed" else 0.0
            found[id_] = Condition(id_, state, health.failures, health.in_flight, health.latency, wait)
        changed = tuple(condition for id_, condition in found.items() if self._told.get(id_) != condition)
        self._told = found
        return changed

    def tell_again(self) -> None:
        """Whoever was told is gone."""
        self._told = {}

    def _health_of(self, deployment: Deployment) -> Health:
        breaker = deployment.breaker or _BREAKER
        health = self._health.get(deployment.id)
        if health is None:
            health = self._health[deployment.id] = Health(breaker)
        self._places[deployment.id] = deployment.endpoint_id
        health.breaker = breaker
        return health
