"""The deployments that this worker sends to, and how each of them fares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from control_layer.contract.routing import Breaker
from control_layer.contract.snapshot import Deployment
from control_layer.gateway.policy.balancing import Target
from control_layer.gateway.policy.health import Health
from control_layer.gateway.snapshot import Route

__all__ = ["Deployments"]

_BREAKER = Breaker()


class Deployments:
    """What was learnt of a deployment holds for all routes that it is in, and outlives changes of their rows."""

    __slots__ = ("_health",)

    def __init__(self) -> None:
        self._health: dict[str, Health] = {}

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
        self._health = {id_: health for id_, health in self._health.items() if id_ in known}

    def __iter__(self) -> Iterator[tuple[str, Health]]:
        """Ids, with how they fare."""
        return iter(self._health.items())

    def _health_of(self, deployment: Deployment) -> Health:
        breaker = deployment.breaker or _BREAKER
        health = self._health.get(deployment.id)
        if health is None:
            health = self._health[deployment.id] = Health(breaker)
        health.breaker = breaker
        return health
