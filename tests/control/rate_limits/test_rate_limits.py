"""`/rate-limits`: what can be said, who may say and see it, and what gateways are told."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from tests.control.management import API, Management, answered, refused
from tests.control.models.calls import MODELS, standard

LIMITS = f"{API}/rate-limits"


def _limit(scope_id: str, **fields: Any) -> dict[str, Any]:
    return {"name": "a limit", "scope": "user", "scope_id": scope_id, "kind": "requests", "amount": 60, **fields}


async def test_a_limit_is_made_changed_and_lifted(management: Management) -> None:
    admin, person = management.admin, await management.person()
    wanted = _limit(person.id, per="minute", burst=10)
    made = await answered(admin.post(LIMITS, json=wanted), 201)
    assert made == {
        **made, **wanted, "scope_name": f"{person.username}@example.org", "queue_seconds": 0.0, "queue_length": 0,
        "created_by": made["created_by"],
    }  # fmt: skip
    assert await answered(admin.get(f"{LIMITS}/{made['id']}"), 200) == made
    changed = await answered(admin.patch(f"{LIMITS}/{made['id']}", json={"amount": 5, "burst": None}), 200)
    assert (changed["amount"], changed["burst"], changed["per"]) == (5, None, "minute")
    await answered(admin.delete(f"{LIMITS}/{made['id']}"), 204)
    await refused(admin.get(f"{LIMITS}/{made['id']}"), 404)


async def test_lists_name_what_limits_are_for(management: Management) -> None:
    admin, person = management.admin, await management.person()
    key = await answered(admin.post(f"{API}/users/{person.id}/api-keys", json={"name": "ci"}), 201)
    group = await answered(admin.post(f"{API}/groups", json={"name": "Writers"}), 201)
    for scope, scope_id in (("key", key["id"]), ("group", group["id"]), ("user", person.id)):
        await answered(admin.post(LIMITS, json=_limit(scope_id, scope=scope, per="minute")), 201)
    listed = (await answered(admin.get(LIMITS), 200))["data"]
    assert {(each["scope"], each["scope_name"]) for each in listed} == {
        ("key", "ci"), ("group", "Writers"), ("user", f"{person.username}@example.org"),
    }  # fmt: skip


async def test_a_name_tells_limits_of_one_subject_apart(management: Management) -> None:
    admin, person, other = management.admin, await management.person(), await management.person()
    wanted = _limit(person.id, per="minute")
    await answered(admin.post(LIMITS, json=wanted), 201)
    await refused(admin.post(LIMITS, json=wanted), 409)
    await answered(admin.post(LIMITS, json={**wanted, "scope_id": other.id}), 201)
    second = await answered(admin.post(LIMITS, json={**wanted, "name": "another"}), 201)
    await refused(admin.patch(f"{LIMITS}/{second['id']}", json={"name": " a limit "}), 409)
    await answered(admin.patch(f"{LIMITS}/{second['id']}", json={"name": "another"}), 200)
    await refused(admin.patch(f"{LIMITS}/{uuid.uuid4()}", json={"name": "a limit"}), 404)


async def test_of_two_that_make_one_limit_at_once_one_is_refused(management: Management) -> None:
    person = await management.person()
    wanted = _limit(person.id, per="minute")
    answers = await asyncio.gather(*(management.admin.post(LIMITS, json=wanted) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_requests_that_wait(management: Management) -> None:
    person = await management.person()
    wanted = _limit(person.id, kind="concurrency", amount=4, queue_seconds=2.5)
    made = await answered(management.admin.post(LIMITS, json=wanted), 201)
    assert (made["per"], made["burst"], made["queue_seconds"], made["queue_length"]) == (None, None, 2.5, 100)


async def test_minutes_of_sessions(management: Management) -> None:
    person = await management.person()
    wanted = _limit(person.id, kind="session_minutes", amount=60, per="day")
    made = await answered(management.admin.post(LIMITS, json=wanted), 201)
    assert (made["kind"], made["amount"], made["per"], made["burst"]) == ("session_minutes", 60, "day", None)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"kind": "concurrency", "per": "minute"}, 400),
        ({"kind": "concurrency", "burst": 3}, 400),
        ({"kind": "session_minutes"}, 400),
        ({"per": "minute", "queue_seconds": 1}, 400),
        ({"kind": "session_minutes", "per": "day", "queue_seconds": 1}, 400),
        ({"per": "minute", "scope_id": str(uuid.uuid4())}, 400),
        ({"per": "minute", "name": "  "}, 400),
        ({"per": "minute", "amount": 0}, 422),
        ({"per": "minute", "amount": 1.5}, 422),
        ({"per": "hour"}, 422),
        ({"per": "minute", "burst": 0}, 422),
        ({"kind": "concurrency", "queue_seconds": 31}, 422),
        ({"kind": "concurrency", "queue_length": -1}, 422),
        ({"per": "minute", "scope": "endpoint"}, 422),
    ],
)
async def test_what_makes_no_sense_is_refused(management: Management, fields: dict[str, Any], status: int) -> None:
    person = await management.person()
    await refused(management.admin.post(LIMITS, json={**_limit(person.id), **fields}), status)
    assert await management.sql("SELECT 1 FROM rate_limits") == []


async def test_people_see_the_limits_that_concern_them(management: Management) -> None:
    admin, person, other = management.admin, await management.person(), await management.person()
    group = await management.group()
    await answered(admin.post(f"{API}/groups/{group}/users/{person.id}"), 204)
    model = (await standard(management))["id"]
    own, of_group, _, _ = [
        (await answered(admin.post(LIMITS, json=_limit(scope_id, scope=scope, per="day")), 201))["id"]
        for scope, scope_id in (("user", person.id), ("group", group), ("user", other.id), ("model", model))
    ]
    seen = await answered(person.client.get(LIMITS), 200)
    assert {limit["id"] for limit in seen["data"]} == {own, of_group}
    everything = await answered(admin.get(LIMITS), 200)
    assert everything["total_count"] == 4
    some = await answered(admin.get(f"{LIMITS}?scope=group&scope_id={group}"), 200)
    assert [limit["id"] for limit in some["data"]] == [of_group]


async def test_a_limit_goes_with_what_it_is_for(management: Management) -> None:
    admin, person, model = management.admin, await management.person(), await standard(management)
    for scope, scope_id in (("user", person.id), ("model", model["id"])):
        await answered(admin.post(LIMITS, json=_limit(scope_id, scope=scope, per="day")), 201)
    await answered(admin.delete(f"{MODELS}/{model['id']}"), 200)
    await answered(admin.delete(f"{API}/users/{person.id}"), 204)
    assert (await answered(admin.get(LIMITS), 200))["total_count"] == 0
