"""Starting `bench.sink`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.sink import ANSWER_BODY

__all__ = ["ANSWER", "python_sink"]

ANSWER = ANSWER_BODY.decode()


@contextmanager
def python_sink(cpu: int, *arguments: str) -> Iterator[tuple[int, int]]:
    """One on a core; its port and process id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.sink", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), process.pid
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
