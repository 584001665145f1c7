"""Filters of ours beside the contract's, and paging by what was seen last."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from tests.control.analytics.traffic import put_request
from tests.control.management import API, Management, answered, refused

from control_layer.control.request_log import queries

URL = f"{API}/requests"


async def _found(management: Management, **query: Any) -> list[str]:
    page = await answered(management.admin.get(URL, params=query), 200)
    return [entry["model"] for entry in page["entries"]]


async def test_each_narrows_the_log(management: Management) -> None:
    person = await management.person()
    key = await answered(management.admin.post(f"{API}/users/{person.id}/api-keys", json={"name": "k"}), 201)
    group = await answered(management.admin.post(f"{API}/groups", json={"name": f"g-{uuid.uuid4()}"}), 201)
    await answered(management.admin.post(f"{API}/groups/{group['id']}/users/{person.id}"), 204)
    endpoint = uuid.uuid4()
    attempts = [{"endpoint_id": str(uuid.uuid4())}, {"endpoint_id": str(endpoint)}]
    await put_request(management, model="theirs", user_id=uuid.UUID(person.id), key_id=uuid.UUID(key["id"]))
    await put_request(management, model="dear", cost=Decimal("1.5"), input_tokens=9000, output_tokens=None)
    await put_request(management, model="failed", outcome="failed", status=502, error="model_unavailable")
    await put_request(management, model="cut", finish_reason="length", stream=True, client_request_id="abc-1")
    await put_request(management, model="batch", purpose="batch")
    await put_request(management, model="elsewhere", attempts=attempts)

    assert await _found(management, user_id=person.id) == ["theirs"]
    assert await _found(management, key_id=key["id"]) == ["theirs"]
    assert await _found(management, group_id=group["id"]) == ["theirs"]
    assert len(await _found(management, group_id=str(uuid.UUID(int=0)))) == 6
    assert await _found(management, endpoint_id=str(endpoint)) == ["elsewhere"]
    assert await _found(management, endpoint_id=attempts[0]["endpoint_id"]) == []
    assert await _found(management, purpose="batch") == ["batch"]
    assert await _found(management, outcome="failed") == ["failed"]
    assert await _found(management, error="model_unavailable") == ["failed"]
    assert await _found(management, finish_reason="length") == ["cut"]
    assert await _found(management, stream="true") == ["cut"]
    assert await _found(management, min_cost="1") == ["dear"]
    assert await _found(management, min_tokens=9000) == ["dear"]
    assert await _found(management, request_id="abc-1") == ["cut"]
    assert await _found(management, user_id=person.id, outcome="failed") == []
    for unknown in ("user_id", "key_id", "group_id", "endpoint_id"):
        assert await _found(management, **{unknown: str(uuid.uuid4())}) == []


async def test_the_last_entrys_id_leads_to_the_next_page(management: Management) -> None:
    for number in range(5):
        await put_request(management, ago=100 - number, model=f"m{number}")
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        entries = (await answered(management.admin.get(URL, params=query), 200))["entries"]
        seen += (entry["model"] for entry in entries)
        if len(entries) < 2:
            break
        query["before"] = entries[-1]["id"]
    assert seen == ["m4", "m3", "m2", "m1", "m0"]


@pytest.mark.parametrize(
    "query",
    [{"before": 0}, {"before": 2**70}, {"before": 10**15}, {"outcome": "odd"}, {"min_cost": "-1"}, {"min_cost": "NaN"}],
)
async def test_what_makes_no_sense_is_refused(management: Management, query: dict[str, Any]) -> None:
    await refused(management.admin.get(URL, params=query), 400)


async def test_what_takes_too_long_is_refused_with_advice(
    management: Management, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put_request(management)
    hurried = text("SELECT set_config('statement_timeout', '1ms', true)")
    monkeypatch.setattr(queries, "_BOUNDS", hurried)
    slow = text("pg_sleep(1) IS NULL")
    monkeypatch.setattr("control_layer.control.request_log.filters.Filter.condition", lambda _: slow)
    for path in (URL, f"{URL}/export"):
        answer = await management.admin.get(path)
        assert answer.status_code == 400
        assert "timestamp_after" in answer.text
