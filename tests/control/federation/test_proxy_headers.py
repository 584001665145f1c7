"""Trusted-proxy headers (§2.4): who is let in, whose account it becomes, and who is not believed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.control.management import (
    ADMIN_EMAIL,
    API,
    NIL,
    Management,
    answered,
    client_of,
    managed,
    refused,
    settings_for_tests,
)

from control_layer.control.app import build_app, build_services
from control_layer.control.permissions import Role

_PEER = "10.1.2.3"
_USER, _EMAIL = "x-control-layer-user", "x-control-layer-email"
_GROUPS, _PROVIDER = "x-control-layer-groups", "x-control-layer-provider"
_ME = f"{API}/users/current"


def _settings(**changes: Any) -> dict[str, Any]:
    return {"proxy_header": {"enabled": True, "trusted_peers": ["10.0.0.0/8"], **changes}}


@pytest.fixture
async def proxied(database_url: str) -> AsyncIterator[Management]:
    """An instance behind a proxy that names people and their groups."""
    auth = _settings(import_idp_groups=True, blacklisted_sso_groups=["everybody"])
    async with managed(database_url, settings_for_tests(auth=auth)) as management:
        yield management


async def _visitor(management: Management, **fields: str) -> httpx.AsyncClient:
    """Somebody who comes through the proxy."""
    return await management.client(**{"x-control-layer-peer": _PEER, **fields})


async def _comes(management: Management, user: str, email: str | None = None, **fields: str) -> Any:
    """The account of somebody who comes through the proxy."""
    named = {_USER: user} | ({} if email is None else {_EMAIL: email})
    return await answered((await _visitor(management, **named, **fields)).get(_ME), 200)


async def _groups(management: Management, user_id: str) -> set[str]:
    groups = await answered(management.admin.get(f"{API}/users/{user_id}/groups"), 200)
    return {group["name"] for group in groups if group["id"] != NIL}


async def test_somebody_new_gets_an_account(proxied: Management) -> None:
    user = await _comes(proxied, "ext-1", "jo@example.org")
    assert (user["username"], user["email"], user["display_name"]) == ("ext-1", "jo@example.org", "jo")
    assert (user["auth_source"], user["external_user_id"], user["is_admin"]) == ("proxy-header", "ext-1", False)
    assert user["roles"] == ["StandardUser", "BackgroundInferenceUser"]
    assert (await _comes(proxied, "ext-1", "jo@example.org"))["id"] == user["id"]
    hidden = await proxied.sql(
        "SELECT purpose FROM api_keys WHERE hidden AND user_id = $1::uuid ORDER BY 1", user["id"]
    )
    assert [row.purpose for row in hidden] == ["batch", "playground"]


async def test_the_account_is_opened_though_the_request_is_refused(proxied: Management) -> None:
    visitor = await _visitor(proxied, **{_USER: "ext-1", _EMAIL: "jo@example.org"})
    await refused(visitor.get(f"{API}/users"), 403, "Insufficient permissions to Read Users")
    found = await answered(proxied.admin.get(f"{API}/users?search=jo@example.org"), 200)
    assert found["total_count"] == 1


async def test_a_disabled_account_is_refused_until_it_is_back(proxied: Management) -> None:
    user = await _comes(proxied, "ext-1", "jo@example.org")
    for active, status in ((False, 401), (True, 200)):
        await answered(proxied.admin.patch(f"{API}/users/{user['id']}", json={"is_active": active}), 200)
        visitor = await _visitor(proxied, **{_USER: "ext-1", _EMAIL: "jo@example.org"})
        assert (await visitor.get(_ME)).status_code == status
    assert (await _comes(proxied, "ext-1", "jo@example.org"))["id"] == user["id"]


async def test_one_header_is_id_and_address_at_once(proxied: Management) -> None:
    user = await _comes(proxied, "jo@example.org")
    assert user["username"] == user["email"] == "jo@example.org"
    assert (await _comes(proxied, "jo@example.org"))["id"] == user["id"]
    # The day the proxy begins to send lasting ids, people keep their accounts.
    later = await _comes(proxied, "ext-1", "jo@example.org")
    assert (later["id"], later["external_user_id"]) == (user["id"], "ext-1")


async def test_the_id_comes_before_the_address_and_the_address_follows(proxied: Management) -> None:
    user = await _comes(proxied, "ext-1", "jo@example.org")
    renamed = await _comes(proxied, "ext-1", "jo.smith@example.org")
    assert (renamed["id"], renamed["email"]) == (user["id"], "jo.smith@example.org")
    assert (await _comes(proxied, "ext-1"))["email"] == "jo.smith@example.org"  # an id is no address


async def test_an_account_without_an_id_is_found_by_its_address_and_given_one(proxied: Management) -> None:
    person = await proxied.person(Role.REQUEST_VIEWER)
    user = await _comes(proxied, "ext-1", f"{person.username}@example.org")
    assert (user["id"], user["external_user_id"], user["username"]) == (person.id, "ext-1", person.username)
    assert "RequestViewer" in user["roles"]


async def test_an_account_with_another_id_is_not_taken_over_by_its_address(proxied: Management) -> None:
    first = await _comes(proxied, "ext-1", "jo@example.org")
    second = await _comes(proxied, "ext-2", "jo@example.org")
    assert (second["id"] != first["id"], second["email"]) == (True, "jo@example.org")
    assert (await _comes(proxied, "ext-1", "jo@example.org"))["id"] == first["id"]


_SQUATTED = {"username": "squatter", "email": "jo@example.org", "password": "correct horse"}


@pytest.fixture
async def open_house(database_url: str) -> AsyncIterator[Management]:
    """Behind the proxy, and open to everybody who knows another way in."""
    auth = _settings() | {"native": {"allow_registration": True}}
    async with managed(database_url, settings_for_tests(auth=auth)) as management:
        yield management


@pytest.mark.parametrize("user", ["ext-1", "jo@example.org"])
async def test_whoever_registered_an_address_first_loses_it_to_its_owner(open_house: Management, user: str) -> None:
    squatter = await open_house.client()
    account = (await answered(squatter.post("/authentication/register", json=_SQUATTED), 201))["user"]
    keys = f"{API}/users/{account['id']}/api-keys"
    platform = await answered(squatter.post(keys, json={"name": "p", "purpose": "platform"}), 201)
    inference = await answered(squatter.post(keys, json={"name": "i"}), 201)
    await open_house.sql("INSERT INTO identities VALUES ('https://idp.test', 'theirs', $1::uuid)", account["id"])
    await squatter.post("/authentication/password-resets", json={"email": "jo@example.org"})

    owner = await _comes(open_house, user, "jo@example.org")
    assert (owner["id"], owner["auth_source"]) == (account["id"], "proxy-header")

    await refused(squatter.get(_ME), 401, "Authentication required")
    login = {"email": "jo@example.org", "password": _SQUATTED["password"]}
    await refused(squatter.post("/authentication/login", json=login), 401, "Invalid email or password")
    for key in (platform, inference):
        await refused((await open_house.client(authorization=f"Bearer {key['key']}")).get(_ME), 401)
    assert await open_house.sql("SELECT 1 FROM identities") == await open_house.sql("SELECT 1 FROM password_resets")
    [row] = await open_house.sql("SELECT password_hash FROM users WHERE id = $1::uuid", account["id"])
    assert row.password_hash is None
    # The owner sees what there was, and may bring back what was theirs.
    visitor = await _visitor(open_house, **{_USER: user, _EMAIL: "jo@example.org"})
    listed = await answered(visitor.get(keys), 200)
    assert {key["name"] for key in listed["data"] if key["expires_at"] is not None} == {"p", "i"}
    await answered(visitor.patch(f"{keys}/{platform['id']}", json={"expires_at": None}), 200)
    await answered((await open_house.client(authorization=f"Bearer {platform['key']}")).get(_ME), 200)
    assert (await _comes(open_house, user, "jo@example.org"))["id"] == account["id"]
    assert (await answered(visitor.get(f"{keys}/{platform['id']}"), 200))["expires_at"] is None


async def test_hidden_keys_outlive_a_change_of_hands(open_house: Management) -> None:
    squatter = await open_house.client()
    account = (await answered(squatter.post("/authentication/register", json=_SQUATTED), 201))["user"]
    await _comes(open_house, "ext-1", "jo@example.org")
    hidden = await open_house.sql(
        "SELECT purpose FROM api_keys WHERE hidden AND expires_at IS NULL AND user_id = $1::uuid", account["id"]
    )
    assert {row.purpose for row in hidden} == {"batch", "playground"}


async def test_an_account_that_was_made_for_somebody_comes_before_one_they_may_have_registered(
    open_house: Management,
) -> None:
    squatter = await open_house.client()
    await refused(squatter.post("/authentication/register", json=_SQUATTED | {"email": ADMIN_EMAIL}), 400)
    squatted = (await answered(squatter.post("/authentication/register", json=_SQUATTED), 201))["user"]
    body = {"username": "jo", "email": "jo@example.org", "roles": []}
    made = await answered(open_house.admin.post(f"{API}/users", json=body), 201)
    assert (await _comes(open_house, "ext-1", "jo@example.org"))["id"] == made["id"] != squatted["id"]
    await answered(squatter.get(_ME), 200)


async def test_a_credential_that_ended_while_it_was_used_makes_no_key(open_house: Management) -> None:
    """A request that was let in before its account changed hands waits for the change, and comes too late."""
    squatter = await open_house.client()
    account = (await answered(squatter.post("/authentication/register", json=_SQUATTED), 201))["user"]
    keys = f"{API}/users/{account['id']}/api-keys"
    visitor = await _visitor(open_house, **{_USER: "ext-1", _EMAIL: "jo@example.org"})
    made = await asyncio.gather(
        visitor.get(_ME), *(squatter.post(keys, json={"name": f"k{number}"}) for number in range(12))
    )
    assert made[0].status_code == 200
    alive = await open_house.sql(
        "SELECT name FROM api_keys WHERE NOT hidden AND expires_at IS NULL AND user_id = $1::uuid", account["id"]
    )
    assert alive == []


async def test_a_username_that_somebody_has_is_no_obstacle(proxied: Management) -> None:
    person = await proxied.person()
    user = await _comes(proxied, person.username, "other@example.org")
    assert (user["username"], user["id"] != person.id) == (f"{person.username} (proxy-header)", True)


async def test_the_administrator_may_come_through_the_proxy_and_keeps_the_configured_address(
    proxied: Management,
) -> None:
    user = await _comes(proxied, "ext-0", ADMIN_EMAIL)
    assert (user["id"], user["is_admin"]) == (proxied.admin_id, True)
    assert (await _comes(proxied, "ext-0", "renamed@example.org"))["email"] == ADMIN_EMAIL


async def test_strangers_are_refused_where_accounts_are_not_opened(database_url: str) -> None:
    auth = _settings(auto_create_users=False)
    async with managed(database_url, settings_for_tests(auth=auth)) as management:
        person = await management.person()
        visitor = await _visitor(management, **{_USER: "ext-1", _EMAIL: "nobody@example.org"})
        await refused(visitor.get(_ME), 401, "Authentication required")
        assert (await _comes(management, "ext-2", f"{person.username}@example.org"))["id"] == person.id
        assert len(await management.sql("SELECT 1 FROM users")) == 3  # the system, the administrator, the person


async def test_fields_mean_nothing_where_the_mode_is_off(management: Management) -> None:
    for fields in ({_USER: ADMIN_EMAIL}, {_USER: "ext-1", _EMAIL: ADMIN_EMAIL, _PROVIDER: "okta", _GROUPS: "admins"}):
        await refused((await _visitor(management, **fields)).get(_ME), 401, "Authentication required")
    person = await management.person()
    person.client.headers[_USER] = ADMIN_EMAIL
    assert (await answered(person.client.get(_ME), 200))["id"] == person.id


@pytest.mark.parametrize("peer", ["11.0.0.1", "", "localhost", "2001:db8::1", "::ffff:11.0.0.1"])
async def test_other_peers_are_not_believed(proxied: Management, peer: str) -> None:
    client = await proxied.client(**{"x-control-layer-peer": peer, _USER: "ext-1", _EMAIL: "jo@example.org"})
    await refused(client.get(_ME), 401, "Authentication required")
    assert (await _comes(proxied, "ext-1", "jo@example.org"))["email"] == "jo@example.org"


async def test_the_proxys_address_may_be_written_as_ipv6(proxied: Management) -> None:
    client = await proxied.client(**{"x-control-layer-peer": f"::ffff:{_PEER}", _USER: "ext-1"})
    await answered(client.get(_ME), 200)


@pytest.mark.parametrize("name", [_USER, _EMAIL, _GROUPS, _PROVIDER])
async def test_a_field_that_comes_twice_was_not_dropped_by_the_proxy(proxied: Management, name: str) -> None:
    fields = {_USER: "ext-1", _EMAIL: "jo@example.org", _GROUPS: "a", _PROVIDER: "okta", "x-control-layer-peer": _PEER}
    client = await proxied.client()
    call = client.get(_ME, headers=[*fields.items(), (name, "spoofed")])
    await refused(call, 401, "Authentication required")


@pytest.mark.parametrize("user", ["", " ", "x" * 256])
async def test_what_is_no_id_is_nobodys(proxied: Management, user: str) -> None:
    visitor = await _visitor(proxied, **{_USER: user, _EMAIL: "jo@example.org"})
    await refused(visitor.get(_ME), 401, "Authentication required")


async def test_names_may_have_any_letters(proxied: Management) -> None:
    client = await proxied.client()
    headers = [(_USER.encode(), "jürgen@example.org".encode()), (b"x-control-layer-peer", _PEER.encode())]
    user = await answered(client.get(_ME, headers=headers), 200)
    assert user["email"] == "jürgen@example.org"


async def test_groups_follow_the_provider(proxied: Management) -> None:
    native = await proxied.group("made here")
    okta = {_PROVIDER: "okta"}
    user = await _comes(proxied, "ext-1", "jo@example.org", **okta, **{_GROUPS: "red, blue,everybody,,"})
    await answered(proxied.admin.post(f"{API}/groups/{native}/users/{user['id']}"), 204)
    assert await _groups(proxied, user["id"]) == {"red", "blue", "made here"}
    groups = (await answered(proxied.admin.get(f"{API}/groups"), 200))["data"]
    assert {group["name"]: group["source"] for group in groups if group["id"] != NIL} == {
        "red": "okta",
        "blue": "okta",
        "made here": "native",
    }
    await _comes(proxied, "ext-1", "jo@example.org", **okta, **{_GROUPS: "blue,green"})
    assert await _groups(proxied, user["id"]) == {"blue", "green", "made here"}
    await _comes(proxied, "ext-1", "jo@example.org", **{_PROVIDER: "google", _GROUPS: "mail"})
    assert await _groups(proxied, user["id"]) == {"blue", "green", "mail", "made here"}
    await _comes(proxied, "ext-1", "jo@example.org")  # no provider: nothing is said about groups
    assert await _groups(proxied, user["id"]) == {"blue", "green", "mail", "made here"}
    await _comes(proxied, "ext-1", "jo@example.org", **okta)
    assert await _groups(proxied, user["id"]) == {"mail", "made here"}


async def test_nobody_comes_into_a_group_of_another_source(proxied: Management) -> None:
    native = await proxied.group("operators")
    user = await _comes(proxied, "ext-1", "jo@example.org", **{_PROVIDER: "okta", _GROUPS: "operators,Everyone,red"})
    assert await _groups(proxied, user["id"]) == {"red"}
    await answered(proxied.admin.post(f"{API}/groups/{native}/users/{user['id']}"), 204)
    for source in ("native", "Native", "system"):
        await _comes(proxied, "ext-1", "jo@example.org", **{_PROVIDER: source, _GROUPS: "mine"})
    assert await _groups(proxied, user["id"]) == {"red", "operators"}


async def test_groups_are_left_alone_where_they_are_not_imported(database_url: str) -> None:
    async with managed(database_url, settings_for_tests(auth=_settings())) as management:
        user = await _comes(management, "ext-1", "jo@example.org", **{_PROVIDER: "okta", _GROUPS: "red"})
        assert await _groups(management, user["id"]) == set()


async def test_first_requests_at_once_open_one_account(proxied: Management) -> None:
    fields = {_USER: "ext-1", _EMAIL: "jo@example.org", _PROVIDER: "okta", _GROUPS: "red,blue"}
    visitors = [await _visitor(proxied, **fields) for _ in range(12)]
    answers = await asyncio.gather(*(visitor.get(_ME) for visitor in visitors))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await _groups(proxied, answers[0].json()["id"]) == {"red", "blue"}


async def test_strangers_at_once_share_new_groups(proxied: Management) -> None:
    groups = {_PROVIDER: "okta", _GROUPS: "red,blue"}
    people = await asyncio.gather(*(_comes(proxied, f"ext-{n}", f"p{n}@example.org", **groups) for n in range(12)))
    assert len({person["id"] for person in people}) == 12
    assert len(await proxied.sql("SELECT 1 FROM groups WHERE source = 'okta'")) == 2
    assert len(await proxied.sql("SELECT 1 FROM group_members")) == 24


async def test_nothing_is_written_when_nothing_has_changed(proxied: Management) -> None:
    async def state() -> list[Any]:
        return [
            *await proxied.sql("SELECT xmin::text, * FROM users"),
            *await proxied.sql("SELECT xmin::text, * FROM groups"),
            *await proxied.sql("SELECT xmin::text, * FROM group_members"),
        ]

    fields = {_PROVIDER: "okta", _GROUPS: "red,blue"}
    await _comes(proxied, "ext-1", "jo@example.org", **fields)
    before = await state()
    await _comes(proxied, "ext-1", "jo@example.org", **fields)
    other_host = build_services(engine=proxied.engine, settings=proxied.services.settings)
    named = {_USER: "ext-1", _EMAIL: "jo@example.org", "x-control-layer-peer": _PEER}
    async with client_of(build_app(other_host), **named, **fields) as visitor:
        await answered(visitor.get(_ME), 200)
    other_host.passwords.close()
    assert await state() == before


async def test_a_deleted_account_is_gone_at_once(proxied: Management) -> None:
    user = await _comes(proxied, "ext-1", "jo@example.org")
    await answered(proxied.admin.delete(f"{API}/users/{user['id']}"), 204)
    visitor = await _visitor(proxied, **{_USER: "ext-1", _EMAIL: "jo@example.org"})
    await refused(visitor.get(_ME), 401, "Authentication required")
    again = await answered(visitor.get(_ME), 200)  # the proxy still vouches for the person: a new account
    assert again["id"] != user["id"]


async def test_keys_and_sessions_come_before_the_proxy(proxied: Management) -> None:
    fields = {_USER: "ext-1", _EMAIL: "jo@example.org", "x-control-layer-peer": _PEER}
    assert (await answered(proxied.admin.get(_ME, headers=fields), 200))["id"] == proxied.admin_id
    person = await proxied.person()
    assert (await answered(person.client.get(_ME, headers=fields), 200))["id"] == person.id
    bad = fields | {"authorization": "Bearer sk-nonsense", "cookie": "control_layer_session=nonsense"}
    client = await proxied.client()
    assert (await answered(client.get(_ME, headers=bad), 200))["external_user_id"] == "ext-1"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "https://control.test", "sec-fetch-site": "same-origin"}, 200),
        ({"origin": "https://evil.test"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
    ],
)
async def test_other_sites_change_nothing_through_the_proxy(
    proxied: Management, headers: dict[str, str], status: int
) -> None:
    user = await _comes(proxied, "ext-1", "jo@example.org")
    visitor = await _visitor(proxied, **{_USER: "ext-1", _EMAIL: "jo@example.org"})
    response = await visitor.patch(f"{API}/users/{user['id']}", json={}, headers=headers)
    assert response.status_code == status


async def test_rights_are_those_of_the_database_at_this_moment(proxied: Management) -> None:
    user = await _comes(proxied, "ext-1", "jo@example.org")
    visitor = await _visitor(proxied, **{_USER: "ext-1", _EMAIL: "jo@example.org"})
    await refused(visitor.get(f"{API}/groups"), 403)
    await answered(proxied.admin.patch(f"{API}/users/{user['id']}", json={"roles": ["PlatformManager"]}), 200)
    await answered(visitor.get(f"{API}/groups"), 200)


async def test_more_people_at_once_than_connections(proxied: Management) -> None:
    """Nobody holds one connection while waiting for a second."""
    async with asyncio.timeout(20):
        calls = (_comes(proxied, f"ext-{n}", f"p{n}@example.org", authorization="Bearer sk-x") for n in range(40))
        people = await asyncio.gather(*calls)
    assert len({person["id"] for person in people}) == 40
