"""Request bodies of 20 MB: how much memory they cost, and whether streams beside them stutter.

The streams pass through the gateway; first the bodies go to the sink directly, then through the gateway too. The
difference in the chunks' delays is what the gateway's handling of bodies does to its streams.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench.cores import Cores
from bench.load.job import Answers, Closed, Generator, Streamed, Streams, Target
from bench.meter import peak_bytes, reset_peak, resident_bytes
from bench.percentile import percentile
from bench.processes import World, start_gateway
from bench.request import chat_body, rendered
from bench.sinks import python_sink

__all__ = ["Bodies", "measure"]

BODY_BYTES = 20 * 1024 * 1024
CONCURRENCY = (1, 4)
_STREAMS = 50
_STARTS_PER_SECOND = 100.0
_STREAM_CHUNKS = 120
_INTERVAL_SECONDS = 0.05
_SECONDS = 4.0


class Bodies(msgspec.Struct, frozen=True):
    """One run with some bodies under way at once. Delays in seconds, of the streams' chunks."""

    concurrency: int
    answers: int
    bad: int
    peak_per_body: float
    """The most memory above the idle process's, over what the bodies under way measure."""
    streams_broken: int
    delay_p50: float
    delay_p99: float
    delay_max: float
    aside_delay_p99: float
    """With the bodies going past the gateway."""
    aside_delay_max: float

    @property
    def added_delay_p99(self) -> float:
        return self.delay_p99 - self.aside_delay_p99


def measure(directory: Path, cores: Cores) -> list[Bodies]:
    """Runs them all."""
    return [_measure(directory / str(concurrency), cores, concurrency) for concurrency in CONCURRENCY]


def _measure(directory: Path, cores: Cores, concurrency: int) -> Bodies:
    directory.mkdir()
    arguments = ("--chunks", str(_STREAM_CHUNKS), "--interval", str(_INTERVAL_SECONDS))
    with python_sink(cores.load, *arguments) as (port, _):
        world = World(f"http://127.0.0.1:{port}/v1")
        gateway = start_gateway(directory, world, cpu=cores.measured, log_level="warning")
        pid = gateway.process.pid
        try:
            body = chat_body(1024, stream=True)
            stream = Target(gateway.port, rendered(gateway.port, gateway.secret, body))
            length = _STREAM_CHUNKS * _INTERVAL_SECONDS
            streams = Streams(stream, _STREAMS, _STARTS_PER_SECOND, length * 3)
            content = chat_body(BODY_BYTES)
            past = Closed(Target(port, rendered(port, "none", content)), concurrency, _SECONDS)
            aside, _ = _beside(streams, past, cores)
            large = Closed(Target(gateway.port, rendered(gateway.port, gateway.secret, content)), concurrency, _SECONDS)
            before = resident_bytes(pid)
            reset_peak(pid)
            beside, answers = _beside(streams, large, cores)
            peak = peak_bytes(pid)
        finally:
            gateway.stop()
    return Bodies(
        concurrency=concurrency,
        answers=answers.good,
        bad=answers.bad,
        peak_per_body=(peak - before) / (BODY_BYTES * concurrency),
        streams_broken=beside.broken,
        delay_p50=percentile(beside.delays, 50),
        delay_p99=percentile(beside.delays, 99),
        delay_max=max(beside.delays, default=float("nan")),
        aside_delay_p99=percentile(aside.delays, 99),
        aside_delay_max=max(aside.delays, default=float("nan")),
    )


def _beside(streams: Streams, bodies: Closed, cores: Cores) -> tuple[Streamed, Answers]:
    watching = Generator(streams, [cores.load])
    answers = Generator(bodies, [cores.load]).report(Answers)
    return watching.report(Streamed), answers
