"""Rounds of saturated load in pairs, which alternate in one worker: what one thing more takes from it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Literal

import msgspec

from bench.cores import Cores
from bench.load.job import Answers, Closed, Generator, Target
from bench.meter import cpu_seconds
from bench.processes import GatewayProcess
from bench.request import chat_body, rendered

__all__ = ["MODEL", "WARM_UP_SECONDS", "Round", "saturated", "slower"]

MODEL = "sim-small"
WARM_UP_SECONDS = 1
_CONNECTIONS = 64
_BODY_BYTES = 1024


class Round(msgspec.Struct, frozen=True):
    """One round of load. Rates are per second."""

    served: float
    per_processor_second: float
    """Of the gateway's own processor time: what to compare where the generator is what is slow."""
    bad: int
    seconds: float


def saturated(gateway: GatewayProcess, cores: Cores, seconds: int, model: str = MODEL) -> Round:
    """One round."""
    body = chat_body(_BODY_BYTES).replace(MODEL.encode(), model.encode())
    target = Target(gateway.port, rendered(gateway.port, gateway.secret, body))
    used = cpu_seconds(gateway.process.pid)
    answers = Generator(Closed(target, _CONNECTIONS, seconds), [cores.load]).report(Answers)
    used = cpu_seconds(gateway.process.pid) - used
    return Round(
        served=answers.good / answers.seconds,
        per_processor_second=(answers.good + answers.bad) / used,
        bad=answers.bad,
        seconds=answers.seconds,
    )


def slower(
    without: Sequence[Round], beside: Sequence[Round], field: Literal["served", "per_processor_second"]
) -> float:
    """By how much of itself a figure is lower in the second of each pair: the median of the pairs."""
    pairs = zip(without, beside, strict=True)
    return median(1 - float(getattr(more, field)) / float(getattr(less, field)) for less, more in pairs)
