"""What the supervisor itself knows of its processes, as metrics."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import psutil

from control_layer import __version__
from control_layer.contract.supervision import Sample
from control_layer.supervisor.database import InstanceDatabase
from control_layer.supervisor.kept import Kept

__all__ = ["own_samples"]


def own_samples(children: Iterable[Kept], database: InstanceDatabase, *, begun_at: float) -> Iterator[Sample]:
    """`begun_at`: the instance's start, in Unix seconds."""
    yield Sample("control_layer_build_info", "gauge", "The release.", {"version": __version__}, 1.0)
    yield _started("supervisor", begun_at)
    yield from _resident("supervisor", os.getpid())
    for child in children:
        yield _up(child.name, child.serves)
        yield _restarts(child.name, child.restarts.count)
        if child.process is not None:
            yield _started(child.name, child.process.started_at)
            yield from _resident(child.name, child.process.pid)
    if database.is_embedded:
        yield _up("postgres", database.alive)
        yield _restarts("postgres", database.restarts.count)


def _up(name: str, serves: bool) -> Sample:
    return Sample("control_layer_process_up", "gauge", "Whether the process serves.", {"process": name}, float(serves))


def _restarts(name: str, count: int) -> Sample:
    text = "Times the process died and was started again."
    return Sample("control_layer_process_restarts_total", "counter", text, {"process": name}, count)


def _started(name: str, at: float) -> Sample:
    text = "When the process was started, in Unix seconds."
    return Sample("control_layer_process_start_time_seconds", "gauge", text, {"process": name}, at)


def _resident(name: str, pid: int) -> Iterator[Sample]:
    try:
        size = psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return  # it has just ended
    yield Sample("control_layer_process_resident_bytes", "gauge", "Memory in use.", {"process": name}, float(size))
