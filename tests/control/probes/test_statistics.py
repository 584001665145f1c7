"""Results in numbers: against numbers worked out by hand, and by another program for whatever results there are."""

from __future__ import annotations

import asyncio
import statistics
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.control.management import Management, answered, settings_for_tests
from tests.control.models.calls import MODELS, grant, standard
from tests.control.probes.calls import PROBES, ago, create_probe, insert_result

from control_layer.control.app import build_services
from control_layer.control.probes import queries
from control_layer.control.probes.schemas import Statistics
from control_layer.store.engine import connect, open_engine

_START = datetime(2026, 1, 1, tzinfo=UTC)


async def test_latencies_are_those_of_successes_and_percentiles_are_interpolated(management: Management) -> None:
    probe, now = await create_probe(management), datetime.now(UTC).replace(microsecond=0)
    for seconds, milliseconds in enumerate((100, 200, 300, 400)):
        await insert_result(management, probe["id"], ago(now, seconds=seconds), milliseconds=milliseconds)
    await insert_result(management, probe["id"], ago(now, seconds=9), success=False, milliseconds=9000)
    await insert_result(management, probe["id"], ago(now, seconds=8), success=False)
    url = f"{PROBES}/{probe['id']}/statistics"

    def time(seconds: float) -> str:
        return ago(now, seconds=seconds).isoformat().replace("+00:00", "Z")

    numbers = await answered(management.admin.get(url), 200)
    assert numbers.pop("success_rate") == pytest.approx(200 / 3)
    assert numbers.pop("p95_response_time_ms") == pytest.approx(385)
    assert numbers.pop("p99_response_time_ms") == pytest.approx(397)
    assert numbers == {
        "total_executions": 6,
        "successful_executions": 4,
        "failed_executions": 2,
        "avg_response_time_ms": 250,
        "min_response_time_ms": 100,
        "max_response_time_ms": 400,
        "p50_response_time_ms": 250,
        "last_execution": time(0),
        "last_success": time(0),
        "last_failure": time(8),
    }
    numbers = await answered(management.admin.get(url, params={"start_time": time(9), "end_time": time(3)}), 200)
    assert (numbers["total_executions"], numbers["success_rate"]) == (3, pytest.approx(100 / 3))
    assert numbers["p50_response_time_ms"] == numbers["p99_response_time_ms"] == 400


_Runs = st.lists(
    st.tuples(st.integers(0, 1000), st.booleans(), st.none() | st.integers(0, 60_000)),
    unique_by=lambda run: run[0],
    max_size=40,
)


def _expected(runs: list[tuple[int, bool, int | None]]) -> Statistics:
    latencies = sorted(milliseconds for _, success, milliseconds in runs if success and milliseconds is not None)

    def percentile(fraction: float) -> float | None:
        if not latencies:
            return None
        place = fraction * (len(latencies) - 1)
        below, above = latencies[int(place)], latencies[min(int(place) + 1, len(latencies) - 1)]
        return below + (above - below) * (place - int(place))

    def last(*outcomes: bool) -> datetime | None:
        seconds = [second for second, success, _ in runs if success in outcomes]
        return _START + timedelta(seconds=max(seconds)) if seconds else None

    successes = sum(success for _, success, _ in runs)
    return Statistics(
        total_executions=len(runs),
        successful_executions=successes,
        failed_executions=len(runs) - successes,
        success_rate=100 * successes / len(runs) if runs else 0,
        avg_response_time_ms=statistics.fmean(latencies) if latencies else None,
        min_response_time_ms=latencies[0] if latencies else None,
        max_response_time_ms=latencies[-1] if latencies else None,
        p50_response_time_ms=percentile(0.5),
        p95_response_time_ms=percentile(0.95),
        p99_response_time_ms=percentile(0.99),
        last_execution=last(True, False),
        last_success=last(True),
        last_failure=last(False),
    )


def test_statistics_of_any_results_in_any_window(database_url: str) -> None:
    @given(runs=_Runs, window=st.tuples(st.integers(0, 1000), st.integers(0, 1000)))
    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
    def check(runs: list[tuple[int, bool, int | None]], window: tuple[int, int]) -> None:
        start, end = window
        counted = [run for run in runs if start <= run[0] <= end]
        found = asyncio.run(_found(database_url, runs, start, end)).model_dump()
        for name, value in _expected(counted).model_dump().items():
            assert found[name] == (pytest.approx(value) if isinstance(value, float) else value), name

    check()


async def _found(database_url: str, runs: list[tuple[int, bool, int | None]], start: int, end: int) -> Statistics:
    """What the query says of these runs."""
    endpoint, model, probe = (uuid.uuid4() for _ in range(3))
    connection = await connect(database_url)
    try:
        await connection.execute("TRUNCATE endpoints CASCADE")
        await connection.execute(
            "INSERT INTO endpoints (id, name, url, created_by) VALUES ($1, 'e', 'u', $1)", endpoint
        )
        await connection.execute(
            "INSERT INTO models (id, model_name, alias, hosted_on, created_by) VALUES ($1, 'm', 'm', $2, $2)",
            *(model, endpoint),
        )
        await connection.execute(
            "INSERT INTO probes (id, name, model_id, interval_seconds) VALUES ($1, 'p', $2, 60)", probe, model
        )
        await connection.executemany(
            "INSERT INTO probe_results (id, probe_id, executed_at, success, response_time_ms) "
            "VALUES ($1, $2, $3, $4, $5)",
            [
                (uuid.uuid4(), probe, _START + timedelta(seconds=second), success, milliseconds)
                for second, success, milliseconds in runs
            ],
        )
    finally:
        await connection.close()
    engine = open_engine(database_url, pool_size=1)
    try:
        async with build_services(engine=engine, settings=settings_for_tests()).database() as session:
            window = (_START + timedelta(seconds=start), _START + timedelta(seconds=end))
            return await queries.statistics(session, probe, *window)
    finally:
        await engine.dispose()


async def test_a_models_status_is_its_last_run_and_its_uptime_over_a_day(management: Management) -> None:
    now = management.services.now()
    model = await standard(management)
    await grant(management, model["id"])
    url = f"{MODELS}/{model['id']}?include=status"

    async def status() -> dict[str, object]:
        shown = await answered(management.admin.get(url), 200)
        person = await management.person()
        assert (await answered(person.client.get(url), 200))["status"] == shown["status"]
        listed = await answered(management.admin.get(f"{MODELS}?include=status"), 200)
        assert [item["status"] for item in listed["data"]] == [shown["status"]]
        found: dict[str, object] = shown["status"]
        return found

    nothing = dict.fromkeys(("probe_id", "interval_seconds", "last_check", "last_success", "uptime_percentage"))
    assert await status() == nothing | {"active": False}
    probe = await create_probe(management, deployment_id=model["id"], interval_seconds=7)
    fresh = {"probe_id": probe["id"], "active": True, "interval_seconds": 7, "uptime_percentage": 100.0}
    assert await status() == nothing | fresh
    await insert_result(management, probe["id"], ago(now, hours=25), success=False)
    old = await status()
    assert (old["last_success"], old["uptime_percentage"]) == (False, 100.0)
    for hours, success in ((23, True), (2, True), (1, False), (3, True)):
        await insert_result(management, probe["id"], ago(now, hours=hours), success=success)
    await answered(management.admin.patch(f"{PROBES}/{probe['id']}/deactivate"), 200)
    later = await status()
    assert (later["last_success"], later["uptime_percentage"], later["active"]) == (False, 75.0, False)
    assert datetime.fromisoformat(str(later["last_check"])) == ago(now, hours=1)
