"""`/requests/aggregate`, `/requests/aggregate-by-user` and `/usage` (§4.8)."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.control.analytics.traffic import HOUR_AGO, put_request
from tests.control.management import API, Management, answered, refused

from control_layer.control.permissions import Role
from control_layer.recorder import Folding
from control_layer.store.measures import MOST_TOKENS

AGGREGATE = f"{API}/requests/aggregate"
BY_USER = f"{API}/requests/aggregate-by-user"
USAGE = f"{API}/usage"
_QUIET = {
    "duration_minutes": 60,
    "requests": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "avg_latency_ms": None,
    "p95_latency_ms": None,
    "p99_latency_ms": None,
}


async def test_nothing_asked_is_zeros_in_every_hour_of_a_day(management: Management) -> None:
    answer = await answered(management.admin.get(AGGREGATE), 200)
    series = answer.pop("time_series")
    assert answer == {"total_requests": 0, "status_codes": []}
    assert len(series) == 25
    times = [datetime.fromisoformat(hour.pop("timestamp")) for hour in series]
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {timedelta(hours=1)}
    assert {(time.minute, time.second, time.microsecond) for time in times} == {(0, 0, 0)}
    assert series == [_QUIET] * 25


async def test_requests_are_added_up_by_status_model_and_hour(management: Management) -> None:
    for duration in range(1, 101):
        await put_request(management, duration_seconds=duration / 1000)
    for _ in range(20):
        await put_request(management, model="other", status=429, duration_seconds=None, input_tokens=None)
    await put_request(management, outcome="lost", model="other", status=None, duration_seconds=None)
    await put_request(management, ago=25 * HOUR_AGO)
    answer = await answered(management.admin.get(AGGREGATE), 200)
    assert answer["total_requests"] == 121
    shares = [(share["status"], share["count"]) for share in answer["status_codes"]]
    assert shares == [("200", 100), ("429", 20), ("unknown", 1)]
    assert sum(share["percentage"] for share in answer["status_codes"]) == pytest.approx(100)
    gpt, other = answer["models"]
    assert (gpt["model"], gpt["count"], gpt["avg_latency_ms"]) == ("gpt", 100, pytest.approx(50.5))
    assert (other["model"], other["count"], other["avg_latency_ms"]) == ("other", 21, None)
    assert set(gpt) == {"model", "count", "percentage", "avg_latency_ms"}
    busy = [hour for hour in answer["time_series"] if hour["requests"]]
    assert sum(hour["requests"] for hour in busy) == 121
    assert sum(hour["input_tokens"] for hour in busy) == 1010


async def test_percentiles_are_those_of_the_hour(management: Management) -> None:
    at = (datetime.now(UTC) - timedelta(hours=2)).replace(minute=30)
    for duration in range(1, 101):
        await put_request(management, at=at, duration_seconds=duration / 1000)
    answer = await answered(management.admin.get(AGGREGATE), 200)
    (hour,) = [hour for hour in answer["time_series"] if hour["requests"]]
    assert datetime.fromisoformat(hour["timestamp"]) == at.replace(minute=0, second=0, microsecond=0)
    assert hour["avg_latency_ms"] == pytest.approx(50.5)
    assert hour["p95_latency_ms"] == pytest.approx(95.05, rel=0.01)
    assert hour["p99_latency_ms"] == pytest.approx(99.01, rel=0.01)


async def test_an_aggregate_of_one_model_echoes_it(management: Management) -> None:
    await put_request(management)
    await put_request(management, model="other")
    answer = await answered(management.admin.get(AGGREGATE, params={"model": "gpt"}), 200)
    assert (answer["total_requests"], answer["model"]) == (1, "gpt")
    assert "models" not in answer
    unknown = await answered(management.admin.get(AGGREGATE, params={"model": "nobody's"}), 200)
    assert (unknown["total_requests"], unknown["model"], unknown["status_codes"]) == (0, "nobody's", [])


async def test_a_period_is_what_was_asked_for_but_never_more_than_180_days(management: Management) -> None:
    await put_request(management, ago=200 * 24 * HOUR_AGO)
    await put_request(management, ago=100 * 24 * HOUR_AGO)
    long_ago = {"timestamp_after": "2000-01-01T00:00:00Z"}
    answer = await answered(management.admin.get(AGGREGATE, params=long_ago), 200)
    assert answer["total_requests"] == 1
    assert len(answer["time_series"]) == 180 * 24 + 1
    for strange in (
        {"timestamp_before": "0001-01-01T00:00:00Z"},
        {"timestamp_after": "9999-12-31T23:59:59Z"},
        {"timestamp_after": "9999-01-01T00:00:00Z", "timestamp_before": "9999-12-31T23:59:59Z"},
    ):
        answer = await answered(management.admin.get(AGGREGATE, params=strange), 200)
        assert answer["total_requests"] == 0


async def test_users_of_a_model_come_busiest_first(management: Management) -> None:
    one, two = await management.person(), await management.person()
    for _ in range(3):
        await put_request(management, user_id=uuid.UUID(two.id))
    await put_request(management, user_id=uuid.UUID(one.id), cost=None, output_tokens=None)
    await put_request(management, user_id=uuid.UUID(one.id), model="other")
    stranger = uuid.uuid4()
    await put_request(management, user_id=stranger, ago=26 * HOUR_AGO)
    start = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    answer = await answered(management.admin.get(BY_USER, params={"model": "gpt", "start_date": start}), 200)
    assert (answer["model"], answer["total_requests"], answer["total_tokens"]) == ("gpt", 5, 70)
    assert answer["total_cost"] == 1.0
    assert datetime.fromisoformat(answer["start_date"]) == datetime.fromisoformat(start)
    assert set(answer) == {
        *("model", "start_date", "end_date", "total_requests", "total_tokens", "total_cost", "users")
    }
    first, *others = answer["users"]
    last_active = first.pop("last_active_at")
    assert datetime.now(UTC) - datetime.fromisoformat(last_active) < timedelta(minutes=5)
    assert first == {
        "user_id": two.id,
        "user_email": f"{two.username}@example.org",
        "request_count": 3,
        "total_tokens": 45,
        "input_tokens": 30,
        "output_tokens": 15,
        "total_cost": 0.75,
    }
    by_id = {user["user_id"]: user for user in others}
    assert (by_id[one.id]["total_cost"], by_id[one.id]["output_tokens"]) == (None, 0)
    assert by_id[str(stranger)]["user_email"] is None


async def test_an_unknown_model_has_no_users_and_none_is_an_error(management: Management) -> None:
    answer = await answered(management.admin.get(BY_USER, params={"model": "nobody's"}), 200)
    assert (answer["total_requests"], answer["total_tokens"], answer["total_cost"], answer["users"]) == (0, 0, None, [])
    await refused(management.admin.get(BY_USER), 400, "Model parameter is required")
    person = await management.person()
    await refused(person.client.get(BY_USER), 403, "Insufficient permissions to Read Analytics")


@pytest.mark.parametrize("role", Role)
async def test_who_may_read_aggregates(management: Management, role: Role) -> None:
    person = await management.person(role)
    for url in (AGGREGATE, f"{BY_USER}?model=gpt"):
        if role in {Role.PLATFORM_MANAGER, Role.REQUEST_VIEWER}:
            await answered(person.client.get(url), 200)
        else:
            await refused(person.client.get(url), 403, "Insufficient permissions to Read Analytics")


async def test_usage_is_the_callers_own_by_model(management: Management) -> None:
    person = await management.person()
    me, batch = uuid.UUID(person.id), uuid.uuid4()
    assert await answered(person.client.get(USAGE), 200) == {
        "total_input_tokens": 0,
        "total_output_tokens": 0,
        "total_request_count": 0,
        "total_batch_count": 0,
        "avg_requests_per_batch": 0.0,
        "total_cost": "0",
        "estimated_realtime_cost": "0",
        "by_model": [],
    }
    await put_request(management)  # somebody else's
    for _ in range(2):
        await put_request(management, user_id=me, cost=Decimal("0.000000000001"))
    await put_request(management, user_id=me, model="a", batch_id=batch, cost=None, ago=300 * 24 * HOUR_AGO)
    usage = await answered(person.client.get(USAGE, params={"refresh": "true"}), 200)
    assert (usage["total_input_tokens"], usage["total_output_tokens"], usage["total_request_count"]) == (30, 15, 3)
    assert (usage["total_batch_count"], usage["avg_requests_per_batch"]) == (1, 1.0)
    assert usage["total_cost"] == usage["estimated_realtime_cost"] == "0.000000000002"
    gpt, other = usage["by_model"]
    assert gpt == {
        "model": "gpt",
        "input_tokens": 20,
        "output_tokens": 10,
        "cost": "0.000000000002",
        "request_count": 2,
    }
    assert (other["model"], other["cost"]) == ("a", "0")


async def test_usage_of_a_period_goes_back_180_days_at_most(management: Management) -> None:
    for days in (1, 100, 200):
        await put_request(management, ago=days * 24 * HOUR_AGO)
    now = datetime.now(UTC)

    async def count(**query: str) -> Any:
        return (await answered(management.admin.get(USAGE, params=query), 200))["total_request_count"]

    assert await count() == 3
    assert await count(start_date="2000-01-01T00:00:00Z") == 2
    assert await count(start_date=(now - timedelta(days=2)).isoformat()) == 1
    assert await count(end_date=(now - timedelta(days=50)).isoformat()) == 2
    assert await count(end_date=(now - timedelta(days=190)).isoformat()) == 1
    await refused(management.admin.get(USAGE, params={"start_date": "soon"}), 400)


async def test_others_usage_is_closed_to_everybody_but_the_administrator(management: Management) -> None:
    person, manager = await management.person(), await management.person(Role.PLATFORM_MANAGER)
    await put_request(management, user_id=uuid.UUID(person.id))
    for query in ({"user_id": management.admin_id}, {"user_id": str(uuid.uuid4())}):
        for client in (person.client, manager.client):
            assert (await client.get(USAGE, params=query)).status_code == 403
    for client in (person.client, management.admin):
        usage = await answered(client.get(USAGE, params={"user_id": person.id}), 200)
        assert usage["total_request_count"] == 1
    await refused(person.client.get(USAGE, params={"user_id": "me"}), 400)


async def test_absurd_counts_end_no_folding_and_count_as_much_as_fits(management: Management) -> None:
    for number in range(3):
        await put_request(management, input_tokens=2**63 - 1, cost=Decimal(10) ** 31)
        if number < 2:
            assert await Folding(management.engine).fold() == 1
    usage = await answered(management.admin.get(USAGE), 200)
    assert usage["total_input_tokens"] == 3 * MOST_TOKENS
    assert Decimal(usage["total_cost"]) == 3 * Decimal(10) ** 31
    for url in (AGGREGATE, f"{BY_USER}?model=gpt"):
        await answered(management.admin.get(url), 200)
