"""What was said is forgotten when somebody asks for it; what was used stays in the books."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from tests.control.analytics.traffic import put_request
from tests.control.management import API, Management, answered

from control_layer.control.permissions import Role

_BODIES = f"{API}/requests/bodies"


async def _put(management: Management, user: str, *, ago: float = 60.0, key: uuid.UUID | None = None) -> uuid.UUID:
    request = await put_request(
        management, ago=ago, user_id=uuid.UUID(user), key_id=key or uuid.uuid4(), model=f"model of {user}"
    )
    await management.sql(
        "INSERT INTO request_bodies (at, request_id, request, request_truncated, response, response_truncated) "
        "SELECT at, id, 'asked', false, 'answered', false FROM requests WHERE id = $1",
        request,
    )
    return request


async def _kept(management: Management, *requests: uuid.UUID) -> list[bool]:
    rows = await management.sql("SELECT request_id FROM request_bodies WHERE request_id = ANY ($1)", list(requests))
    there = {row.request_id for row in rows}
    return [request in there for request in requests]


async def test_people_erase_their_own_and_nobody_elses(management: Management) -> None:
    person, other = await management.person(), await management.person()
    mine, theirs = await _put(management, person.id), await _put(management, other.id)
    refused = await person.client.delete(_BODIES, params={"user_id": other.id})
    assert refused.status_code == 403
    answer = await answered(person.client.delete(_BODIES, params={"user_id": person.id}), 200)
    assert answer == {"erased": 1, "more": False}
    assert await _kept(management, mine, theirs) == [False, True]
    assert len(await management.sql("SELECT 1 FROM requests WHERE id = $1", mine)) == 1
    assert await answered(person.client.delete(_BODIES, params={"user_id": person.id}), 200) == {
        "erased": 0,
        "more": False,
    }


async def test_the_administrator_erases_anybodys_up_to_a_moment(management: Management) -> None:
    person = await management.person()
    old, new = await _put(management, person.id, ago=7200), await _put(management, person.id, ago=60)
    before = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    asked = {"user_id": person.id, "before": before}
    assert (await answered(management.admin.delete(_BODIES, params=asked), 200))["erased"] == 1
    assert await _kept(management, old, new) == [False, True]


async def test_those_of_one_key_are_erased_even_when_it_is_gone(management: Management) -> None:
    person = await management.person()
    made = await answered(management.admin.post(f"{API}/users/{person.id}/api-keys", json={"name": "k"}), 201)
    one, other = await _put(management, person.id, key=uuid.UUID(made["id"])), await _put(management, person.id)
    await answered(management.admin.delete(f"{API}/users/{person.id}/api-keys/{made['id']}"), 204)
    answer = await answered(person.client.delete(_BODIES, params={"key_id": made["id"]}), 200)
    assert answer["erased"] == 1
    assert await _kept(management, one, other) == [False, True]


@pytest.mark.parametrize("params", [{}, {"user_id": str(uuid.uuid4()), "key_id": str(uuid.uuid4())}])
async def test_whose_they_are_must_be_said(management: Management, params: dict[str, str]) -> None:
    assert (await management.admin.delete(_BODIES, params=params)).status_code == 400


@pytest.mark.parametrize("role", [Role.REQUEST_VIEWER, Role.PLATFORM_MANAGER])
async def test_no_role_erases_what_others_said(management: Management, role: Role) -> None:
    viewer = await management.person(role)
    for params in ({"user_id": str(uuid.uuid4())}, {"key_id": str(uuid.uuid4())}):
        assert (await viewer.client.delete(_BODIES, params=params)).status_code == 403
