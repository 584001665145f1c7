"""kill -9 under load: AI traffic goes on without the control plane and without Postgres, a killed gateway takes only
what it had in its hands, and whatever died, every request ends in exactly one row, with the provider's numbers.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from bench.processes import simulator
from tests.faults.books import compare
from tests.faults.connection import Broken
from tests.faults.kinds import GOOD
from tests.faults.load import Ended, Load
from tests.faults.target import LEAVE_STREAM, Target, chat, ours, ours_only
from tests.running import Instance, running, until

pytestmark = [pytest.mark.server, ours_only, pytest.mark.timeout(300)]

_WORKERS = 2
_BETWEEN = 60
"""Requests that must succeed between one kill and the next."""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    # Small journal segments, so that many are begun, recorded and deleted while things die.
    environment = {"CONTROL_LAYER_GATEWAY__JOURNAL_SEGMENT_BYTES": "65536"}
    with running(tmp_path_factory.mktemp("kills"), workers=_WORKERS, environment=environment) as instance:
        yield instance


@pytest.fixture(scope="module")
def target(instance: Instance) -> Iterator[Target]:
    with simulator("--api-key", "provider-credential") as url:
        yield ours(instance, url)


@dataclass(slots=True)
class Deaths:
    """Who died when (on the monotonic clock, from just before to just after)."""

    instance: Instance
    gateways: list[tuple[float, float]] = field(default_factory=list)

    def kill(self, *names: str) -> None:
        """Kills one process of each name, and returns when each has a successor."""
        before = {name: self.instance.pids(name) for name in names}
        for name in names:
            begun = time.monotonic()
            self.instance.kill(name)
            if name == "gateway":
                self.gateways.append((begun, time.monotonic()))
        for name, pids in before.items():
            self._await_successor(name, pids)

    def _await_successor(self, name: str, pids: list[int]) -> None:
        wanted = _WORKERS if name == "gateway" else 1

        def succeeded() -> bool:
            now = self.instance.pids(name)
            return len(now) == wanted and now != pids

        until(succeeded, seconds=60, message=f"{name} has no successor")

    def excuses(self, ended: Ended) -> bool:
        """Whether a request was in a gateway's hands when that was killed: it began before and broke after."""
        return ended.broken and any(ended.began <= after and ended.ended >= before for before, after in self.gateways)


def _check(target: Target, load: Load, deaths: Deaths) -> None:
    """Nothing failed but what a killed gateway held, and the books are right to the token."""
    unexcused = [ended for ended in load.wrong if not deaths.excuses(ended)]
    assert not unexcused, unexcused[:5]
    books = target.books
    assert books is not None
    books.settle(workers=_WORKERS)
    rows = books.rows()
    ids = {row["client_request_id"]: row for row in rows if row["client_request_id"] is not None}
    succeeded = [ended for ended in load.ended if ended.fault is None]
    assert len(succeeded) > _BETWEEN
    unrecorded = [ended for ended in succeeded if ended.request_id not in ids]
    assert not unrecorded, f"{len(unrecorded)} of {len(succeeded)} have no row, such as {unrecorded[:3]}"
    assert {ids[ended.request_id]["outcome"] for ended in succeeded} == {"completed"}
    outcomes = compare(rows, target.provider.stats()["ledger"])
    assert outcomes.keys() <= {"completed", "lost", "failed", "cancelled"}
    # What a killed gateway left open is lost, and nothing else is. (Where it died after its last word to the journal
    # and before that to the client, the row is completed all the same.)
    assert outcomes["lost"] <= len(load.wrong)
    assert outcomes["failed"] == outcomes["cancelled"] == 0
    assert outcomes["completed"] >= len(succeeded)
    assert books.check_charges(rows) == outcomes["completed"]
    print(f"{load.name}: {dict(outcomes)}, {len(load.wrong)} broken")  # noqa: T201 - what the test was worth
    if not deaths.gateways:
        assert load.wrong == []
        assert outcomes == {"completed": len(load.ended)}


def _begin(target: Target, name: str) -> Load:
    books = target.books
    assert books is not None
    books.start_anew(workers=_WORKERS)
    target.provider.reset()
    return Load(target, GOOD, name)


@pytest.mark.parametrize("name", ["gateway", "control", "postgres"])
def test_one_process_killed_again_and_again(target: Target, instance: Instance, name: str) -> None:
    deaths = Deaths(instance)
    with _begin(target, f"kill-{name}") as load:
        load.advance(_BETWEEN)
        for _ in range(3):
            deaths.kill(name)
            load.advance(_BETWEEN)
    _check(target, load, deaths)


def test_what_a_killed_gateway_had_in_its_hands_is_lost_and_does_not_look_whole(
    target: Target, instance: Instance
) -> None:
    _begin(target, "kill-held")
    with ExitStack() as held:
        connections = [held.enter_context(target.connect()) for _ in range(2 * _WORKERS)]
        for number, connection in enumerate(connections):
            body = json.dumps(chat(LEAVE_STREAM, stream=True)).encode()
            connection.send("/chat/completions", body, target.headers(f"kill-held-{number}"))
            assert connection.status() == 200
            next(connection.pieces())
        for pid in instance.pids("gateway"):
            os.kill(pid, signal.SIGKILL)
        for connection in connections:
            with pytest.raises(Broken):
                list(connection.pieces())
    books = target.books
    assert books is not None
    books.settle(workers=_WORKERS)
    rows = books.rows()
    assert [(row["outcome"], row["status"], row["token_source"]) for row in rows] == [
        ("lost", None, "none") for _ in connections
    ]
    until(lambda: target.provider.stats()["open"] == 0, message="the provider works on for a dead gateway")


def test_the_supervisor_killed_under_load(target: Target, instance: Instance) -> None:
    """Everything of it drains and ends; the next start serves again and finds everything that was recorded."""
    with _begin(target, "kill-supervisor") as load:
        load.advance(_BETWEEN)
        killed = time.monotonic()
        instance.kill("supervisor")
        instance.process.wait(10)
    instance.start_again()
    target.base_url = instance.base_url
    # A gateway whose supervisor is gone finishes what it has: nothing is broken, though new connections are refused.
    assert not [ended for ended in load.wrong if ended.broken and ended.ended < killed], load.wrong[:5]
    books = target.books
    assert books is not None
    books.settle(workers=_WORKERS)
    rows = books.rows()
    succeeded = {ended.request_id for ended in load.ended if ended.fault is None}
    recorded = {row["client_request_id"] for row in rows if row["outcome"] == "completed"}
    assert succeeded <= recorded
    outcomes = compare(rows, target.provider.stats()["ledger"])
    assert books.check_charges(rows) >= outcomes["completed"] > 0
