"""Accounts that people registered themselves, with addresses that nobody checked, and the directory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.control.management import API, Management, answered, managed, refused, settings_for_tests
from tests.control.scim.directory import USER, Directory, patch

from control_layer.control.permissions import Role

_ME = f"{API}/users/current"


@pytest.fixture
async def management(database_url: str) -> AsyncIterator[Management]:
    """Everybody may register, as whoever they like."""
    auth = {"native": {"allow_registration": True}}
    async with managed(database_url, settings_for_tests(auth=auth)) as open_house:
        yield open_house


async def _registers(management: Management, username: str, email: str) -> tuple[httpx.AsyncClient, Any]:
    client = await management.client()
    body = {"username": username, "email": email, "password": "correct horse"}
    return client, (await answered(client.post("/authentication/register", json=body), 201))["user"]


def _wanted(username: str, email: str) -> dict[str, Any]:
    emails = [{"value": email, "primary": True, "type": "work"}]
    return {"schemas": [USER], "userName": username, "emails": emails, "externalId": "dir-1", "displayName": "Jo"}


@pytest.mark.parametrize("username", ["jo@example.org", "Jo@Example.org"])
async def test_a_username_is_no_proof(directory: Directory, management: Management, username: str) -> None:
    squatter, account = await _registers(management, username, "squatter@elsewhere.example")
    wanted = _wanted("jo@example.org", "jo@example.org")
    assert await directory.find("/Users", 'userName eq "jo@example.org"') == []
    detail = await directory.refused("POST", "/Users", wanted, status=409, scim_type="uniqueness")
    assert "already taken" in detail
    path = f"/Users/{account['id']}"
    for method, body in (
        ("GET", None),
        ("PUT", wanted),
        ("PATCH", patch({"op": "add", "path": "externalId", "value": "dir-1"})),
        ("DELETE", None),
    ):
        await directory.refused(method, path, body, status=404)
    group = await directory.group("Team")
    join = patch({"op": "add", "path": "members", "value": [{"value": account["id"]}]})
    await directory.refused("PATCH", f"/Groups/{group['id']}", join, status=400, scim_type="invalidValue")
    assert (await answered(squatter.get(_ME), 200))["external_user_id"] is None


@pytest.mark.parametrize("username", ["jo", "jo@example.org"])
async def test_an_address_that_the_directory_names_is_its_owners(
    directory: Directory, management: Management, username: str
) -> None:
    squatter, account = await _registers(management, username, "Jo@example.org")
    keys = f"{API}/users/{account['id']}/api-keys"
    key = await answered(squatter.post(keys, json={"name": "p", "purpose": "platform"}), 201)
    group = await management.group("before")
    await answered(management.admin.post(f"{API}/groups/{group}/users/{account['id']}"), 204)
    assert await directory.members(group) == set()

    made = await directory.call("POST", "/Users", _wanted("jo@example.org", "jo@example.org"), status=201)
    assert (made["id"], made["userName"], made["externalId"]) == (account["id"], "jo@example.org", "dir-1")
    assert [membership["display"] for membership in made["groups"]] == ["before"]
    assert await directory.find("/Users", 'userName eq "jo@example.org"') == [made]
    user = await answered(management.admin.get(f"{API}/users/{account['id']}"), 200)
    assert (user["auth_source"], user["email"], user["display_name"]) == ("scim", "jo@example.org", "Jo")

    await refused(squatter.get(_ME), 401)
    await refused((await management.client(authorization=f"Bearer {key['key']}")).get(_ME), 401)
    login = {"email": "jo@example.org", "password": "correct horse"}
    await refused(squatter.post("/authentication/login", json=login), 401)


async def test_an_address_is_handed_over_once(directory: Directory, management: Management) -> None:
    _, account = await _registers(management, "squatter", "jo@example.org")
    wanted = _wanted("jo@example.org", "jo@example.org")
    answers = await asyncio.gather(*(directory.client.post("/scim/v2/Users", json=wanted) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    (found,) = await directory.find("/Users", 'externalId eq "dir-1"')
    assert found["id"] == account["id"]


async def test_the_directory_does_not_take_the_account_of_its_own_key(management: Management) -> None:
    owner, account = await _registers(management, "keeper", "keeper@example.org")
    body = {"roles": [Role.PLATFORM_MANAGER]}
    await answered(management.admin.patch(f"{API}/users/{account['id']}", json=body), 200)
    key = {"name": "directory", "purpose": "platform"}
    made = await answered(owner.post(f"{API}/users/{account['id']}/api-keys", json=key), 201)
    directory = Directory(await management.client(authorization=f"Bearer {made['key']}"))
    wanted = _wanted("other", "keeper@example.org")
    await directory.refused("POST", "/Users", wanted, status=409, scim_type="uniqueness")
    await answered(owner.get(_ME), 200)
