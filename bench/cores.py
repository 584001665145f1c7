"""Which core is measured and which make the load."""

from __future__ import annotations

import os
from dataclasses import dataclass

__all__ = ["Cores"]


@dataclass(slots=True, frozen=True)
class Cores:
    """Cores of this machine; the same one twice where there is only one."""

    measured: int
    load: int
    third: int | None = None
    """One more, where there is."""

    @classmethod
    def of_this_machine(cls) -> Cores:
        """The last that this process may use: the first one tends to serve interrupts."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(
            measured=allowed[-1],
            load=allowed[-2] if len(allowed) > 1 else allowed[-1],
            third=allowed[-3] if len(allowed) > 2 else None,
        )
