"""Which of a route's deployments is asked next."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterable, Sequence

from control_layer.contract.routing import Balancing, Strategy
from control_layer.contract.snapshot import Deployment
from control_layer.gateway.policy.health import Health

__all__ = ["Target", "choose", "eligible"]

_DRAWS = 2**64


class Target:
    """A deployment and how it fares."""

    __slots__ = ("deployment", "health")

    def __init__(self, deployment: Deployment, health: Health) -> None:
        self.deployment = deployment
        self.health = health


def eligible(targets: Iterable[Target], now: float, tried: Container[str]) -> list[Target]:
    """Those that may be asked and are not among the ids in `tried`. Where there is a choice, none that its provider
    limits or its probe finds broken.
    """
    awake = [target for target in targets if target.deployment.id not in tried and not target.health.rests(now)]
    if len(awake) < 2:
        return awake
    ready = [target for target in awake if target.health.ready(now)] or awake
    return [target for target in ready if not target.deployment.failing] or ready


def choose(
    targets: Iterable[Target],
    rules: Balancing,
    now: float,
    random: Callable[[], float],
    *,
    identity: str | None = None,
    tried: Container[str] = (),
) -> Target | None:
    """The next one to ask; `None` where none may be asked.

    `identity` names whose requests belong together, where they do.
    """
    ready = eligible(targets, now, tried)
    if len(ready) < 2:
        return ready[0] if ready else None
    if rules.canary is not None:
        canary = [target for target in ready if target.deployment.id == rules.canary]
        if canary:
            drawn = random() if identity is None else _drawn(identity, "canary")
            if drawn * 100.0 < rules.canary_percent:
                return canary[0]
            ready.remove(canary[0])
    if identity is not None:
        # Rendezvous hashing (Thaler and Ravishankar, 1998): who comes or goes moves only its own share.
        return max(ready, key=lambda target: _weighted(target, _drawn(identity, target.deployment.id)))
    return _by_strategy(rules.strategy, ready, random)


def _by_strategy(strategy: Strategy, ready: Sequence[Target], random: Callable[[], float]) -> Target:
    if strategy == "priority":
        return ready[0]
    if strategy == "least_busy":
        return min(ready, key=lambda target: (target.health.in_flight / max(target.deployment.weight, 0.1), random()))
    if strategy == "lowest_latency":
        # Unknown is 0, so that everybody is tried. Of two drawn the faster one (Mitzenmacher, 2001): not all at once to
        # the fastest, and a slow one is looked at again.
        pair = sorted(ready, key=lambda _: random())[:2]
        return min(pair, key=lambda target: target.health.latency)
    return max(ready, key=lambda target: _weighted(target, random()))


def _weighted(target: Target, drawn: float) -> float:
    """The largest `drawn ** (1 / weight)` falls by weight (Efraimidis and Spirakis, 2006); weight 0 comes last."""
    weight = target.deployment.weight
    return drawn ** (1.0 / weight) if weight > 0 else drawn - 1.0


def _drawn(identity: str, of: str) -> float:
    """The same number in [0, 1) for the same two, in every process."""
    digest = hashlib.blake2b(f"{identity}\0{of}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / _DRAWS
