"""What traffic policy takes from the gateway: the same saturated load on a model without any and on one with all of it.

The one with all of it is composite, of two deployments with breakers, sticky by user, with a canary, fallback and
deadlines of its own; the model and each of its deployments have limits of requests, tokens and concurrency.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from bench.cores import Cores
from bench.pairs import MODEL, WARM_UP_SECONDS, Round, saturated, slower
from bench.processes import World, start_gateway
from bench.sinks import python_sink
from control_layer.contract.limits import Limit, LimitKind, LimitScope
from control_layer.contract.routing import Backoff, Balancing, Breaker, Fallback
from control_layer.contract.snapshot import Deployment, Timeouts, Update

__all__ = ["Policy", "measure"]

_PLAIN, _RULED = "sim-plain", "sim-ruled"
"""Both stand for another name, and are of one length, so that the requests are."""


class Policy(msgspec.Struct, frozen=True):
    """All rounds, in pairs."""

    without: list[Round]
    ruled: list[Round]

    def slower(self, field: Literal["served", "per_processor_second"]) -> float:
        """By how much of itself a figure is lower with policy: the median of the pairs."""
        return slower(self.without, self.ruled, field)


@dataclass(slots=True)
class _World(World):
    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        plain = msgspec.structs.replace(whole.models[0], alias=_PLAIN)
        (alone,) = plain.deployments
        breaker = Breaker(failures=3)
        parts = tuple(
            Deployment(f"part-{number}", alone.endpoint_id, MODEL, weight, breaker=breaker)
            for number, weight in enumerate((3, 1))
        )
        ruled = msgspec.structs.replace(
            plain,
            alias=_RULED,
            id="ruled",
            deployments=parts,
            balancing=Balancing("least_busy", sticky="user", canary="part-1", canary_percent=5.0),
            fallback=Fallback(True, True, (500, 502, 503, 504), backoff=Backoff()),
            timeouts=Timeouts(5.0, 60.0, 30.0, 300.0),
        )
        return msgspec.structs.replace(whole, models=(plain, ruled), limits=tuple(self._limits(ruled.id)))

    def _limits(self, model_id: str) -> list[Limit]:
        """None of them is ever reached."""
        kinds: tuple[LimitKind, ...] = ("requests", "tokens", "concurrency")
        return [_limit("model", scope_id, kind) for scope_id in (model_id, "part-0", "part-1") for kind in kinds]


def _limit(scope: LimitScope, scope_id: str, kind: LimitKind) -> Limit:
    amount = 1e9 if kind != "concurrency" else 1e5
    return Limit(f"{scope_id}-{kind}", kind, scope, scope_id, kind, amount, 60.0, amount)


def measure(directory: Path, cores: Cores, *, rounds: int, seconds: int) -> Policy:
    """Runs all rounds."""
    with python_sink(cores.load) as (sink_port, _):
        world = _World(f"http://127.0.0.1:{sink_port}/v1")
        gateway = start_gateway(directory, world, cpu=cores.measured, log_level="warning")
        try:
            without, ruled = [], []
            for model in (_PLAIN, _RULED):
                saturated(gateway, cores, WARM_UP_SECONDS, model)
            for _ in range(rounds):
                without.append(saturated(gateway, cores, seconds, _PLAIN))
                ruled.append(saturated(gateway, cores, seconds, _RULED))
            return Policy(without, ruled)
        finally:
            gateway.stop()
