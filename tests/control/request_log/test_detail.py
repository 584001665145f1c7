"""One request whole."""

from __future__ import annotations

import json
import time
import uuid
from decimal import Decimal
from typing import Any

import pytest
from tests.control.analytics.traffic import put_request
from tests.control.management import API, Management, answered, refused

URL = f"{API}/requests"


def _uuid7(ago: float = 60.0) -> uuid.UUID:
    ms = int((time.time() - ago) * 1000)
    return uuid.UUID(int=(ms << 80 | 7 << 76 | 2 << 62) + uuid.uuid4().int % 2**48)


async def _put_bodies(management: Management, request: uuid.UUID, asked: bytes, said: bytes, **more: Any) -> None:
    await management.sql(
        """
        INSERT INTO request_bodies (
            at, request_id, request, request_truncated, response, response_truncated, redacted
        ) SELECT at, id, $2, false, $3, true, CAST($4 AS jsonb) FROM requests WHERE id = $1
        """,
        request,
        asked,
        said,
        json.dumps(more) if more else None,
    )


async def test_everything_that_is_known_is_shown_with_what_things_are_called_now(management: Management) -> None:
    person = await management.person()
    key = await answered(management.admin.post(f"{API}/users/{person.id}/api-keys", json={"name": "ci"}), 201)
    made = {"name": f"e-{uuid.uuid4()}", "url": "http://provider.test/v1", "skip_fetch": True, "model_filter": ["up"]}
    endpoint = await answered(management.admin.post(f"{API}/endpoints", json=made), 201)
    gone = str(uuid.uuid4())
    budget = {"name": "b", "scope": "user", "scope_id": person.id, "amount": "5", "period": "day"}
    budget = await answered(management.admin.post(f"{API}/budgets", json=budget), 201)
    attempts = [
        {"deployment_id": gone, "endpoint_id": gone, "status": None, "error": "idle_timeout",
         "started_seconds": 0.001, "duration_seconds": 0.25, "wasted_input_tokens": 9, "wasted_output_tokens": None,
         "wasted_cost": "0.000000000002"},
        {"deployment_id": None, "endpoint_id": endpoint["id"], "status": 200, "error": None, "duration_seconds": 0.5},
    ]  # fmt: skip
    request = await put_request(
        management,
        id=_uuid7(),
        user_id=uuid.UUID(person.id),
        key_id=uuid.UUID(key["id"]),
        attempts=attempts,
        cached_input_tokens=4,
        token_source="provider",
        first_byte_seconds=0.3,
        finish_reason="stop",
        cost=Decimal("0.000000000001"),
        wasted_cost=Decimal("0.000000000002"),
        budgets=[{"id": budget["id"], "window": "2026-11-26T00:00:00+00:00"}],
        client_request_id="mine",
        upstream_request_id="req_1",
        user_agent="curl",
    )
    detail = await answered(management.admin.get(f"{URL}/{request}"), 200)
    assert detail["id"] == str(request)
    assert detail["state"] == "ended"
    assert detail["user"] == {"id": person.id, "name": f"{person.username}@example.org"}
    assert detail["key"] == {"id": key["id"], "name": "ci"}
    assert detail["attempts"] == [
        {"deployment": {"id": gone, "name": None}, "endpoint": {"id": gone, "name": None}, "status": None,
         "error": "idle_timeout", "started_ms": 1.0, "duration_ms": 250.0,
         "wasted_input_tokens": 9, "wasted_output_tokens": None, "wasted_cost": "0.000000000002"},
        {"deployment": None, "endpoint": {"id": endpoint["id"], "name": endpoint["name"]}, "status": 200,
         "error": None, "started_ms": None, "duration_ms": 500.0,
         "wasted_input_tokens": None, "wasted_output_tokens": None, "wasted_cost": None},
    ]  # fmt: skip
    assert (detail["tokens"]["input"], detail["tokens"]["cached_input"], detail["tokens"]["source"]) == (
        10,
        4,
        "provider",
    )
    assert Decimal(detail["cost"]) == Decimal("0.000000000001")
    assert detail["wasted_cost"] == "0.000000000002"
    assert detail["budgets"] == [{"id": budget["id"], "name": "b", "window": "2026-11-26T00:00:00Z"}]
    assert (detail["client_request_id"], detail["provider_request_id"]) == ("mine", "req_1")
    assert (detail["first_byte_ms"], detail["duration_ms"], detail["finish_reason"]) == (300.0, 500.0, "stop")
    assert "bodies" not in detail
    by_number = await answered(management.admin.get(f"{URL}/{detail['log_id']}"), 200)
    assert by_number == detail


@pytest.mark.parametrize("ago", [0.0, 60.0, 3600.0])
async def test_it_is_found_though_its_body_came_slowly(management: Management, ago: float) -> None:
    request = await put_request(management, ago=10.0, id=_uuid7(10.0 + ago))
    assert (await answered(management.admin.get(f"{URL}/{request}"), 200))["id"] == str(request)


async def test_bodies_are_shown_where_they_are_asked_for_and_kept(management: Management) -> None:
    bare, full = await put_request(management, id=_uuid7()), await put_request(management, id=_uuid7())
    await _put_bodies(management, full, b'{"model": "gpt", "n": 1}', b"data: cut", secrets=2)
    assert "bodies" not in await answered(management.admin.get(f"{URL}/{full}"), 200)
    assert "bodies" not in await answered(management.admin.get(f"{URL}/{bare}?include=bodies"), 200)
    assert (await answered(management.admin.get(f"{URL}/{full}?include=bodies"), 200))["bodies"] == {
        "request": {"kind": "json", "content": {"model": "gpt", "n": 1}, "truncated": False},
        "response": {"kind": "text", "content": "data: cut", "truncated": True},
        "redacted": {"secrets": 2},
    }
    await management.sql("UPDATE request_bodies SET request = $1 WHERE request_id = $2", b"\xff\x00", full)
    shown = (await answered(management.admin.get(f"{URL}/{full}?include=bodies"), 200))["bodies"]
    assert shown["request"] == {"kind": "base64", "content": "/wA=", "truncated": False}


async def test_heads_are_shown_with_bodies_and_not_of_what_was_recorded_without_them(management: Management) -> None:
    request = await put_request(management, id=_uuid7())
    await _put_bodies(management, request, b"{}", b"{}")
    url = f"{URL}/{request}?include=bodies"
    assert "headers" not in await answered(management.admin.get(url), 200)
    await management.sql(
        "UPDATE request_bodies SET request_headers = CAST($1 AS jsonb) WHERE request_id = $2",
        json.dumps([["x-team", "search"], ["cookie", "…"]]),
        request,
    )
    assert (await answered(management.admin.get(url), 200))["headers"] == {
        "request": [{"name": "x-team", "value": "search"}, {"name": "cookie", "value": "…"}],
        "response": [],
    }
    assert "headers" not in await answered(management.admin.get(f"{URL}/{request}"), 200)


async def test_one_that_is_under_way_is_found_too(management: Management) -> None:
    request = _uuid7()
    await management.sql(
        "INSERT INTO open_requests (id, at, worker_id, key_id, user_id, model, model_id, method, path, stream) "
        "VALUES ($1, now(), $1, $1, $2, 'gpt', $1, 'POST', '/ai/v1/chat/completions', true)",
        request,
        uuid.UUID(management.admin_id),
    )
    detail = await answered(management.admin.get(f"{URL}/{request}?include=bodies"), 200)
    assert (detail["state"], detail["log_id"], detail["outcome"], detail["attempts"]) == ("open", None, None, [])
    assert detail["user"]["id"] == management.admin_id


@pytest.mark.parametrize("id_", [str(uuid.UUID(int=7 << 76 | 2 << 62)), str(uuid.UUID(int=2**128 - 1)), "0", "1" * 30])
async def test_what_is_not_there_is_not_found(management: Management, id_: str) -> None:
    await refused(management.admin.get(f"{URL}/{id_}"), 404)


async def test_what_is_no_id_is_refused(management: Management) -> None:
    await refused(management.admin.get(f"{URL}/req_1"), 400)
    request = await put_request(management, id=_uuid7())
    await refused(management.admin.get(f"{URL}/{request}?include=headers"), 400)
