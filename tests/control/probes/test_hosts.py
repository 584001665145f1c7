"""Several hosts on one database: one of them runs the probes, and another goes on when it is gone."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from bench.processes import simulator
from tests.running import Instance, running, until

from control_layer.control.leadership import NotLeading, elected
from control_layer.store.engine import connect

_LOCK = 4711
_WAIT_SECONDS = 20


async def test_one_leads_and_the_next_does_when_its_connection_is_lost(database_url: str) -> None:
    async with AsyncExitStack() as first, asyncio.timeout(_WAIT_SECONDS):
        leader = await first.enter_async_context(elected(database_url, lock=_LOCK))
        await leader.confirm()
        async with elected(database_url, lock=_LOCK + 1), AsyncExitStack() as second:
            waiting = asyncio.ensure_future(second.enter_async_context(elected(database_url, lock=_LOCK)))
            connection = await connect(database_url)
            pid = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND granted"
            await connection.execute(f"SELECT pg_terminate_backend(({pid}))", _LOCK)
            await connection.close()
            await (await waiting).confirm()
            with pytest.raises(NotLeading):
                await leader.confirm()


async def test_who_stops_leads_no_more_and_without_election_everybody_does(database_url: str) -> None:
    async with asyncio.timeout(_WAIT_SECONDS):
        for _ in range(2):
            async with elected(database_url, lock=_LOCK), elected(database_url, lock=_LOCK, election=False) as other:
                await other.confirm()


async def test_without_a_database_nobody_leads() -> None:
    with pytest.raises(NotLeading):
        async with elected("postgresql://nobody@127.0.0.1:1/nothing", lock=_LOCK):
            pass


@pytest.fixture
def hosts(tmp_path: Path, database_url: str) -> Iterator[list[Instance]]:
    environment = {"CONTROL_LAYER_DATABASE__TYPE": "external", "DATABASE_URL": database_url}
    with (
        running(tmp_path / "one", environment=environment) as one,
        running(tmp_path / "two", environment=environment) as two,
    ):
        yield [one, two]


def _leaders(hosts: list[Instance]) -> list[Instance]:
    return [host for host in hosts if host.metric("control_layer_probe_leader")]


@pytest.mark.server
def test_of_two_hosts_one_probes_and_the_other_goes_on_when_it_is_killed(hosts: list[Instance]) -> None:
    with simulator("--api-key", "secret") as url:
        body = {"name": "sim", "url": url, "api_key": "secret", "skip_fetch": True, "model_filter": ["sim-small"]}
        hosts[0].api("POST", "/endpoints", body, status=201)
        (model,) = hosts[0].api("GET", "/models")["data"]
        body = {"name": uuid.uuid4().hex, "deployment_id": model["id"], "interval_seconds": 2}
        probe = hosts[0].api("POST", "/probes", body, status=201)["id"]

        def successes(host: Instance) -> int:
            results = host.api("GET", f"/probes/{probe}/results")
            return sum(result["success"] for result in results)

        until(lambda: successes(hosts[0]) >= 3)
        (leader,) = _leaders(hosts)
        (other,) = (host for host in hosts if host is not leader)
        until(lambda: len(_workers(other)) == 1, message="both hosts have probed")
        leader.kill("supervisor")  # whose children end with it
        before = successes(other)
        until(lambda: _leaders([other]))
        until(lambda: successes(other) >= before + 2)
        until(lambda: len(_workers(other)) == 2)
        moments = [row["moment"] for row in other.sql(_MOMENTS)]
        assert len(moments) == len(set(moments)), "a run was made twice"


@pytest.mark.server
def test_a_host_that_ends_waits_for_no_probe(tmp_path: Path, database_url: str) -> None:
    environment = {
        "CONTROL_LAYER_DATABASE__TYPE": "external",
        "DATABASE_URL": database_url,
        "CONTROL_LAYER_GATEWAY__DRAIN": "10m",
        "CONTROL_LAYER_BACKGROUND_SERVICES__PROBE_SCHEDULER__TIMEOUT": "10m",
    }
    with simulator() as url, running(tmp_path, environment=environment) as instance:
        body = {"name": "sim", "url": url, "skip_fetch": True, "model_filter": ["sim-hang"]}
        instance.api("POST", "/endpoints", body, status=201)
        (model,) = instance.api("GET", "/models")["data"]
        body = {"name": "hang", "deployment_id": model["id"], "interval_seconds": 1}
        instance.api("POST", "/probes", body, status=201)
        until(lambda: instance.under_way(model="sim-hang"))
        assert instance.stop() == 0  # within a minute
        assert [row["outcome"] for row in instance.requests(model="sim-hang")] == ["cancelled"]
        assert instance.sql("SELECT * FROM probe_results") == []


_MOMENTS = "SELECT floor(extract(epoch FROM executed_at)) AS moment FROM probe_results ORDER BY executed_at"
"""Runs are two seconds apart, and a second late at most."""


def _workers(host: Instance) -> list[dict[str, Any]]:
    """The gateways through which probes went."""
    return host.sql("SELECT DISTINCT worker_id FROM requests WHERE user_id = '00000000-0000-0000-0000-000000000000'")
