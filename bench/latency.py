"""What the gateway adds to a request when there is little to do: 200 requests a second, open loop.

The sink directly, through the gateway and, where it is installed, through nginx take turns within one run, so that all
meet the same noise.

At this rate every hop finds its core asleep, and waking one takes as long as all the gateway does. A call to a provider
elsewhere wakes two cores (the provider's, then the caller's), one through a gateway elsewhere four: the gateway adds
two. To see that takes three cores. On two, the provider shares one with the caller, where the direct call wakes nobody
and the gateway seems to add four, or with the gateway, where both calls wake two and it seems to add none. Both are
measured; their mean has the two that there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import fmean

import msgspec

from bench import nginx
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


class Layout(msgspec.Struct, frozen=True):
    """Seconds, over all requests of one run with the provider in one place."""

    provider: str
    """Which core it has."""
    direct_p50: float
    direct_p99: float
    gateway_p50: float
    gateway_p99: float
    generator_late_p99: float
    bad: int
    nginx_p50: float | None = None
    nginx_p99: float | None = None

    @property
    def p50(self) -> float:
        return self.gateway_p50 - self.direct_p50

    @property
    def p99(self) -> float:
        return self.gateway_p99 - self.direct_p99


class Added(msgspec.Struct, frozen=True):
    """What the layouts say together."""

    layouts: Sequence[Layout]

    @property
    def p50(self) -> float:
        return fmean(layout.p50 for layout in self.layouts)

    @property
    def p99(self) -> float:
        return fmean(layout.p99 for layout in self.layouts)


def measure(directory: Path, cores: Cores, *, seconds: float) -> Added:
    """Runs it."""
    places = (
        {"a core of its own": cores.third}
        if cores.third is not None
        else {"the caller's core": cores.load, "the gateway's core": cores.measured}
    )
    layouts = []
    for number, (provider, cpu) in enumerate(places.items()):
        own = directory / str(number)
        own.mkdir()
        layouts.append(_measure(own, cores, provider, cpu, seconds))
    return Added(layouts)


def _measure(directory: Path, cores: Cores, provider: str, cpu: int, seconds: float) -> Layout:
    body = chat_body(BODY_BYTES)
    with ExitStack() as stack:
        port, _ = stack.enter_context(python_sink(cpu))
        gateway = start_gateway(
            directory, World(f"http://127.0.0.1:{port}/v1"), cpu=cores.measured, log_level="warning"
        )
        stack.callback(gateway.stop)
        targets = [
            Target(port, rendered(port, "none", body)),
            Target(gateway.port, rendered(gateway.port, gateway.secret, body)),
        ]
        if nginx.available():
            passing = stack.enter_context(nginx.proxy(directory / "nginx", port, cores.measured, keeping=True))
            targets.append(Target(passing.port, rendered(passing.port, "none", body)))
        Generator(Open(tuple(targets), RATE, _WARM_UP_SECONDS), [cores.load]).report(Latencies)
        seen = Generator(Open(tuple(targets), RATE, seconds), [cores.load]).report(Latencies)
    direct, through = seen.by_target[:2]
    beside = seen.by_target[2] if len(seen.by_target) > 2 else None
    return Layout(
        provider=provider,
        direct_p50=percentile(direct, 50),
        direct_p99=percentile(direct, 99),
        gateway_p50=percentile(through, 50),
        gateway_p99=percentile(through, 99),
        generator_late_p99=percentile(seen.late, 99),
        bad=seen.bad,
        nginx_p50=percentile(beside, 50) if beside is not None else None,
        nginx_p99=percentile(beside, 99) if beside is not None else None,
    )
