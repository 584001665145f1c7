"""How many requests one core serves: 1 KB in, a small JSON answer out, 64 connections.

Contenders take turns in several rounds, each pinned to the one core; generator and sink share the other. Rates are
given as served, and per second of processor time that the contender itself used: other work on the machine, or a
generator that cannot keep up, lowers the first and not the second. Ratios are medians over the rounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import msgspec

from bench import nginx, wrk
from bench.cores import Cores
from bench.load.job import Answers, Closed, Generator, Target
from bench.meter import cpu_seconds
from bench.processes import World, start_gateway
from bench.request import HEADERS, PATH, chat_body, rendered
from bench.sinks import ANSWER, python_sink

__all__ = ["BARE", "KEEPING", "OURS", "Contender", "Saturation", "measure"]

OURS = "gateway"
BARE = "nginx"
"""`proxy_pass` and nothing else."""
KEEPING = "nginx, keeping connections"
CONNECTIONS = 64
BODY_BYTES = 1024
_WARM_UP_SECONDS = 1


class Contender(msgspec.Struct, frozen=True):
    """One round of one contender. Rates are requests per second."""

    name: str
    served: float
    per_processor_second: float
    busy: float
    """The share of the time in which it was running: below 0.95 something else was the bottleneck."""
    bad: int


class Saturation(msgspec.Struct, frozen=True):
    """All rounds."""

    generator: str
    sink: str
    rounds: list[list[Contender]]

    def of(self, name: str, field: str) -> list[float]:
        """A contender's figure in each round."""
        return [getattr(one, field) for contenders in self.rounds for one in contenders if one.name == name]

    def ratio(self, other: str, field: str) -> float | None:
        """The gateway's figure over another contender's: the median of the rounds' ratios."""
        ours, theirs = self.of(OURS, field), self.of(other, field)
        return median(one / two for one, two in zip(ours, theirs, strict=True)) if theirs else None


class _Running(msgspec.Struct, frozen=True):
    name: str
    port: int
    pid: int


def measure(directory: Path, cores: Cores, *, rounds: int, seconds: int) -> Saturation:
    """Runs all rounds."""
    with _contenders(directory, cores) as (contenders, secret, sink_name):
        for one in contenders:
            _run(directory, one, secret, cores, _WARM_UP_SECONDS)
        results = [[_run(directory, one, secret, cores, seconds) for one in contenders] for _ in range(rounds)]
    return Saturation("wrk" if wrk.available() else "ours", sink_name, results)


@contextmanager
def _contenders(directory: Path, cores: Cores) -> Iterator[tuple[list[_Running], str, str]]:
    with ExitStack() as stack:
        if nginx.available():
            answering = stack.enter_context(nginx.sink(directory / "sink", ANSWER, cores.load))
            sink_port, sink_pid, sink_name = answering.port, answering.worker, "nginx return 200"
        else:
            sink_port, sink_pid = stack.enter_context(python_sink(cores.load))
            sink_name = "bench.sink"
        contenders = [_Running("sink", sink_port, sink_pid)]
        if nginx.available():
            for name, keeping in ((BARE, False), (KEEPING, True)):
                place = directory / f"proxy-{keeping}"
                passing = stack.enter_context(nginx.proxy(place, sink_port, cores.measured, keeping=keeping))
                contenders.append(_Running(name, passing.port, passing.worker))
        world = World(f"http://127.0.0.1:{sink_port}/v1")
        gateway = start_gateway(directory, world, cpu=cores.measured, log_level="warning")
        stack.callback(gateway.stop)
        contenders.append(_Running(OURS, gateway.port, gateway.process.pid))
        yield contenders, world.secret, sink_name


def _run(directory: Path, one: _Running, secret: str, cores: Cores, seconds: int) -> Contender:
    body = chat_body(BODY_BYTES)
    used = cpu_seconds(one.pid)
    if wrk.available():
        headers = {**HEADERS, "authorization": f"Bearer {secret}"}
        url = f"http://127.0.0.1:{one.port}{PATH}"
        answers = wrk.run(directory, url, headers, body, connections=CONNECTIONS, seconds=seconds, cpu=cores.load)
    else:
        target = Target(one.port, rendered(one.port, secret, body))
        answers = Generator(Closed(target, CONNECTIONS, seconds), [cores.load]).report(Answers)
    used = cpu_seconds(one.pid) - used
    return Contender(
        name=one.name,
        served=answers.good / answers.seconds,
        per_processor_second=(answers.good + answers.bad) / used if used else 0.0,
        busy=used / answers.seconds,
        bad=answers.bad,
    )
