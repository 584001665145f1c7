"""A thousand streams at once, a chunk every 50 ms each: whole, prompt and cheap?

The same load runs against the sink alone first; what the gateway adds is the difference. The client does not ask for
usage, so the gateway asks the provider for it and looks at every event to hide it: the dearer of the two ways.
"""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from bench.cores import Cores
from bench.load.job import Generator, Streamed, Streams, Target
from bench.meter import cpu_seconds, resident_bytes
from bench.percentile import percentile
from bench.processes import GatewayProcess, World, start_gateway
from bench.request import chat_body, rendered
from bench.sinks import python_sink

__all__ = ["Streaming", "measure"]

COUNT = 1000
INTERVAL_SECONDS = 0.05
_STARTS_PER_SECOND = 200.0
_GRACE_SECONDS = 30.0
_IDLE_SECONDS = 8.0
_WARM_UP_STREAMS = 50


class Streaming(msgspec.Struct, frozen=True):
    """Times in seconds."""

    streams: int
    broken: int
    direct_first_p99: float
    gateway_first_p50: float
    gateway_first_p99: float
    direct_delay_p99: float
    gateway_delay_p99: float
    """Of a chunk, from the provider's sending to its arrival."""
    chunks_per_second: float
    seconds_per_chunk: float
    """The gateway's processor time."""
    busy: float
    bytes_per_idle_stream: float

    @property
    def added_first_p99(self) -> float:
        return self.gateway_first_p99 - self.direct_first_p99

    @property
    def added_delay_p99(self) -> float:
        return self.gateway_delay_p99 - self.direct_delay_p99


def measure(directory: Path, cores: Cores, *, seconds: float) -> Streaming:
    """Runs it; each stream lasts `seconds`."""
    chunks = int(seconds / INTERVAL_SECONDS)
    body = chat_body(1024, stream=True)
    with python_sink(cores.load, "--chunks", str(chunks), "--interval", str(INTERVAL_SECONDS)) as (port, _):
        direct = _run(Target(port, rendered(port, "none", body)), COUNT, seconds, cores)
        world = World(f"http://127.0.0.1:{port}/v1")
        gateway = start_gateway(_inside(directory, "busy"), world, cpu=cores.measured, log_level="warning")
        try:
            target = Target(gateway.port, rendered(gateway.port, gateway.secret, body))
            used, begun = cpu_seconds(gateway.process.pid), time.monotonic()
            through = _run(target, COUNT, seconds, cores)
            used, lasted = cpu_seconds(gateway.process.pid) - used, time.monotonic() - begun
        finally:
            gateway.stop()
    return Streaming(
        streams=through.whole + through.broken,
        broken=through.broken,
        direct_first_p99=percentile(direct.first, 99),
        gateway_first_p50=percentile(through.first, 50),
        gateway_first_p99=percentile(through.first, 99),
        direct_delay_p99=percentile(direct.delays, 99),
        gateway_delay_p99=percentile(through.delays, 99),
        chunks_per_second=through.chunks / lasted,
        seconds_per_chunk=used / max(through.chunks, 1),
        busy=used / lasted,
        bytes_per_idle_stream=_idle(_inside(directory, "idle"), cores, body),
    )


def _run(target: Target, count: int, seconds: float, cores: Cores) -> Streamed:
    deadline = seconds + _GRACE_SECONDS
    return Generator(Streams(target, count, _STARTS_PER_SECOND, deadline), [cores.load]).report(Streamed)


def _idle(directory: Path, cores: Cores, body: bytes) -> float:
    """Memory of a stream that has begun and says nothing."""
    with python_sink(cores.load, "--chunks", "2", "--interval", str(_IDLE_SECONDS)) as (port, _):
        world = World(f"http://127.0.0.1:{port}/v1")
        gateway = start_gateway(directory, world, cpu=cores.measured, log_level="warning")
        try:
            return _idle_at(gateway, Target(gateway.port, rendered(gateway.port, gateway.secret, body)), cores)
        finally:
            gateway.stop()


def _idle_at(gateway: GatewayProcess, target: Target, cores: Cores) -> float:
    _run(target, _WARM_UP_STREAMS, _IDLE_SECONDS, cores)
    before = resident_bytes(gateway.process.pid)
    generator = Generator(Streams(target, COUNT, _STARTS_PER_SECOND, _IDLE_SECONDS + _GRACE_SECONDS), [cores.load])
    most = 0
    begun = time.monotonic()
    while time.monotonic() - begun < COUNT / _STARTS_PER_SECOND + _IDLE_SECONDS:
        most = max(most, resident_bytes(gateway.process.pid))
        time.sleep(0.1)
    generator.report(Streamed)
    return (most - before) / COUNT


def _inside(directory: Path, name: str) -> Path:
    made = directory / name
    made.mkdir()
    return made
