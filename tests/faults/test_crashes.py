"""Crashes at random under load, of everything there is, and a full disk in between: in the end the provider's own
count, the rows, the sums, the ledger and the budgets say the same, to the token and the last decimal.

`CRASH_SEED` repeats a run's choices, `CRASH_ROUNDS` makes it longer.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest
from bench.processes import simulator
from tests.faults.books import compare
from tests.faults.kinds import GOOD
from tests.faults.load import Ended, Load
from tests.faults.target import PRICES, Target, ours, ours_only
from tests.running import Instance, running, until

pytestmark = [pytest.mark.server, ours_only, pytest.mark.timeout(600)]

_WORKERS = 2
_ROUNDS = int(os.environ.get("CRASH_ROUNDS", "10"))
_MOST_BETWEEN = 80
"""Requests that may succeed between one incident and the next."""
_BUDGETS = ("spent", "hard")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a sink writes to."""
    return tmp_path_factory.mktemp("lake")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory, lake: Path) -> Iterator[Instance]:
    # Small journal segments, so that many are begun, recorded and deleted while things die.
    # Bodies are in nobody's books, and a segment for each of them would be most of the work.
    environment = {
        "CONTROL_LAYER_GATEWAY__JOURNAL_SEGMENT_BYTES": "65536",
        "CONTROL_LAYER_ENABLE_REQUEST_LOGGING": "false",
        "CONTROL_LAYER_SINKS": json.dumps([{"name": "disk", "url": lake.as_uri(), "flush_interval": "1s"}]),
    }
    with running(tmp_path_factory.mktemp("crashes"), workers=_WORKERS, environment=environment) as instance:
        yield instance


@pytest.fixture(scope="module")
def target(instance: Instance) -> Iterator[Target]:
    with simulator("--api-key", "provider-credential") as url:
        yield ours(instance, url)


@dataclass(slots=True)
class Incidents:
    """What befell an instance, and when: on the monotonic clock, from just before to just after."""

    instance: Instance
    load: Load
    chance: random.Random
    gateways: list[tuple[float, float]] = field(default_factory=list)
    full: list[tuple[float, float]] = field(default_factory=list)

    def befall(self) -> str:
        """One of them; returns what it was, once there is a successor for whoever died."""
        names = self.chance.choice(
            (
                *(("gateway",), ("control",), ("postgres",), ("backend",), ("full disk",)),
                *(("gateway", "control"), ("control", "postgres"), ("backend", "gateway")),
                ("gateway", "control", "postgres"),
            )
        )
        before = {name: self.instance.pids(name) for name in names if name not in ("backend", "full disk")}
        for name in names:
            begun = time.monotonic()
            if name == "full disk":
                self._fill_disk()
                self.full.append((begun, time.monotonic()))
            elif name == "backend":
                self._kill_backend()
            else:
                self.instance.kill(name)
            if name == "gateway":
                self.gateways.append((begun, time.monotonic()))
        for name, pids in before.items():
            self._await_successor(name, pids)
        return " and ".join(names)

    def _await_successor(self, name: str, pids: list[int]) -> None:
        wanted = _WORKERS if name == "gateway" else 1
        until(
            lambda: len(now := self.instance.pids(name)) == wanted and now != pids,
            seconds=60,
            message=f"{name} has no successor",
        )

    def _kill_backend(self) -> None:
        """One process that serves a connection: Postgres lets go of all others and recovers."""
        (postmaster,) = self.instance.pids("postgres")
        served = [
            child for child in psutil.Process(postmaster).children() if "control_layer control_layer" in _title(child)
        ]
        if served:
            self.chance.choice(served).kill()

    def _fill_disk(self) -> None:
        """No file of a gateway may grow for a while: write(2) fails as on a full disk, with EFBIG."""
        pids = self.instance.pids("gateway")
        refused = len(self.load.wrong)
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        until(lambda: len(self.load.wrong) > refused, message="nothing is refused")
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until(lambda: self.instance.metric("control_layer_journal_failing") == 0, message="the disk is not tried again")

    def excuse(self, ended: Ended) -> bool:
        """Whether a request was in a killed gateway's hands, could not be accounted for, or was under a hard budget.

        A new gateway has nothing of that to spend until the control plane and Postgres are back.
        """
        if ended.broken:
            return _within(ended, self.gateways)
        if ended.status != 503:
            return False
        return "budget_unavailable" in str(ended.fault) or _within(ended, self.full)


def _within(ended: Ended, incidents: list[tuple[float, float]]) -> bool:
    return any(ended.began <= after and ended.ended >= before for before, after in incidents)


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def test_whatever_dies_at_whatever_moment_all_books_agree(target: Target, instance: Instance, lake: Path) -> None:
    seed = int(os.environ.get("CRASH_SEED") or random.SystemRandom().randrange(2**32))
    print(f"CRASH_SEED={seed}")  # noqa: T201 - shown where it fails
    chance = random.Random(seed)
    books = target.books
    assert books is not None
    _set_budgets(instance)
    books.settle(workers=_WORKERS)
    before, provider_before = books.last(), len(target.provider.stats()["ledger"])
    with Load(target, GOOD, "crash") as load:
        incidents = Incidents(instance, load, chance)
        for _ in range(_ROUNDS):
            load.advance(chance.randint(1, _MOST_BETWEEN))
            print(incidents.befall())  # noqa: T201 - shown where it fails
        load.advance(_MOST_BETWEEN)
    unexcused = [ended for ended in load.wrong if not incidents.excuse(ended)]
    assert not unexcused, unexcused[:5]

    books.settle(workers=_WORKERS)
    rows = books.rows(since=before)
    bills = target.provider.stats()["ledger"][provider_before:]
    outcomes = compare(rows, bills)
    completed = {str(row["id"]) for row in rows if row["outcome"] == "completed"}
    assert completed <= {bill["request_id"] for bill in bills}, "answers that no provider knows of"
    assert {row["error"] for row in rows if row["outcome"] == "failed"} <= {"cannot_account"}
    assert not outcomes["cancelled"]
    succeeded = {ended.request_id for ended in load.ended if ended.fault is None}
    assert succeeded <= {row["client_request_id"] for row in rows if row["outcome"] == "completed"}

    # The provider's numbers at our prices are what the ledger took, the budgets have, and the analytics show.
    asked, said = PRICES
    spent = sum(
        (
            (row["input_tokens"] or 0) * asked + (row["output_tokens"] or 0) * said
            for row in rows
            if row["outcome"] == "completed"
        ),
        Decimal(0),
    )
    assert books.check_charges(rows) == len(completed)
    charged = instance.sql(
        "SELECT sum(amount) AS amount FROM transactions WHERE source_id = ANY ($1)", [str(row["id"]) for row in rows]
    )
    assert charged[0]["amount"] == spent
    everything = books.rows()
    until(
        lambda: instance.api("GET", "/analytics")["data"][0]["requests"] == len(everything),
        message="the analytics do not come to the number of rows",
    )
    shown = instance.api("GET", "/analytics")["data"][0]
    assert Decimal(shown["cost"]) == sum((row["cost"] or Decimal(0) for row in everything), Decimal(0))
    assert shown["output_tokens"] == sum(row["output_tokens"] or 0 for row in everything)
    for budget in instance.api("GET", "/budgets")["data"]:
        assert Decimal(budget["spent"]) == spent, budget

    # A sink has every one of them once, as it is in the books.
    until(
        lambda: not instance.sql("SELECT 1 FROM recorded_batches JOIN sink_positions ON sequence > position"),
        message="the sink does not get everything",
    )
    sent = {line["id"]: line for line in _lines(lake)}
    assert len(sent) == len(list(_lines(lake)))
    for row in rows:
        line = sent[str(row["id"])]
        assert (line["outcome"], line["output_tokens"]) == (row["outcome"], row["output_tokens"])
        assert (None if line["cost"] is None else Decimal(line["cost"])) == row["cost"]

    said_of_it = _reconcile(instance)
    assert said_of_it.returncode == 0, said_of_it.stderr
    assert "everything agrees" in said_of_it.stdout
    print(f"{dict(outcomes)}, {len(load.wrong)} excused")  # noqa: T201 - what the test was worth


def _lines(lake: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(lake.rglob("*.jsonl.gz")):
        yield from map(json.loads, gzip.decompress(file.read_bytes()).splitlines())


def _set_budgets(instance: Instance) -> None:
    user = instance.api("GET", "/users/current")["id"]
    for enforcement in _BUDGETS:
        body = {"name": enforcement, "scope": "user", "scope_id": user, "amount": "1000", "period": "total"}
        instance.api("POST", "/budgets", body | {"enforcement": enforcement}, status=201)

    def known() -> bool:
        published = instance.metric("control_layer_snapshot_published_version")
        return instance.metric("control_layer_snapshot_version") == (published or 0) * _WORKERS

    until(known, message="the gateways do not know the budgets")


def _reconcile(instance: Instance) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "control_layer", "reconcile"],
        env={**os.environ, **instance.environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
