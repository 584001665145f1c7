"""What the gateway adds to a request when there is little to do: 200 requests a second, open loop.

The sink directly and through the gateway take turns within one run, so that both meet the same noise.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench.cores import Cores
from bench.load.job import Generator, Latencies, Open, Target
from bench.percentile import percentile
from bench.processes import World, start_gateway
from bench.request import chat_body, rendered
from bench.sinks import python_sink

__all__ = ["Added", "measure"]

RATE = 200.0
BODY_BYTES = 1024
_WARM_UP_SECONDS = 1.0


class Added(msgspec.Struct, frozen=True):
    """Seconds, over all requests of the run."""

    direct_p50: float
    direct_p99: float
    gateway_p50: float
    gateway_p99: float
    generator_late_p99: float
    bad: int

    @property
    def p50(self) -> float:
        return self.gateway_p50 - self.direct_p50

    @property
    def p99(self) -> float:
        return self.gateway_p99 - self.direct_p99


def measure(directory: Path, cores: Cores, *, seconds: float) -> Added:
    """Runs it."""
    body = chat_body(BODY_BYTES)
    with python_sink(cores.load) as (port, _):
        world = World(f"http://127.0.0.1:{port}/v1")
        gateway = start_gateway(directory, world, cpu=cores.measured, log_level="warning")
        try:
            targets = (
                Target(port, rendered(port, "none", body)),
                Target(gateway.port, rendered(gateway.port, world.secret, body)),
            )
            Generator(Open(targets, RATE, _WARM_UP_SECONDS), [cores.load]).report(Latencies)
            seen = Generator(Open(targets, RATE, seconds), [cores.load]).report(Latencies)
        finally:
            gateway.stop()
    direct, through = seen.by_target
    return Added(
        direct_p50=percentile(direct, 50),
        direct_p99=percentile(direct, 99),
        gateway_p50=percentile(through, 50),
        gateway_p99=percentile(through, 99),
        generator_late_p99=percentile(seen.late, 99),
        bad=seen.bad,
    )
