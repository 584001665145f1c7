"""`/analytics`: rows by whatever tells requests apart, with the stretch before, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.control.analytics.traffic import put_request
from tests.control.management import API, NIL, Management, answered, refused

from control_layer.recorder import Folding

URL = f"{API}/analytics"
_NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_DAY = {"start": "2026-09-20T00:00:00Z", "end": "2026-09-21T00:00:00Z"}


async def _rows(management: Management, **query: Any) -> list[dict[str, Any]]:
    answer = await answered(management.admin.get(URL, params={**_DAY, **query}), 200)
    assert answer["total_count"] == len(answer["data"])
    rows: list[dict[str, Any]] = answer["data"]
    return rows


def _told(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(name) for name in names) for row in rows]


async def test_requests_are_told_apart_by_one_or_two_dimensions(management: Management) -> None:
    one, two = await management.person(), await management.person()
    endpoint = {"endpoint_id": NIL, "attempts": f'[{{"endpoint_id": "{NIL}"}}]'}
    await put_request(
        management, at=_NOON, user_id=uuid.UUID(one.id), attempts=endpoint["attempts"], cached_input_tokens=4
    )
    await put_request(management, at=_NOON, user_id=uuid.UUID(one.id), model="other", status=429, cost=None)
    await Folding(management.engine).fold()
    await put_request(management, at=_NOON + _HOUR, user_id=uuid.UUID(two.id), purpose="batch")
    await put_request(management, at=_NOON - 24 * _HOUR, user_id=uuid.UUID(two.id))

    (everything,) = await _rows(management)
    assert (everything["requests"], everything["input_tokens"], everything["cost"]) == (3, 30, "0.50")
    assert (everything["unpriced_requests"], everything["cache_hits"], everything["avg_latency_ms"]) == (1, 1, 500)
    assert _told(await _rows(management, group_by="model"), "model", "requests") == [("gpt", 2), ("other", 1)]
    assert _told(await _rows(management, group_by="user"), "user_id", "user_email", "requests") == [
        (one.id, f"{one.username}@example.org", 2),
        (two.id, f"{two.username}@example.org", 1),
    ]
    by_model_and_status = await _rows(management, group_by="model,status", order_by="requests")
    assert _told(by_model_and_status, "model", "status", "requests") == [("gpt", 200, 2), ("other", 429, 1)]
    assert _told(await _rows(management, group_by="purpose"), "purpose", "requests") == [("realtime", 2), ("batch", 1)]
    assert _told(await _rows(management, group_by="endpoint"), "endpoint_id", "requests") == [(None, 2), (NIL, 1)]
    for unit, times in (
        ("hour", [_NOON, _NOON + _HOUR]),
        ("day", [_NOON - 12 * _HOUR]),
        ("minute", [_NOON, _NOON + _HOUR]),
    ):
        found = _told(await _rows(management, group_by=unit), "time")
        assert [datetime.fromisoformat(time) for (time,) in found] == times
    assert _told(await _rows(management, group_by="user,minute"), "user_id", "requests") == [(one.id, 2), (two.id, 1)]


async def test_rows_may_be_those_of_the_busiest_only(management: Management) -> None:
    for model, hours in (("busy", (0, 0, 1)), ("second", (0, 2)), ("rare", (1,))):
        for hour in hours:
            await put_request(management, at=_NOON + hour * _HOUR, model=model)
    await put_request(management, at=_NOON - 24 * _HOUR, model="rare")
    rows = await _rows(management, group_by="model,hour", top=2, compare="previous")
    assert _told(rows, "model", "requests") == [("busy", 2), ("second", 1), ("busy", 1), ("second", 1)]


async def test_rows_are_found_by_a_part_of_their_names(management: Management) -> None:
    one, two = await management.person(), await management.person()
    await put_request(management, at=_NOON, user_id=uuid.UUID(one.id), model="gpt-5_mini")
    await put_request(management, at=_NOON, user_id=uuid.UUID(two.id), model="gpt-5-mini")
    found = await _rows(management, group_by="model", search=" 5_MINI ")
    assert _told(found, "model") == [("gpt-5_mini",)]
    assert _told(await _rows(management, group_by="user", search=two.username), "user_id") == [(two.id,)]
    assert _told(await _rows(management, group_by="user,hour", search=one.username), "user_id") == [(one.id,)]
    assert len(await _rows(management, group_by="model,user", search="gpt")) == 2
    assert await _rows(management, group_by="key", search="no such key") == []
    assert len(await _rows(management, group_by="model", search=" ")) == 2
    await refused(management.admin.get(URL, params={**_DAY, "group_by": "status", "search": "2"}), 400)


async def test_what_kept_answers_saved_is_added_up_by_model_and_time(management: Management) -> None:
    saved: dict[str, Any] = {
        "saved_input_tokens": 30,
        "saved_output_tokens": 7,
        "saved_cost": Decimal("0.000000000001"),
    }
    for cache, more in (("hit", saved), ("hit", saved), ("coalesced", saved), ("miss", {}), ("bypass", {}), (None, {})):
        await put_request(management, at=_NOON, cache=cache, **more)
        if cache == "coalesced":
            await Folding(management.engine).fold()
    await put_request(management, at=_NOON + _HOUR, model="other")
    names = (
        *("response_cache_hits", "response_cache_misses", "response_cache_coalesced", "response_cache_hit_rate"),
        *("saved_input_tokens", "saved_output_tokens", "saved_cost"),
    )
    of_gpt, of_other = (2, 1, 1, 0.75, 90, 21, "0.000000000003"), (0, 0, 0, None, 0, 0, "0")
    assert _told(await _rows(management, group_by="model"), *names) == [of_gpt, of_other]
    assert _told(await _rows(management, group_by="hour"), *names) == [of_gpt, of_other]
    assert _told(await _rows(management, group_by="model", order_by="saved_cost"), "model") == [("gpt",), ("other",)]


async def test_groups_count_what_their_members_asked(management: Management) -> None:
    person, group = await management.person(), await management.group("a group")
    await management.admin.post(f"{API}/groups/{group}/users/{person.id}")
    for user in (person.id, management.admin_id):
        await put_request(management, at=_NOON, user_id=uuid.UUID(user))
    rows = await _rows(management, group_by="group")
    assert sorted(_told(rows, "group_name", "requests"), key=str) == [("a group", 1), (None, 1)]
    for other in ("user", "hour", "model"):
        for query in ({"group_by": f"group,{other}"}, {"group_by": f"{other},group", "compare": "previous"}):
            rows = await _rows(management, **query)
            assert sorted(_told(rows, "group_name", "requests"), key=str) == [("a group", 1), (None, 1)], query
    rows = await _rows(management, group_by="group,user", group_id=group)
    assert _told(rows, "group_name", "user_id", "requests") == [("a group", person.id, 1)]
    assert _told(await _rows(management, group_id=group), "requests") == [(1,)]
    assert _told(await _rows(management, group_id=NIL), "requests") == [(2,)]


async def test_filters_narrow_to_what_they_name(management: Management) -> None:
    user, key = uuid.uuid4(), uuid.uuid4()
    await put_request(management, at=_NOON, user_id=user, key_id=key, status=500)
    await put_request(management, at=_NOON, model="other", purpose="batch")
    for query in ({"user_id": user}, {"key_id": key}, {"status": 500}, {"model": "gpt"}, {"purpose": "realtime"}):
        assert _told(await _rows(management, group_by="model", **query), "model", "requests") == [("gpt", 1)], query
    assert await _rows(management, model="nobody's") == []


async def test_each_row_has_the_figures_of_the_stretch_before(management: Management) -> None:
    for hours, model, times in ((0, "gpt", 3), (1, "gpt", 1), (-24, "gpt", 2), (-23, "other", 1), (-48, "gpt", 5)):
        for _ in range(times):
            await put_request(management, at=_NOON + hours * _HOUR, model=model, duration_seconds=1.0 + hours)
        await Folding(management.engine).fold()
    rows = await _rows(management, group_by="model", compare="previous", percentiles=True)
    assert [(row["model"], row["requests"], row["previous"]["requests"]) for row in rows] == [
        ("gpt", 4, 2),
        ("other", 0, 1),
    ]
    assert rows[0]["latency_ms"]["p50"] == pytest.approx(1000, rel=0.01)
    assert "latency_ms" not in rows[1]
    by_hour = await _rows(management, group_by="hour", compare="previous", percentiles=True)
    assert [(row["time"][11:13], row["requests"], row["previous"]["requests"]) for row in by_hour] == [
        ("12", 3, 2),
        ("13", 1, 1),
    ]
    await refused(
        management.admin.get(
            URL, params={**_DAY, "start": "2026-09-20T00:30:00Z", "group_by": "hour", "compare": "previous"}
        ),
        400,
    )


async def test_percentiles_are_those_of_models_hours_and_days(management: Management) -> None:
    for number in range(1, 101):
        await put_request(
            management,
            at=_NOON + timedelta(minutes=number),
            duration_seconds=number / 100,
            first_byte_seconds=number / 1000,
            stream=number > 50,
        )
        if number == 60:
            await Folding(management.engine).fold()
    for query in ({}, {"group_by": "model"}, {"group_by": "day,model"}, {"group_by": "day", "model": "gpt"}):
        (row,) = await _rows(management, percentiles=True, **query)
        assert row["latency_ms"]["p95"] == pytest.approx(950.5, rel=0.01)
        assert row["first_token_ms"]["p50"] == pytest.approx(75.5, rel=0.01)
    assert len(await _rows(management, percentiles=True, group_by="hour,model")) == 2
    for query in ({"group_by": "user"}, {"group_by": "minute"}, {"status": "200"}, {"group_id": NIL}):
        await refused(management.admin.get(URL, params={**_DAY, **query, "percentiles": "true"}), 400)


async def test_pages_are_in_the_order_that_is_asked_for(management: Management) -> None:
    for number in range(5):
        await put_request(management, at=_NOON, model=f"m{number}", cost=None if number == 2 else Decimal(number))
    answer = await answered(
        management.admin.get(URL, params={**_DAY, "group_by": "model", "order_by": "cost", "skip": 1, "limit": 2}), 200
    )
    assert (answer["total_count"], _told(answer["data"], "model")) == (5, [("m3",), ("m1",)])
    rows = await _rows(management, group_by="model", order_by="cost", order_desc="false")
    assert _told(rows, "model") == [("m0",), ("m1",), ("m3",), ("m4",), ("m2",)]
    beyond = await answered(management.admin.get(URL, params={**_DAY, "group_by": "model", "skip": 9}), 200)
    assert (beyond["total_count"], beyond["data"]) == (5, [])


async def test_rows_have_the_same_percentiles_on_whatever_page_they_are(management: Management) -> None:
    for hours in (0, 1, 2, -24, -23, -22):
        for number in range(4):
            await put_request(management, at=_NOON + hours * _HOUR, duration_seconds=number + abs(hours))
        if hours == -24:
            await Folding(management.engine).fold()
    query = {"group_by": "hour", "percentiles": "true", "compare": "previous"}
    rows = await _rows(management, **query)
    assert len({row["latency_ms"]["p50"] for row in rows}) == 3
    for order in ("time", "requests"):
        for skip in range(3):
            page = await answered(
                management.admin.get(URL, params={**_DAY, **query, "order_by": order, "skip": skip, "limit": 1}), 200
            )
            assert page["data"] == [rows[skip]]


async def test_a_csv_has_every_row_and_no_formula(management: Management) -> None:
    for number in range(1200):
        name = '=HYPERLINK("x")' if number == 7 else f"m{number:04}"
        await put_request(management, at=_NOON, model=name, cost=Decimal("0.000000000001"))
    query = {**_DAY, "group_by": "model", "format": "csv", "compare": "previous", "limit": "5"}
    answer = await management.admin.get(URL, params=query)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    head, *rows = csv.reader(io.StringIO(answer.text))
    assert head[:2] == ["model", "requests"]
    assert "previous_cost" in head
    assert len(rows) == 1200
    assert {row[1] for row in rows} == {"1"}
    assert {row[head.index("cost")] for row in rows} == {"0.000000000001"}
    assert '\'=HYPERLINK("x")' in {row[0] for row in rows}


@pytest.mark.parametrize(
    "query",
    [
        {"group_by": "colour"},
        {"group_by": "model,user,day"},
        {"group_by": "model,model"},
        {"group_by": "hour,day"},
        {"start": "2026-09-21T00:00:00Z"},
        {"start": "0001-01-01T00:00:00Z"},
        {"end": "9999-12-31T23:59:59Z", "start": "9999-01-01T00:00:00Z"},
        {"start": "2025-09-21T00:00:00Z", "group_by": "hour"},
        {"start": "2026-09-01T00:00:00Z", "group_by": "minute"},
        {"group_by": "model", "top": "3"},
        {"group_by": "model,hour", "top": "0"},
        {"order_by": "time"},
        {"order_by": "shoe size"},
        {"compare": "next"},
        {"status": "ok"},
        {"format": "xlsx"},
    ],
)
async def test_questions_that_cannot_be_answered_are_refused(management: Management, query: dict[str, str]) -> None:
    await refused(management.admin.get(URL, params={**_DAY, **query}), 400)


async def test_everybody_sees_what_they_asked_and_nothing_of_others(management: Management) -> None:
    one, two = await management.person(), await management.person()
    url = f"{API}/usage/breakdown"
    key = await answered(management.admin.post(f"{API}/users/{one.id}/api-keys", json={"name": "nightly"}), 201)
    await put_request(management, at=_NOON, user_id=uuid.UUID(one.id), key_id=uuid.UUID(key["id"]))
    await put_request(management, at=_NOON, user_id=uuid.UUID(two.id), model="other")

    async def own(**query: Any) -> Any:
        return (await answered(one.client.get(url, params={**_DAY, **query}), 200))["data"]

    assert _told(await own(), "requests") == [(1,)]
    assert _told(await own(group_by="model,day"), "model", "requests") == [("gpt", 1)]
    assert _told(await own(group_by="key"), "key_name", "requests") == [("nightly", 1)]
    assert await own(model="other") == []
    file = await one.client.get(url, params={**_DAY, "group_by": "model", "format": "csv"})
    assert 'filename="usage.csv"' in file.headers["content-disposition"]
    assert [row["model"] for row in csv.DictReader(io.StringIO(file.text))] == ["gpt"]
    for query in ({"user_id": two.id}, {"group_id": NIL}, {"endpoint_id": NIL}, {"percentiles": "true"}):
        await refused(one.client.get(url, params={**_DAY, **query}), 400)
    for dimension in ("user", "group", "endpoint", "model,user"):
        await refused(one.client.get(url, params={**_DAY, "group_by": dimension}), 400)
    await refused(one.client.get(URL, params=_DAY), 403)
