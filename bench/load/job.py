"""What a load generator is told and what it reports. Times are in seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import TypeVar

import msgspec

__all__ = ["Answers", "Closed", "Generator", "Job", "Latencies", "Open", "Report", "Streamed", "Streams", "Target"]

_GRACE_SECONDS = 60


class Target(msgspec.Struct, frozen=True):
    """Where requests go, and the bytes of one."""

    port: int
    request: bytes


class Closed(msgspec.Struct, frozen=True, tag=True):
    """`connections` at once, each sending its next request when it has its answer."""

    target: Target
    connections: int
    seconds: float


class Answers(msgspec.Struct, frozen=True, tag=True):
    """What a closed loop got."""

    good: int
    bad: int
    seconds: float


class Open(msgspec.Struct, frozen=True, tag=True):
    """Each target gets `rate` requests a second, in turn, whether or not earlier ones are answered."""

    targets: tuple[Target, ...]
    rate: float
    seconds: float


class Latencies(msgspec.Struct, frozen=True, tag=True):
    """What an open loop saw. A latency counts from when its request was due."""

    by_target: list[list[float]]
    late: list[float]
    """How late the generator itself was in sending."""
    bad: int


class Streams(msgspec.Struct, frozen=True, tag=True):
    """`count` streams, begun at `starts` a second, read to their end."""

    target: Target
    count: int
    starts: float
    deadline: float


class Streamed(msgspec.Struct, frozen=True, tag=True):
    """What became of the streams."""

    first: list[float]
    """From when a stream was due to its first event."""
    delays: list[float]
    """From the provider's sending of a later chunk to its arrival."""
    whole: int
    broken: int
    chunks: int


Job = Closed | Open | Streams
Report = Answers | Latencies | Streamed
_R = TypeVar("_R", Answers, Latencies, Streamed)


class Generator:
    """A running generator."""

    def __init__(self, job: Job, cpus: Sequence[int]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, cpus),
        )
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.msgpack.encode(job))
        self._process.stdin.close()
        self._process.stdin = None
        length = job.deadline if isinstance(job, Streams) else job.seconds
        self._deadline = length + _GRACE_SECONDS

    def report(self, kind: type[_R]) -> _R:
        """Waits for it. Raises what `subprocess` raises where it takes too long or fails."""
        try:
            output, _ = self._process.communicate(timeout=self._deadline)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise
        if self._process.returncode:
            raise subprocess.CalledProcessError(self._process.returncode, self._process.args)
        return msgspec.msgpack.decode(output, type=kind)
