"""What recording takes from the gateway: the same saturated load with a recorder at its journal and without.

Rounds alternate. The gateway has its core to itself; the recorder and its Postgres are on a third core, or on that of
the generator and the provider where there are two. There the generator may be what is slow, so that the figure to
compare is what the gateway serves in a second of its own processor time; what was served is given as well.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from bench.cores import Cores
from bench.pairs import WARM_UP_SECONDS, Round, saturated, slower
from bench.processes import World, start_gateway
from bench.sinks import python_sink
from control_layer.recorder import Recorder
from control_layer.store.embedded import EmbeddedPostgres
from control_layer.store.engine import connect, open_engine
from control_layer.store.migrations import migrate

__all__ = ["Recording", "measure"]


class Recording(msgspec.Struct, frozen=True):
    """All rounds, in pairs."""

    without: list[Round]
    beside: list[Round]
    recorded: list[float]
    """Requests a second that became rows meanwhile, beside a recorder."""

    def slower(self, field: Literal["served", "per_processor_second"]) -> float:
        """By how much of itself a figure is lower with a recorder: the median of the pairs."""
        return slower(self.without, self.beside, field)


def measure(directory: Path, cores: Cores, *, rounds: int, seconds: int) -> Recording:
    """Runs all rounds."""
    aside = cores.load if cores.third is None else cores.third
    postgres = EmbeddedPostgres(directory / "postgres")
    with _on_core(aside):
        url = postgres.start()
    try:
        asyncio.run(migrate(url))
        with python_sink(cores.load) as (sink_port, _):
            world = World(f"http://127.0.0.1:{sink_port}/v1")
            gateway = start_gateway(directory, world, cpu=cores.measured, log_level="warning")
            try:
                saturated(gateway, cores, WARM_UP_SECONDS)
                without, beside, recorded = [], [], []
                for _ in range(rounds):
                    without.append(saturated(gateway, cores, seconds))
                    with _recorder(url, gateway.journal.parent, aside):
                        rows = asyncio.run(_rows(url))
                        beside.append(saturated(gateway, cores, seconds))
                        recorded.append((asyncio.run(_rows(url)) - rows) / beside[-1].seconds)
                return Recording(without, beside, recorded)
            finally:
                gateway.stop()
    finally:
        postgres.stop()


async def _rows(url: str) -> int:
    connection = await connect(url, statement_seconds=None)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM requests"))
    finally:
        await connection.close()


@contextmanager
def _recorder(url: str, journal_dir: Path, cpu: int) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.recording", url, str(journal_dir)]
    with _on_core(cpu):
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@contextmanager
def _on_core(cpu: int) -> Iterator[None]:
    """What is started within runs there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


async def _record(url: str, journal_dir: Path) -> None:
    recorder = Recorder(open_engine(url, pool_size=5), journal_dir)
    print(flush=True)
    await recorder.run()


if __name__ == "__main__":
    asyncio.run(_record(sys.argv[1], Path(sys.argv[2])))
