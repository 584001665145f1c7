"""API keys (§4.2): shapes, whose they are, what may be seen of them, and when their secrets die."""

from __future__ import annotations

import asyncio
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.control.management import API, NIL, Management, Person, answered, refused

_KEY_FIELDS = {
    "id", "name", "prefix", "description", "purpose", "user_id", "created_by", "created_at", "last_used",
    "model_access",
    "requests_per_second", "burst_size", "inherited_rate_limit", "secret_revealed_at", "spend_limit",
    "spend_limit_interval", "spend", "total_spend", "resets_at", "expires_at", "models",
    "zero_data_retention", "caching", "previous_secret_expires_at",
}  # fmt: skip
_SECRET = re.compile(r"sk-[A-Za-z0-9_-]{43}")


async def _made(client: httpx.AsyncClient, user: str = "current", **body: Any) -> dict[str, Any]:
    made: dict[str, Any] = await answered(client.post(f"{API}/users/{user}/api-keys", json={"name": "ci"} | body), 201)
    return made


async def _works(management: Management, secret: str) -> bool:
    """Whether a platform key opens the management API."""
    client = await management.client(authorization=f"Bearer {secret}")
    response = await client.get(f"{API}/config")
    assert response.status_code in {200, 401}
    return response.status_code == 200


async def test_made_key_has_exactly_the_contracts_fields_and_its_secret(management: Management) -> None:
    person = await management.person()
    key = await _made(person.client, description="for CI", requests_per_second=2.5, burst_size=3)
    assert set(key) == _KEY_FIELDS | {"key"}
    assert _SECRET.fullmatch(key["key"])
    expected: dict[str, Any] = {
        "name": "ci",
        "description": "for CI",
        "purpose": "realtime",
        "user_id": person.id,
        "created_by": person.id,
        "last_used": None,
        "model_access": [],
        "requests_per_second": 2.5,
        "burst_size": 3,
        "inherited_rate_limit": None,
        "spend_limit": None,
        "spend_limit_interval": None,
        "spend": None,
        "total_spend": None,
        "resets_at": None,
        "expires_at": None,
        "models": None,
        "zero_data_retention": False,
        "caching": None,
        "previous_secret_expires_at": None,
    }
    assert {name: key[name] for name in expected} == expected
    assert key["secret_revealed_at"] is not None
    assert key["key"].startswith(key["prefix"])
    assert len(key["prefix"]) < 16
    del key["key"]
    assert await answered(person.client.get(f"{API}/users/current/api-keys/{key['id']}"), 200) == key
    page = await answered(person.client.get(f"{API}/users/{person.id}/api-keys?limit=1"), 200)
    assert page == {"data": [key], "total_count": 2, "skip": 0, "limit": 1}  # newest first; the other is the fixture's


async def test_a_list_is_searched_and_sorted(management: Management) -> None:
    person = await management.person()  # with the key "test"
    billing = await _made(
        person.client, name="Billing 100%", description="of the shop", expires_at="2099-01-01T00:00:00Z"
    )
    await _made(person.client, name="analysis")
    url = f"{API}/users/current/api-keys"

    async def found(query: str) -> list[str]:
        page = await answered(person.client.get(f"{url}?{query}"), 200)
        assert page["total_count"] == len(page["data"])
        return [key["name"] for key in page["data"]]

    assert await found("") == ["analysis", "Billing 100%", "test"]
    assert await found("sort=name") == ["analysis", "Billing 100%", "test"]
    assert await found("sort=name&sort_direction=desc") == ["test", "Billing 100%", "analysis"]
    assert await found("sort=created_at&sort_direction=asc") == ["test", "Billing 100%", "analysis"]
    assert await found("sort=expires_at") == ["Billing 100%", "analysis", "test"]
    for search in ("bILL", "SHOP", "0%25", billing["prefix"]):
        assert await found(f"search={search}") == ["Billing 100%"]
    assert await found("search=%20") == ["analysis", "Billing 100%", "test"]
    assert await found("search=_%25") == []
    for query in ("sort=secret_digest", "sort_direction=up", "search=%00"):
        await refused(person.client.get(f"{url}?{query}"), 400)


async def test_hidden_keys_are_nowhere_to_be_seen(management: Management) -> None:
    page = await answered(management.admin.get(f"{API}/users/current/api-keys"), 200)
    assert (page["data"], page["total_count"]) == ([], 0)
    rows = await management.sql("SELECT id, purpose, hidden_secret FROM api_keys WHERE user_id <> $1", uuid.UUID(NIL))
    secrets = {row.purpose: row.hidden_secret for row in rows}
    assert (len(rows), sorted(secrets), secrets["playground"]) == (2, ["batch", "playground"], None)
    for row in rows:
        url = f"{API}/users/current/api-keys/{row.id}"
        await refused(management.admin.get(url), 404)
        await refused(management.admin.patch(url, json={}), 404)
        await refused(management.admin.delete(url), 404)
        await refused(management.admin.post(f"{url}/rotate"), 404)
        await refused(management.admin.post(f"{url}/reveal"), 404)
        if row.hidden_secret is not None:
            assert management.services.key_secrets.open(row.hidden_secret, str(row.id)).startswith("sk-")


@pytest.mark.parametrize("purpose", ["batch", "playground"])
async def test_purposes_of_the_server_are_refused(management: Management, purpose: str) -> None:
    text = (
        "Cannot manually create API keys with 'batch' or 'playground' purpose. "
        "These are reserved for internal system use."
    )
    body = {"name": "x", "purpose": purpose}
    await refused(management.admin.post(f"{API}/users/current/api-keys", json=body), 400, text)
    person = await management.person()
    # whose account it is comes first
    await refused(person.client.post(f"{API}/users/{management.admin_id}/api-keys", json=body), 403)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"name": 5}, 422),
        ({"name": "x", "purpose": "nonsense"}, 422),
        ({"name": "x", "burst_size": 1.5}, 422),
        ({"name": "x", "burst_size": 2**40}, 422),
        ({"name": "x", "requests_per_second": "2"}, 422),
        ({"name": "x", "expires_at": "2030-01-01T00:00:00"}, 422),
        ({"name": "x", "models": "gpt"}, 422),
        ({"name": "x", "spend_limit": "ten"}, 422),
        ({"name": "x", "spend_limit": 5, "spend_limit_interval": "hourly"}, 422),
        ({"name": " "}, 400),
        ({"name": "x", "spend_limit": 0}, 400),
        ({"name": "x", "spend_limit": "-1.5"}, 400),
        ({"name": "x", "spend_limit_interval": "daily"}, 400),
        ({"name": "x", "requests_per_second": 0}, 400),
        ({"name": "x", "burst_size": 0}, 400),
        ({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}, 400),
    ],
)
async def test_bodies_are_refused_before_the_owner_is_looked_at(
    management: Management, body: dict[str, Any], status: int
) -> None:
    person = await management.person()
    await refused(person.client.post(f"{API}/users/{management.admin_id}/api-keys", json=body), status)


@pytest.mark.parametrize("body", [{"name": " "}, {"spend_limit": 0}, {"burst_size": 0}])
async def test_changes_are_refused_before_the_owner_is_looked_at(management: Management, body: dict[str, Any]) -> None:
    person = await management.person()
    url = f"{API}/users/{management.admin_id}/api-keys/{uuid.uuid4()}"
    await refused(person.client.patch(url, json=body), 400)


async def test_empty_name_has_the_contracts_text(management: Management) -> None:
    body = {"name": ""}
    await refused(
        management.admin.post(f"{API}/users/current/api-keys", json=body), 400, "API key name cannot be empty"
    )


async def test_organization_members_are_refused_on_a_persons_account(management: Management) -> None:
    person = await management.person()
    body = {"name": "x", "member_id": person.id}
    await refused(person.client.post(f"{API}/users/current/api-keys", json=body), 403)
    await refused(management.admin.post(f"{API}/users/{person.id}/api-keys", json=body), 400)


async def test_names_are_unique_per_owner_and_free_after_deletion(management: Management) -> None:
    person, other = await management.person(), await management.person()
    answers = await asyncio.gather(
        *(person.client.post(f"{API}/users/current/api-keys", json={"name": "ci"}) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    refusal = next(answer for answer in answers if answer.status_code == 409)
    assert refusal.json() == {"message": "Resource already exists", "resource": "unknown"}
    await _made(other.client)
    (made,) = (answer.json() for answer in answers if answer.status_code == 201)
    await answered(person.client.delete(f"{API}/users/current/api-keys/{made['id']}"), 204)
    await _made(person.client)


async def test_nobody_touches_the_keys_of_others(management: Management) -> None:
    person, other = await management.person(), await management.person()
    key = await _made(other.client)
    for owner in (other.id, management.admin_id, str(uuid.uuid4())):
        url = f"{API}/users/{owner}/api-keys"
        await refused(person.client.get(url), 403, "Insufficient permissions to Read ApiKeys")
        await refused(person.client.post(url, json={"name": "x"}), 403, "Insufficient permissions to Create ApiKeys")
        await refused(person.client.get(f"{url}/{key['id']}"), 403)
        await refused(person.client.patch(f"{url}/{key['id']}", json={}), 403)
        await refused(person.client.post(f"{url}/{key['id']}/rotate"), 403)
        await refused(person.client.post(f"{url}/{key['id']}/reveal"), 403)
        await refused(person.client.delete(f"{url}/{key['id']}"), 403)
    await refused(person.client.get(f"{API}/users/current/api-keys/{key['id']}"), 404)
    await refused(management.admin.get(f"{API}/users/current/api-keys/{key['id']}"), 404)
    await refused(management.admin.get(f"{API}/users/{uuid.uuid4()}/api-keys"), 404)
    await refused(management.admin.get(f"{API}/users/{NIL}/api-keys"), 404)


async def test_created_by_filters_for_those_who_see_all(management: Management) -> None:
    person, other = await management.person(), await management.person()
    url = f"{API}/users/{person.id}/api-keys"
    assert (await answered(management.admin.get(f"{url}?created_by={person.id}"), 200))["total_count"] == 1
    assert (await answered(management.admin.get(f"{url}?created_by={other.id}"), 200))["total_count"] == 0
    assert (await answered(person.client.get(f"{url}?created_by={person.id}"), 200))["total_count"] == 1
    await refused(person.client.get(f"{url}?created_by={other.id}"), 403)
    await refused((await management.client()).get(f"{url}?created_by=nobody"), 400)


async def test_patch_changes_what_is_given_and_keeps_null(management: Management) -> None:
    person = await management.person()
    key = await _made(person.client, description="text", requests_per_second=1, burst_size=2)
    url = f"{API}/users/current/api-keys/{key['id']}"
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    changed = await answered(
        person.client.patch(
            url, json={"name": "new", "expires_at": tomorrow, "models": ["a"], "zero_data_retention": True}
        ),
        200,
    )
    assert set(changed) == _KEY_FIELDS
    assert (changed["name"], changed["models"], changed["zero_data_retention"]) == ("new", ["a"], True)
    assert datetime.fromisoformat(changed["expires_at"]) == datetime.fromisoformat(tomorrow)
    nulls = {"name": None, "description": None, "requests_per_second": None, "burst_size": None}
    kept = await answered(person.client.patch(url, json=nulls), 200)
    assert kept == changed
    cleared = await answered(person.client.patch(url, json={"expires_at": None, "models": None}), 200)
    assert (cleared["expires_at"], cleared["models"], cleared["zero_data_retention"]) == (None, None, True)


async def test_a_key_says_whose_kept_answers_it_wants_at_most(management: Management) -> None:
    person = await management.person()
    key = await _made(person.client, caching="user")
    assert key["caching"] == "user"
    url = f"{API}/users/current/api-keys/{key['id']}"
    for body, caching in (({"caching": "off"}, "off"), ({"name": "new"}, "off"), ({"caching": None}, None)):
        assert (await answered(person.client.patch(url, json=body), 200))["caching"] == caching
    await refused(person.client.patch(url, json={"caching": "shared"}), 422)  # no wider than what models say


async def _made_for(management: Management, person: Person) -> dict[str, Any]:
    return await _made(management.admin, person.id, name="given", purpose="platform")


async def test_key_made_for_somebody_else_shows_its_secret_to_the_holder_once(management: Management) -> None:
    person = await management.person()
    key = await _made_for(management, person)
    assert (key["user_id"], key["created_by"], key["secret_revealed_at"]) == (person.id, person.id, None)
    url = f"{API}/users/{person.id}/api-keys/{key['id']}"
    await refused(management.admin.post(f"{url}/reveal"), 404)
    answers = await asyncio.gather(*(person.client.post(f"{url}/reveal") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    (shown,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert shown == {"key": key["key"]}
    assert (await answered(person.client.get(url), 200))["secret_revealed_at"] is not None


async def test_own_key_cannot_be_revealed(management: Management) -> None:
    person = await management.person()
    key = await _made(person.client)
    body = await answered(person.client.post(f"{API}/users/current/api-keys/{key['id']}/reveal"), 409)
    assert set(body) == {"message"}


async def test_rotation_kills_the_old_secret_and_keeps_the_key(management: Management) -> None:
    person = await management.person()
    key = await _made(person.client, purpose="platform")
    assert await _works(management, key["key"])
    rotated = await answered(person.client.post(f"{API}/users/current/api-keys/{key['id']}/rotate"), 200)
    assert set(rotated) == {"key"}
    assert _SECRET.fullmatch(rotated["key"])
    assert not await _works(management, key["key"])
    assert await _works(management, rotated["key"])
    now = await answered(person.client.get(f"{API}/users/current/api-keys/{key['id']}"), 200)
    assert (now["id"], now["name"]) == (key["id"], key["name"])


async def _expire_previous(management: Management, key_id: str) -> None:
    statement = "UPDATE api_keys SET previous_expires_at = now() - interval '1 second' WHERE id = $1"
    await management.sql(statement, uuid.UUID(key_id))


async def test_both_secrets_work_until_the_grace_ends(management: Management) -> None:
    person = await management.person()
    key = await _made(person.client, purpose="platform")
    url = f"{API}/users/current/api-keys/{key['id']}"
    before = datetime.now(UTC)
    rotated = await answered(person.client.post(f"{url}/rotate", json={"grace_seconds": 3600}), 200)
    assert set(rotated) == {"key"}
    assert await _works(management, key["key"])
    assert await _works(management, rotated["key"])
    ends = datetime.fromisoformat((await answered(person.client.get(url), 200))["previous_secret_expires_at"])
    assert before + timedelta(hours=1) <= ends <= datetime.now(UTC) + timedelta(hours=1)
    await _expire_previous(management, key["id"])
    assert not await _works(management, key["key"])
    assert await _works(management, rotated["key"])


async def test_a_second_rotation_ends_the_first_ones_grace(management: Management) -> None:
    person = await management.person()
    key = await _made(person.client, purpose="platform")
    rotate = f"{API}/users/current/api-keys/{key['id']}/rotate"
    second = await answered(person.client.post(rotate, json={"grace_seconds": 60}), 200)
    third = await answered(person.client.post(rotate, json={"grace_seconds": 60}), 200)
    secrets = (key["key"], second["key"], third["key"])
    assert [await _works(management, secret) for secret in secrets] == [False, True, True]
    fourth = await answered(person.client.post(rotate, json={"grace_seconds": 0}), 200)
    assert [await _works(management, secret) for secret in (*secrets, fourth["key"])] == [False, False, False, True]


async def test_a_deleted_or_expired_key_is_dead_in_both_its_secrets(management: Management) -> None:
    person = await management.person()
    for end in ("deleted_at = now()", "expires_at = now() - interval '1 second'"):
        key = await _made(person.client, name=end, purpose="platform")
        url = f"{API}/users/current/api-keys/{key['id']}"
        rotated = await answered(person.client.post(f"{url}/rotate", json={"grace_seconds": 60}), 200)
        await management.sql(f"UPDATE api_keys SET {end} WHERE id = $1", uuid.UUID(key["id"]))  # noqa: S608
        assert not await _works(management, key["key"])
        assert not await _works(management, rotated["key"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"grace_seconds": -1}, 400),
        ({"grace_seconds": 604801}, 400),
        ({"grace_seconds": 1.5}, 422),
        ({"grace_seconds": "60"}, 422),
        ({"grace_seconds": 604800}, 200),
        ({"grace_seconds": None}, 200),
        ({}, 200),
        (None, 200),
    ],
)
async def test_the_grace_is_a_whole_number_of_seconds_up_to_a_week(
    management: Management, body: object, status: int
) -> None:
    person = await management.person()
    key = await _made(person.client)
    url = f"{API}/users/current/api-keys/{key['id']}/rotate"
    response = await person.client.post(url, json=body)
    assert response.status_code == status, response.text


async def test_rotations_at_once_leave_one_secret(management: Management) -> None:
    person = await management.person()
    key = await _made(person.client, purpose="platform")
    url = f"{API}/users/current/api-keys/{key['id']}/rotate"
    made = await asyncio.gather(*(answered(person.client.post(url), 200) for _ in range(5)))
    assert [await _works(management, secret["key"]) for secret in made].count(True) == 1


async def test_a_waiting_secret_that_cannot_be_read_says_what_to_do(management: Management) -> None:
    person = await management.person()
    key = await _made_for(management, person)
    await management.sql("UPDATE api_keys SET pending_secret = '\\x01ff' WHERE id = $1", uuid.UUID(key["id"]))
    url = f"{API}/users/{person.id}/api-keys/{key['id']}"
    refusal = await answered(person.client.post(f"{url}/reveal"), 409)
    assert "rotate" in refusal["message"]
    await answered(person.client.post(f"{url}/rotate"), 200)


async def test_rotation_by_somebody_else_waits_for_the_holders_look(management: Management) -> None:
    person = await management.person()
    key = await _made(person.client)
    url = f"{API}/users/{person.id}/api-keys/{key['id']}"
    rotated = await answered(management.admin.post(f"{url}/rotate"), 200)
    assert (await answered(person.client.get(url), 200))["secret_revealed_at"] is None
    assert await answered(person.client.post(f"{url}/reveal"), 200) == rotated


async def test_deleted_and_expired_keys_open_nothing(management: Management) -> None:
    person = await management.person()
    key = await _made(person.client, purpose="platform")
    assert await _works(management, key["key"])
    await answered(person.client.delete(f"{API}/users/current/api-keys/{key['id']}"), 204)
    assert not await _works(management, key["key"])
    await refused(person.client.delete(f"{API}/users/current/api-keys/{key['id']}"), 404)
    expiring = await _made(
        person.client, purpose="platform", expires_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat()
    )
    assert await _works(management, expiring["key"])
    await management.sql("UPDATE api_keys SET expires_at = now() WHERE id = $1", uuid.UUID(expiring["id"]))
    assert not await _works(management, expiring["key"])


async def test_use_of_a_platform_key_is_noted(management: Management) -> None:
    person = await management.person()
    key = await _made(person.client, purpose="platform")
    assert await _works(management, key["key"])
    url = f"{API}/users/current/api-keys/{key['id']}"
    assert (await answered(person.client.get(url), 200))["last_used"] is not None


async def test_model_access_is_what_the_owners_groups_reach_cut_down_by_the_keys_models(
    management: Management,
) -> None:
    person = await management.person()
    group, other = await management.group(), await management.group()
    await answered(management.admin.post(f"{API}/groups/{group}/users/{person.id}"), 204)
    granted_to = {"b-own": group, "a-everyone": NIL, "foreign": other, "deleted": group, "inactive": group}
    ids: dict[str, str] = {}
    for alias, grantee in granted_to.items():
        model = uuid.uuid4()
        ids[alias] = str(model)
        await management.sql(
            "INSERT INTO models (id, model_name, alias, is_composite, created_by, deleted_at, status) "
            "VALUES ($1, $2, $2, true, $1, CASE WHEN $2 = 'deleted' THEN now() END, "
            "CASE WHEN $2 = 'inactive' THEN 'inactive' ELSE 'active' END)",
            model,
            alias,
        )
        await management.sql("INSERT INTO group_models (group_id, model_id) VALUES ($1, $2)", uuid.UUID(grantee), model)
    key = await _made(person.client)
    assert key["model_access"] == [ids["a-everyone"], ids["b-own"]]
    restricted = await _made(person.client, name="restricted", models=["b-own", "foreign", "unknown"])
    assert restricted["model_access"] == [ids["b-own"]]
    page = await answered(management.admin.get(f"{API}/users/{person.id}/api-keys"), 200)
    assert [len(item["model_access"]) for item in page["data"]] == [1, 2, 2]
