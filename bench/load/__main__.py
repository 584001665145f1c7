"""`python -m bench.load`: one generator. See the package."""

from __future__ import annotations

import gc
import sys

import msgspec
import uvloop

from bench.load.closed import run_closed
from bench.load.job import Closed, Job, Open, Report
from bench.load.open import run_open
from bench.load.streams import run_streams


def main() -> None:
    """Reads the job, does it, writes the report."""
    job: Job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    gc.disable()  # a collection in the generator would be taken for a stall of what it measures
    report: Report
    if isinstance(job, Closed):
        report = uvloop.run(run_closed(job))
    elif isinstance(job, Open):
        report = run_open(job)
    else:
        report = uvloop.run(run_streams(job))
    sys.stdout.buffer.write(msgspec.msgpack.encode(report))


if __name__ == "__main__":
    main()
