"""`GET /requests` (§4.7)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.control.analytics.traffic import put_request
from tests.control.management import API, Management, answered, refused
from tests.control.plans import statements

from control_layer.control.permissions import Role
from control_layer.control.request_log.response_type import response_type

URL = f"{API}/requests"
_STATEMENTS = 8
"""Who is asking, what they may, the bounds of the query, and the query."""
_ALWAYS = {"id", "timestamp", "method", "uri"}


async def _entries(management: Management, **query: Any) -> list[dict[str, Any]]:
    page = await answered(management.admin.get(URL, params=query), 200)
    assert set(page) == {"entries"}
    return list(page["entries"])


async def test_an_entry_has_exactly_the_contracts_fields(management: Management) -> None:
    batch = uuid.uuid4()
    everything: dict[str, Any] = {
        "batch_id": batch,
        "custom_id": "my-1",
        "reasoning_tokens": 3,
        "input_price_per_token": Decimal("0.000001"),
        "output_price_per_token": Decimal("0.00002"),
    }
    await put_request(management, **everything)
    (entry,) = await _entries(management)
    timestamp = datetime.fromisoformat(entry.pop("timestamp"))
    assert datetime.now(UTC) - timestamp < timedelta(minutes=5)
    assert isinstance(entry.pop("id"), int)
    assert Decimal(entry.pop("input_price_per_token")) == Decimal("0.000001")
    assert Decimal(entry.pop("output_price_per_token")) == Decimal("0.00002")
    assert entry == {
        "method": "POST",
        "uri": "/ai/v1/chat/completions",
        "model": "gpt",
        "status_code": 200,
        "duration_ms": 500,
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "reasoning_tokens": 3,
        "total_tokens": 15,
        "response_type": "chat_completion",
        "fusillade_batch_id": str(batch),
        "custom_id": "my-1",
    }


async def test_details_say_who_asked_and_what_came_of_it(management: Management) -> None:
    person, gone = await management.person(), uuid.uuid4()
    id_ = await put_request(
        management,
        user_id=uuid.UUID(person.id),
        stream=True,
        first_byte_seconds=0.25,
        cost=Decimal("0.5"),
        cache="miss",
    )
    await put_request(management, ago=90, user_id=gone, status=502, outcome="failed", error="upstream_error", cost=None)
    first, second = (entry["details"] for entry in await _entries(management, include="details"))
    assert first == {
        "request_id": str(id_),
        "user": {"id": person.id, "name": f"{person.username}@example.org"},
        "stream": True,
        "outcome": "completed",
        "error": None,
        "first_byte_ms": 250.0,
        "cost": "0.5",
        "cache": "miss",
    }
    assert second["user"] == {"id": str(gone), "name": None}
    assert (second["outcome"], second["error"], second["cost"]) == ("failed", "upstream_error", None)


@pytest.mark.parametrize(
    ("path", "status", "stream", "kind"),
    [
        ("/ai/v1/chat/completions", 200, True, "chat_completion_stream"),
        ("/ai/v1/completions", 200, False, "completion"),
        ("/ai/v1/messages", 200, True, "message_stream"),
        ("/ai/v1/embeddings/", 200, False, "embeddings"),
        ("/ai/v2/rerank", 200, False, "rerank"),
        ("/ai/v1/videos", 201, False, "other"),
        ("/ai/v1/chat/completions", 429, True, None),
        ("/ai/v1/chat/completions", None, False, None),
    ],
)
def test_what_kind_of_answer_it_was(path: str, status: int | None, stream: bool, kind: str | None) -> None:
    assert response_type(path, status, stream=stream) == kind


async def test_what_is_unknown_is_left_out(management: Management) -> None:
    unknown: dict[str, Any] = dict.fromkeys(("status", "duration_seconds", "input_tokens", "output_tokens"))
    await put_request(management, outcome="lost", reasoning_tokens=0, **unknown)
    (entry,) = await _entries(management)
    assert set(entry) == _ALWAYS | {"model"}


async def test_pages_are_newest_first_and_can_be_turned_round(management: Management) -> None:
    for number in range(5):
        await put_request(management, ago=100 - number, status=200 + number)

    async def statuses(**query: Any) -> list[int]:
        return [entry["status_code"] for entry in await _entries(management, **query)]

    assert await statuses() == [204, 203, 202, 201, 200]
    assert await statuses(skip=1, limit=2) == [203, 202]
    assert await statuses(skip=1, limit=2, order_desc="false") == [202, 203]
    assert await statuses(limit=1000) == [204, 203, 202, 201, 200]


async def test_a_page_asks_the_database_as_much_however_long_it_is(management: Management) -> None:
    """S10: neither for each entry of a page, nor for what its filters leave out."""
    asked: list[int] = []
    for requests in (1, 40):
        for _ in range(requests):
            await put_request(management, user_id=uuid.uuid4(), model=f"m{requests}")
        for query in ({"limit": 101}, {"limit": 101, "model": f"m{requests}", "min_cost": "0"}):
            with statements(management) as sent:
                assert await _entries(management, **query)
            asked.append(len(sent))
    assert len(set(asked)) == 1
    assert asked[0] <= _STATEMENTS


async def test_filters_narrow_the_log(management: Management) -> None:
    batch = uuid.uuid4()
    await put_request(management, ago=10, status=200, duration_seconds=0.1, model="a")
    await put_request(management, ago=20, status=404, duration_seconds=1.0, method="GET", path="/ai/v1/models")
    await put_request(management, ago=30, status=500, duration_seconds=2.0, batch_id=batch, custom_id="Order_7")

    async def found(**query: Any) -> list[int]:
        return [entry["status_code"] for entry in await _entries(management, **query)]

    assert await found(method="GET") == [404]
    assert await found(uri_pattern="/ai/v1/mod%") == [404]
    assert await found(uri_pattern="/ai/v1") == []
    assert await found(status_code=500) == [500]
    assert await found(status_code_min=404) == [404, 500]
    assert await found(status_code_max=404) == [200, 404]
    assert await found(status_code_min=300, status_code_max=499) == [404]
    assert await found(min_duration_ms=1000) == [404, 500]
    assert await found(max_duration_ms=1000) == [200, 404]
    now = datetime.now(UTC)
    assert await found(timestamp_after=(now - timedelta(seconds=15)).isoformat()) == [200]
    assert await found(timestamp_before=(now - timedelta(seconds=15)).isoformat()) == [404, 500]
    assert await found(model="a") == [200]
    assert await found(model="A") == []
    assert await found(fusillade_batch_id=str(batch)) == [500]
    assert await found(custom_id="order_") == [500]
    assert await found(custom_id="order7") == []
    assert await found(custom_id="%") == []
    assert await found(status_code=500, model="a") == []


async def test_bounds_are_inclusive(management: Management) -> None:
    await put_request(management)
    (entry,) = await _entries(management)
    at = entry["timestamp"]
    assert await _entries(management, timestamp_after=at, timestamp_before=at) == [entry]


@pytest.mark.parametrize(
    "query",
    [
        {"status_code": "ok"},
        {"min_duration_ms": "1.5"},
        {"timestamp_after": "yesterday"},
        {"order_desc": "perhaps"},
        {"fusillade_batch_id": "batch_1"},
        {"status_code": 2**70},
    ],
)
async def test_parameters_that_cannot_be_read_are_refused(management: Management, query: dict[str, Any]) -> None:
    await refused(management.admin.get(URL, params=query), 400)


@pytest.mark.parametrize("role", Role)
async def test_only_request_viewers_and_the_administrator_read_the_log(management: Management, role: Role) -> None:
    person = await management.person(role)
    if role is Role.REQUEST_VIEWER:
        assert await answered(person.client.get(URL), 200) == {"entries": []}
    else:
        await refused(person.client.get(URL), 403, "Insufficient permissions to Read Requests")
