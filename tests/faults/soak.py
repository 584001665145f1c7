"""S18: very many requests of all kinds, and memory that stays where it was after the warm-up.

    python -m tests.faults.soak --requests 1000000

The requests come in rounds. After each round everything must have come to rest, and its rows must agree with the
provider's ledger, to the token; then memory is measured.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.processes import simulator
from tests.faults.books import compare
from tests.faults.kinds import MIXED, MIXED_OURS
from tests.faults.load import Load
from tests.faults.memory import Sample, growth, resident
from tests.faults.target import Target, foreign_target, ours
from tests.running import running, until

__all__ = ["Soak"]

_WARM_PART = 2
_MOST_WARM = 20
"""The warm-up is the first half of the rounds, but no more than so many: by then everything was done once."""
_CALLERS = 12
_REST_SECONDS = 60.0


@dataclass(slots=True)
class Soak:
    """A run of `rounds` times `requests`."""

    target: Target
    rounds: int
    requests: int
    workers: int = 1
    kinds: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    """Memory after each round; empty where the target is not ours."""
    seconds: float = 0.0

    def run(self, *, shows: bool = False) -> None:
        """Makes all rounds; fails as soon as anything is not as it should be."""
        begun = time.monotonic()
        for number in range(self.rounds):
            load = self._round(number)
            self.kinds += load.counts
            self.seconds = time.monotonic() - begun
            if shows:
                print(self._line(number), flush=True)
        if self.samples:
            grown = growth(self.samples, warm=max(1, min(self.rounds // _WARM_PART, _MOST_WARM)))
            assert not grown, f"memory grows: {grown} bytes more than allowed; rounds: {self.samples}"

    def _round(self, number: int) -> Load:
        target = self.target
        books = target.books
        since = 0
        if books is not None:
            books.settle(workers=self.workers)
            since = books.last()
        target.provider.reset()
        mix = MIXED if books is None else MIXED_OURS
        with Load(
            target, mix, f"soak-{number}", callers=_CALLERS, keeps=True, remembers=False, most=self.requests
        ) as load:
            load.wait()
        assert not load.wrong, load.wrong[:5]
        assert load.counts.total() == self.requests
        until(lambda: target.provider.stats()["open"] == 0, seconds=_REST_SECONDS, message="the provider works on")
        if books is not None:
            books.settle(workers=self.workers)
            rows = books.rows(since=since)
            self.outcomes += compare(rows, target.provider.stats()["ledger"])
            self._check(load, Counter(str(row["outcome"]) for row in rows), mix is MIXED_OURS)
            self.samples.append(resident(books.instance))
        return load

    def _check(self, load: Load, outcomes: Counter[str], ours_too: bool) -> None:
        """As many rows of each kind as there were requests that end so.

        Who leaves before the gateway has read enough to let the request in leaves no row.
        """
        expected: Counter[str] = Counter()
        for kind, _ in MIXED_OURS if ours_too else MIXED:
            if kind.outcome is not None:
                expected[kind.outcome] += load.counts[kind.name]
        assert outcomes.keys() <= expected.keys(), outcomes
        assert outcomes["completed"] == expected["completed"], (outcomes, expected)
        assert outcomes["failed"] == expected["failed"], (outcomes, expected)
        assert load.counts["left stream"] <= outcomes["cancelled"] <= expected["cancelled"], (outcomes, expected)

    def _line(self, number: int) -> str:
        done = (number + 1) * self.requests
        memory = " ".join(f"{name} {size / 2**20:.1f}" for name, size in (self.samples or [{}])[-1].items())
        return f"{done:>9} requests  {done / self.seconds:6.0f}/s  MiB: {memory}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000, help="in all")
    parser.add_argument("--round", type=int, default=5_000, help="requests in one round")
    parser.add_argument("--workers", type=int, default=1, help="gateway workers of the instance that is started")
    options = parser.parse_args()
    rounds = max(8, options.requests // options.round)
    foreign = foreign_target()
    if foreign is not None:
        Soak(foreign, rounds, options.round).run(shows=True)
        return
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as directory,
        simulator("--api-key", "provider-credential") as url,
        running(Path(directory), workers=options.workers) as instance,
    ):
        Path(directory).chmod(0o755)  # the database may run under another account
        soak = Soak(ours(instance, url), rounds, options.round, workers=options.workers)
        soak.run(shows=True)
    sys.stdout.write(f"{soak.kinds.total()} requests in {soak.seconds:.0f} s\n{dict(soak.kinds)}\n")
    sys.stdout.write(f"rows: {dict(soak.outcomes)}\n")


if __name__ == "__main__":
    main()
