"""What a process uses, as the kernel counts it."""

from __future__ import annotations

from pathlib import Path

import psutil

__all__ = ["cpu_seconds", "peak_bytes", "reset_peak", "resident_bytes"]

_RESET_PEAK = "5"
"""proc(5), /proc/pid/clear_refs: sets the peak of resident memory to what is resident now."""


def cpu_seconds(pid: int) -> float:
    """User and system time since its start."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def resident_bytes(pid: int) -> int:
    """Memory that is in use now."""
    return int(psutil.Process(pid).memory_info().rss)


def peak_bytes(pid: int) -> int:
    """The most memory that was in use since `reset_peak`."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024
    raise LookupError("the kernel does not tell the peak of resident memory")


def reset_peak(pid: int) -> None:
    """Begins a new measurement of the peak."""
    Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)
