"""How a process loads what it keeps for its whole life."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["for_good"]


@contextmanager
def for_good() -> Iterator[None]:
    """Import inside what the process needs until its end: the garbage collector never looks at it.

    Models, tables and routes are hundreds of thousands of objects and no garbage. Going through them again and again
    while they are made, and once more at the end of the process, took the control plane a third of its start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
