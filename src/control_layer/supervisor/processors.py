"""How many processor cores are ours: by affinity, and by the quota of the control group a container runs in."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

__all__ = ["quota_of", "usable_processors"]

_CGROUP = Path("/sys/fs/cgroup/cpu.max")


def usable_processors() -> int:
    """At least 1."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0))
    try:
        quota = quota_of(_CGROUP.read_text())
    except OSError:
        return allowed
    return allowed if quota is None else min(allowed, quota)


def quota_of(text: str) -> int | None:
    """Whole cores that a `cpu.max` file allows (cgroup v2: quota and period in microseconds), rounded up."""
    quota, _, period = text.strip().partition(" ")
    if not quota.isdigit() or not period.isdigit() or not int(period):
        return None
    return max(1, math.ceil(int(quota) / int(period)))
