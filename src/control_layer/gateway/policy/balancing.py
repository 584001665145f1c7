"""Which of a route's deployments is asked next."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterable, Sequence
from math import inf, log
from zlib import crc32

from control_layer.contract.routing import Balancing, Strategy
from control_layer.contract.snapshot import Deployment
from control_layer.gateway.policy.gate import Gates
from control_layer.gateway.policy.health import Health

__all__ = ["Target", "choose", "eligible", "preferred"]

_DRAWS = 2**64
_MASK = _DRAWS - 1
_CANARY_SEED = 0x63616E617279
_TIE = 1e-9


class Target:
    """A deployment and how it fares."""

    __slots__ = ("deployment", "gates", "health", "inverse_weight", "seed")

    def __init__(self, deployment: Deployment, health: Health) -> None:
        self.deployment = deployment
        self.health = health
        self.inverse_weight = 1.0 / deployment.weight if deployment.weight > 0 else 1e9
        """One without weight comes last."""
        self.gates: tuple[object, int, Gates] | None = None
        """Those of its own limits: the limits, the limiter's epoch, and the gates."""
        self.seed = int.from_bytes(hashlib.blake2b(deployment.id.encode(), digest_size=8).digest())

    def free(self, now: float) -> bool:
        """Whether nothing speaks against asking it."""
        return self.health.ready(now) and not self.deployment.failing


def eligible(targets: Iterable[Target], now: float, tried: Container[str]) -> list[Target]:
    """Those that may be asked and are not among the ids in `tried`. Where there is a choice, none that its provider
    limits or its probe finds broken.
    """
    awake: list[Target] = []
    choosy = False
    for target in targets:
        if target.health.rests(now) or target.deployment.id in tried:
            continue
        awake.append(target)
        choosy = choosy or target.deployment.failing or target.health.limited_until > now
    if not choosy or len(awake) < 2:
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
    return _among(ready, rules, random, identity)


def preferred(targets: Iterable[Target], rules: Balancing, identity: str) -> Target:
    """Whom `choose` chooses for somebody as long as that one is free."""
    return _among(list(targets), rules, lambda: 0.0, identity)


def _among(ready: list[Target], rules: Balancing, random: Callable[[], float], identity: str | None) -> Target:
    key = None if identity is None else crc32(identity.encode())
    if rules.canary is not None:
        canary = next((target for target in ready if target.deployment.id == rules.canary), None)
        if canary is not None:
            drawn = random() if key is None else _drawn(key, _CANARY_SEED)
            if drawn * 100.0 < rules.canary_percent:
                return canary
            ready.remove(canary)
            if len(ready) == 1:
                return ready[0]
    if key is None:
        return _by_strategy(rules.strategy, ready, random)
    # Rendezvous hashing (Thaler and Ravishankar, 1998): who comes or goes moves only its own share.
    best, least = ready[0], inf
    for target in ready:
        score = -log(_drawn(key, target.seed)) * target.inverse_weight
        if score < least:
            best, least = target, score
    return best


def _by_strategy(strategy: Strategy, ready: Sequence[Target], random: Callable[[], float]) -> Target:
    if strategy == "priority":
        return ready[0]
    if strategy == "lowest_latency":
        # Unknown is 0, so that everybody is tried. Of two drawn the faster one (Mitzenmacher, 2001): not all at once to
        # the fastest, and a slow one is looked at again.
        pair = sorted(ready, key=lambda _: random())[:2]
        return min(pair, key=lambda target: target.health.latency)
    best, least = ready[0], inf
    for target in ready:
        if strategy == "least_busy":
            score = target.health.in_flight * target.inverse_weight + random() * _TIE
        else:
            # The least of exponential draws falls to each by its weight (Efraimidis and Spirakis, 2006).
            score = -log(random() or _TIE) * target.inverse_weight
        if score < least:
            best, least = target, score
    return best


def _drawn(key: int, seed: int) -> float:
    """The same number in (0, 1) for the same two, in every process (the finalizer of MurmurHash3)."""
    mixed = (key * 0x9E3779B97F4A7C15 ^ seed) & _MASK
    mixed = (mixed ^ mixed >> 33) * 0xFF51AFD7ED558CCD & _MASK
    mixed = (mixed ^ mixed >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return ((mixed ^ mixed >> 33) + 0.5) / _DRAWS
