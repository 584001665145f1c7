"""What the supervisor itself knows of its processes, as metrics."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from control_layer import __version__
from control_layer.contract.supervision import Sample
from control_layer.supervisor.database import InstanceDatabase
from control_layer.supervisor.kept import Kept

__all__ = ["own_samples"]


def own_samples(
    children: Iterable[Kept], database: InstanceDatabase, directory: Path, *, begun_at: float
) -> Iterator[Sample]:
    """`directory` holds the instance's state; `begun_at` is its start, in Unix seconds."""
    yield Sample("control_layer_build_info", "gauge", "The release.", {"version": __version__}, 1.0)
    yield _started("supervisor", begun_at)
    yield from _resources("supervisor", os.getpid())
    yield from _disk(directory)
    for child in children:
        yield _up(child.name, child.serves)
        yield _restarts(child.name, child.restarts.count)
        if child.process is not None:
            yield _started(child.name, child.process.started_at)
            yield from _resources(child.name, child.process.pid)
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


def _resources(name: str, pid: int) -> Iterator[Sample]:
    mine = {"process": name}
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            size, times, files = process.memory_info().rss, process.cpu_times(), process.num_fds()
    except psutil.Error:
        return  # it has just ended
    seconds = times.user + times.system
    yield Sample("control_layer_process_resident_memory_bytes", "gauge", "Memory in use.", mine, float(size))
    yield Sample("control_layer_process_cpu_seconds_total", "counter", "Processor time used.", mine, seconds)
    yield Sample("control_layer_process_open_fds", "gauge", "Open files and sockets.", mine, float(files))


def _disk(directory: Path) -> Iterator[Sample]:
    """Of the file system that holds the journal, and the embedded database."""
    with suppress(OSError):
        total, _, free = shutil.disk_usage(directory)
        text = "Size of the data directory's file system."
        yield Sample("control_layer_data_directory_size_bytes", "gauge", text, {}, float(total))
        text = "What is free of the data directory's file system."
        yield Sample("control_layer_data_directory_free_bytes", "gauge", text, {}, float(free))
