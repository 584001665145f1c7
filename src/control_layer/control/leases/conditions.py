"""How deployments fare, as the gateways of this host last said."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from control_layer.contract.routing import Condition

__all__ = ["Conditions", "Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one gateway worker said of a deployment, and how long ago, in seconds."""

    worker_id: str
    condition: Condition
    age: float


class Conditions:
    """By worker and deployment. A worker that is gone says nothing any more."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: dict[str, dict[str, tuple[Condition, float]]] = {}

    def heard(self, worker_id: str, conditions: Iterable[Condition]) -> None:
        """A worker's news."""
        now = self._clock()
        said = self._said.setdefault(worker_id, {})
        for condition in conditions:
            said[condition.deployment_id] = (condition, now)

    def forget(self, worker_id: str) -> None:
        """The worker is gone."""
        self._said.pop(worker_id, None)

    def of(self, deployment_id: str) -> list[Seen]:
        """What is said of a deployment."""
        now = self._clock()
        return [
            Seen(worker_id, *(said[deployment_id][0], now - said[deployment_id][1]))
            for worker_id, said in self._said.items()
            if deployment_id in said
        ]
