"""How models fared: bars and incidents, for whoever sees the models."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.control.management import API, Management, answered, refused
from tests.control.models.calls import MODELS, grant, standard
from tests.control.probes.calls import PROBES, ago, create_probe, insert_result

_UPTIME = f"{API}/uptime"


async def _watched(management: Management, *outcomes: tuple[float, bool]) -> dict[str, Any]:
    """A probe whose runs began so many minutes ago."""
    probe, now = await create_probe(management), datetime.now(UTC)
    for minutes, success in outcomes:
        await insert_result(management, probe["id"], ago(now, minutes=minutes), success=success)
    return probe


async def _uptime(client: Any, model_id: str, **asked: Any) -> dict[str, Any]:
    page = await answered(client.get(_UPTIME, params={"model": model_id, **asked}), 200)
    (uptime,) = page["data"]
    assert isinstance(uptime, dict)
    return uptime


@pytest.mark.parametrize(("window", "buckets", "seconds"), [("24h", 48, 1800), ("7d", 56, 10800), ("30d", 60, 43200)])
async def test_bars_have_no_gap_and_the_last_one_holds_now(
    management: Management, window: str, buckets: int, seconds: int
) -> None:
    probe = await _watched(management, (0, True))
    page = await answered(
        management.admin.get(_UPTIME, params={"model": probe["deployment_id"], "window": window}), 200
    )
    assert page["bucket_seconds"] == seconds
    (uptime,) = page["data"]
    starts = [datetime.fromisoformat(bucket["start"]) for bucket in uptime["buckets"]]
    assert len(starts) == buckets
    assert {later - earlier for earlier, later in itertools.pairwise(starts)} == {timedelta(seconds=seconds)}
    assert starts[-1] <= datetime.now(UTC)
    assert [bucket["runs"] for bucket in uptime["buckets"]] in ([*[0] * (buckets - 1), 1], [*[0] * (buckets - 2), 1, 0])


async def test_what_failed_is_counted_and_what_is_older_than_the_window_is_not(management: Management) -> None:
    probe = await _watched(management, (5, True), (6, False), (7, True), (8, True), (60 * 24 * 2, False))
    day = await _uptime(management.admin, probe["deployment_id"])
    assert (day["runs"], day["failed_runs"], day["uptime_percentage"]) == (4, 1, 75.0)
    assert sum(bucket["runs"] for bucket in day["buckets"]) == 4
    assert sum(bucket["failed_runs"] for bucket in day["buckets"]) == 1
    week = await _uptime(management.admin, probe["deployment_id"], window="7d")
    assert (week["runs"], week["failed_runs"], week["uptime_percentage"]) == (5, 2, 60.0)


async def test_failures_in_a_row_are_one_incident_that_the_next_success_ends(management: Management) -> None:
    probe = await _watched(management, (1, False), (2, False), (3, True), (4, True), (5, False), (6, True))
    url = f"{PROBES}/{probe['id']}/results"
    times = [run["executed_at"] for run in await answered(management.admin.get(url), 200)]
    uptime = await _uptime(management.admin, probe["deployment_id"])
    assert [(each["start"], each["end"], each["failed_runs"]) for each in uptime["incidents"]] == [
        (times[1], None, 2),
        (times[4], times[3], 1),
    ]


async def test_the_last_error_of_an_incident_is_told_to_who_may_read_probes(management: Management) -> None:
    probe = await _watched(management, (1, False), (2, False))
    await management.sql(
        "UPDATE probe_results SET error_message = 'HTTP ' || extract(epoch FROM now() - executed_at)::int / 60"
    )
    await grant(management, probe["deployment_id"])
    (incident,) = (await _uptime(management.admin, probe["deployment_id"]))["incidents"]
    assert incident["error_message"] == "HTTP 1"
    person = (await management.person()).client
    (incident,) = (await _uptime(person, probe["deployment_id"]))["incidents"]
    assert (incident["failed_runs"], incident["error_message"]) == (2, None)


async def test_only_models_that_the_caller_sees_are_shown_and_those_nobody_watches_are_counted(
    management: Management,
) -> None:
    probe, unwatched = await _watched(management), await standard(management)
    person = (await management.person()).client
    page = await answered(person.get(_UPTIME), 200)
    assert (page["data"], page["total_count"], page["unwatched"]) == ([], 0, 0)
    await grant(management, probe["deployment_id"])
    await grant(management, unwatched["id"])
    page = await answered(person.get(_UPTIME), 200)
    assert [each["model_id"] for each in page["data"]] == [probe["deployment_id"]]
    assert (page["total_count"], page["unwatched"]) == (1, 1)
    assert page["data"][0]["uptime_percentage"] is None


async def test_the_list_is_narrowed_ordered_and_paged_as_that_of_models(management: Management) -> None:
    for alias in ("b-model", "a-model", "other"):
        await create_probe(management, deployment_id=(await standard(management, alias))["id"])
    asked: dict[str, str | int] = {"search": "-model", "sort": "alias", "limit": 1}
    page = await answered(management.admin.get(_UPTIME, params=asked), 200)
    assert ([each["alias"] for each in page["data"]], page["total_count"]) == (["a-model"], 2)
    page = await answered(management.admin.get(_UPTIME, params={**asked, "skip": 1}), 200)
    assert [each["alias"] for each in page["data"]] == ["b-model"]


async def test_a_window_that_there_is_not_is_refused(management: Management) -> None:
    await refused(management.admin.get(_UPTIME, params={"window": "1y"}), 400)


async def test_deleted_models_are_left_out(management: Management) -> None:
    probe = await _watched(management, (1, True))
    await answered(management.admin.delete(f"{MODELS}/{probe['deployment_id']}"), 200)
    page = await answered(management.admin.get(_UPTIME, params={"model": probe["deployment_id"]}), 200)
    assert (page["data"], page["total_count"], page["unwatched"]) == ([], 0, 0)


async def test_what_is_down_is_counted_on_every_page_and_comes_first_where_one_asks(management: Management) -> None:
    now = datetime.now(UTC)
    for alias, outcomes, active in (
        ("a-up", ((1, True), (2, False)), True),
        ("b-down", ((1, False), (2, True)), True),
        ("c-paused", ((1, False),), False),
        ("d-long-ago", ((60 * 24 * 2, False),), True),
    ):
        probe = await create_probe(management, deployment_id=(await standard(management, alias))["id"])
        for minutes, success in outcomes:
            await insert_result(management, probe["id"], ago(now, minutes=minutes), success=success)
        if not active:
            await answered(management.admin.patch(f"{PROBES}/{probe['id']}/deactivate"), 200)
    asked: dict[str, str | int] = {"sort": "alias", "limit": 1}
    page = await answered(management.admin.get(_UPTIME, params=asked), 200)
    assert ([each["alias"] for each in page["data"]], page["down"]) == (["a-up"], 1)
    page = await answered(management.admin.get(_UPTIME, params={**asked, "down_first": "true"}), 200)
    assert ([each["alias"] for each in page["data"]], page["down"]) == (["b-down"], 1)
    page = await answered(management.admin.get(_UPTIME, params={**asked, "window": "7d"}), 200)
    assert page["down"] == 2
