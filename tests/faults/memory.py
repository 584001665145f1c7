"""What the processes of an instance hold in memory, and whether it grows."""

from __future__ import annotations

from collections.abc import Sequence

import psutil
from tests.running import Instance

__all__ = ["Sample", "growth", "resident"]

_ALLOWED_BYTES = 8 * 1024 * 1024
_ALLOWED_PART = 0.05
_LAST = 3

Sample = dict[str, int]
"""Bytes by the name of a process."""


def resident(instance: Instance) -> Sample:
    """Bytes that each kind of process holds now.

    Of Postgres, what is its processes' own: the buffers that they share fill up to their size (128 MB) and stay there.
    """
    found = {"supervisor": psutil.Process(instance.process.pid).memory_info().rss}
    for name in ("gateway", "control"):
        found[name] = sum(psutil.Process(pid).memory_info().rss for pid in instance.pids(name))
    found["postgres"] = 0
    for pid in instance.pids("postgres"):
        server = psutil.Process(pid)
        for process in (server, *server.children(recursive=True)):
            try:
                found["postgres"] += _own(process)
            except psutil.NoSuchProcess:
                continue
    return found


def _own(process: psutil.Process) -> int:
    """Not `uss`: that counts a page of the shared buffers that nobody else has touched so far."""
    maps = [each for each in process.memory_maps(grouped=False) if each.perms.endswith("p")]
    return sum(each.private_clean + each.private_dirty for each in maps)


def growth(samples: Sequence[Sample], *, warm: int) -> dict[str, int]:
    """By how many bytes each process has grown beyond what is allowed; empty where all are flat.

    The first `warm` samples are of the warm-up. The most of them, with 8 MiB and a twentieth on top, must not be passed
    by the last ones: by their least, as a peak is no growth.
    """
    grown: dict[str, int] = {}
    for name in samples[0]:
        before = max(sample[name] for sample in samples[:warm])
        after = min(sample[name] for sample in samples[-_LAST:])
        excess = after - int(before * (1 + _ALLOWED_PART)) - _ALLOWED_BYTES
        if excess > 0:
            grown[name] = excess
    return grown
