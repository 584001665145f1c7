"""S6: a database with few connections that stops under load costs no AI request, no row, and nobody a 401."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from bench.processes import simulator
from tests.faults.books import check_books
from tests.faults.target import SMALL, Target
from tests.faults.traffic import Traffic
from tests.running import ADMIN_PASSWORD, Instance, running, until

from control_layer.store.embedded import EmbeddedPostgres

pytestmark = [pytest.mark.server, pytest.mark.timeout(240)]

_AWAY_SECONDS = 30.0  # the scenario's own figure


@pytest.fixture
def postgres() -> Iterator[EmbeddedPostgres]:
    """A Postgres of its own with 20 connections, external to the instance.

    Its path is short enough for a socket, so that its address outlives a stop.
    """
    with tempfile.TemporaryDirectory(prefix="pg-") as directory:
        server = EmbeddedPostgres(Path(directory) / "p", settings={"max_connections": "20"})
        yield server
        server.stop()


def test_s6_postgres_is_stopped_for_half_a_minute_under_load(tmp_path: Path, postgres: EmbeddedPostgres) -> None:
    url = postgres.start()
    environment = {"DATABASE_URL": url, "CONTROL_LAYER_ADMIN_PASSWORD": ADMIN_PASSWORD}
    with simulator() as provider, running(tmp_path / "instance", environment=environment) as instance:
        instance.external_database_url = url
        instance.connect_provider(provider, [SMALL])
        key = str(instance.make_key("traffic")["key"])
        instance.wait_callable(key, SMALL)
        tortured = Target(instance.base_url, key, provider, instance)
        control = instance.pids("control")
        with Traffic(tortured, SMALL) as traffic:
            until(lambda: traffic.succeeded_since(0.0) > 100)
            postgres.stop()
            _watch_management_while_away(instance, traffic)
            assert postgres.start() == url
            until(lambda: instance.admin.get("/admin/api/v1/users/current").status_code == 200, seconds=30)
        assert traffic.failures == []
        assert instance.pids("control") == control
        check_books(tortured, instance, traffic.calls)


def _watch_management_while_away(instance: Instance, traffic: Traffic) -> None:
    began = time.monotonic()
    while time.monotonic() - began < _AWAY_SECONDS:
        answer = instance.admin.get("/admin/api/v1/users/current")
        assert answer.status_code == 503, answer.text
        assert answer.headers["retry-after"]
        with_key = httpx.get(
            f"{instance.base_url}/models", headers={"authorization": f"Bearer {traffic.target.key}"}, timeout=30.0
        )
        assert with_key.status_code == 200
    assert traffic.succeeded_since(began) > 100
