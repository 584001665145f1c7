"""kill -9 of everything under load: AI traffic goes on, and the books agree at the end."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from tests.faults.books import check_books
from tests.faults.target import SMALL, target
from tests.faults.traffic import Traffic
from tests.running import Instance, until

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

_KILLS = (
    "control",
    "gateway",
    "postgres",
    "gateway",
    "control",
    "postgres",
    "gateway",
    "gateway",
    "postgres",
    "control",
)
_CALLS_BETWEEN = 40


def _back(instance: Instance, name: str, killed: int, count: int) -> None:
    """Returns once the killed process has a successor that serves."""
    until(lambda: len([pid for pid in instance.pids(name) if pid != killed]) == count, seconds=60)
    if name != "gateway":
        until(lambda: instance.admin.get("/admin/api/v1/users/current").status_code == 200, seconds=60)


def _wait_for_successes(traffic: Traffic) -> None:
    moment = time.monotonic()
    until(lambda: traffic.succeeded_since(moment) >= _CALLS_BETWEEN, seconds=60)


def test_kill_9_of_gateway_control_plane_and_postgres_under_load(tmp_path: Path) -> None:
    with target(tmp_path, workers=2) as tortured:
        instance = tortured.instance
        if instance is None:
            pytest.skip("another gateway's processes are not ours to kill")
        gateway_kills: list[tuple[float, float]] = []
        with Traffic(tortured, SMALL) as traffic:
            for name in _KILLS:
                _wait_for_successes(traffic)
                before = time.monotonic()
                killed = instance.kill(name)
                if name == "gateway":
                    gateway_kills.append((before, time.monotonic()))
                _back(instance, name, killed, 2 if name == "gateway" else 1)
            _wait_for_successes(traffic)
        for call in traffic.failures:
            # Only what a killed gateway had under way may fail, and only as a broken connection.
            assert call.status is None or call.status == 599, call
            assert any(call.began <= after and before <= call.ended for before, after in gateway_kills), call
        check_books(tortured, instance, traffic.calls)
        lost = instance.sql("SELECT status, error, token_source, input_tokens FROM requests WHERE outcome = 'lost'")
        assert all(tuple(row.values()) == (None, "gateway_lost", "none", None) for row in lost)
        assert httpx.get(f"{instance.address}/ready", timeout=30.0).status_code == 200
