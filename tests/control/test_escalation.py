"""Ways to rights that nobody gave: others' credentials and ids, fields that are columns, forged cookies and origins."""

from __future__ import annotations

import base64
import itertools
import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.control.management import ADMIN_EMAIL, API, NIL, Management, answered, managed, refused, settings_for_tests

from control_layer.control.errors import ControlError
from control_layer.control.federation.return_path import return_path
from control_layer.control.permissions import Role

_USERS = f"{API}/users"
_SCIM_USER = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]}
_NOT_THE_ADMINISTRATORS = "Insufficient permissions to Update SystemAccess"
_MIGHTY = {
    "is_admin": True, "admin": True, "user_type": "organization", "auth_source": "system", "verified": True,
    "invoicing_enabled": True, "password_hash": "x", "payment_provider_id": "x", "credit_balance": 1000,
    "external_user_id": "admin", "email": ADMIN_EMAIL, "username": ADMIN_EMAIL, "deleted_at": None, "id": NIL,
}  # fmt: skip
_SIGNED_UP = {"username": "jo", "email": "jo@example.org", "password": "correct horse"}


@pytest.fixture
async def open_house(database_url: str) -> AsyncIterator[Management]:
    """Where people open accounts themselves."""
    auth = {"native": {"allow_registration": True}}
    async with managed(database_url, settings_for_tests(auth=auth)) as management:
        yield management


@pytest.mark.parametrize("purpose", ["platform", "realtime"])
async def test_a_manager_gets_no_key_of_the_administrators(management: Management, purpose: str) -> None:
    manager = await management.person(Role.PLATFORM_MANAGER)
    body = {"name": "k", "purpose": purpose}
    own = await answered(management.admin.post(f"{_USERS}/current/api-keys", json=body), 201)
    keys = f"{_USERS}/{management.admin_id}/api-keys"
    await refused(manager.client.post(keys, json=body | {"name": "another"}), 403, _NOT_THE_ADMINISTRATORS)
    await refused(manager.client.post(f"{keys}/{own['id']}/rotate"), 403, _NOT_THE_ADMINISTRATORS)
    await refused(manager.client.post(f"{keys}/{own['id']}/reveal"), 404)
    await answered(management.admin.post(f"{keys}/{own['id']}/rotate"), 200)


async def test_the_administrators_account_outlives_managers(management: Management) -> None:
    manager = await management.person(Role.PLATFORM_MANAGER, Role.REQUEST_VIEWER)
    account = f"{_USERS}/{management.admin_id}"
    text = "Cannot delete user: the administrator belongs to the configuration"
    await refused(manager.client.delete(account), 403, text)
    await refused(manager.client.post(f"{account}/password"), 403, _NOT_THE_ADMINISTRATORS)
    await refused(manager.client.patch(account, json={"is_active": False}), 403)
    await refused(manager.client.delete(f"/scim/v2/Users/{management.admin_id}"), 403)
    moved = _SCIM_USER | {"userName": ADMIN_EMAIL, "emails": [{"value": "evil@example.org"}]}
    await refused(manager.client.put(f"/scim/v2/Users/{management.admin_id}", json=moved), 403)
    await answered(management.admin.get(account), 200)


async def test_a_manager_ends_nothing_of_the_administrators(management: Management) -> None:
    manager = await management.person(Role.PLATFORM_MANAGER)
    account = f"{_USERS}/{management.admin_id}"
    key = await answered(management.admin.post(f"{account}/api-keys", json={"name": "k"}), 201)
    [session] = (await answered(management.admin.get(f"{account}/sessions"), 200))["data"]
    changed: tuple[dict[str, Any], ...] = (
        {"name": "x"},
        {"expires_at": "2100-01-01T00:00:00Z"},
        {"models": []},
        {"burst_size": 1},
    )
    for changes in changed:
        changing = manager.client.patch(f"{account}/api-keys/{key['id']}", json=changes)
        await refused(changing, 403, _NOT_THE_ADMINISTRATORS)
    for path in (f"api-keys/{key['id']}", f"sessions/{session['id']}", "sessions"):
        await refused(manager.client.delete(f"{account}/{path}"), 403, _NOT_THE_ADMINISTRATORS)
    assert (await answered(manager.client.get(f"{account}/api-keys/{key['id']}"), 200))["name"] == "k"
    await answered(management.admin.patch(f"{account}/api-keys/{key['id']}", json={"name": "x"}), 200)
    await answered(management.admin.delete(f"{account}/api-keys/{key['id']}"), 204)
    await answered(management.admin.delete(f"{account}/sessions"), 204)


@pytest.mark.parametrize(
    "changes",
    [
        {"roles": []},
        {"roles": ["RequestViewer"]},
        {"display_name": "Somebody else"},
        {"avatar_url": "https://evil.test/a.png"},
        {"roles": ["PlatformManager", "BillingManager"], "batch_notifications_enabled": True},
    ],
)
async def test_a_manager_does_not_say_who_the_administrator_is(management: Management, changes: dict[str, Any]) -> None:
    manager = await management.person(Role.PLATFORM_MANAGER)
    account = f"{_USERS}/{management.admin_id}"
    before = await answered(management.admin.get(account), 200)
    await refused(manager.client.patch(account, json=changes), 403, _NOT_THE_ADMINISTRATORS)
    assert await answered(management.admin.get(account), 200) | {"last_login": ""} == before | {"last_login": ""}


async def test_what_managers_may_with_everybody_they_may_with_the_administrator(management: Management) -> None:
    manager = await management.person(Role.PLATFORM_MANAGER)
    account = f"{_USERS}/{management.admin_id}"
    seen = await answered(manager.client.get(account), 200)
    same = {name: seen[name] for name in ("roles", "display_name", "avatar_url")} | {"is_active": True}
    for nothing in ({}, same):
        assert (await answered(manager.client.patch(account, json=nothing), 200))["roles"] == seen["roles"]
    changed = await answered(manager.client.patch(account, json={"batch_notifications_enabled": True}), 200)
    assert changed["batch_notifications_enabled"] is True
    group = await management.group()
    await answered(manager.client.post(f"{account}/groups/{group}"), 204)
    await answered(manager.client.delete(f"{account}/groups/{group}"), 204)
    for path in ("sessions", "api-keys", "groups"):
        await answered(manager.client.get(f"{account}/{path}"), 200)
    own = {"display_name": "Me", "roles": ["PlatformManager", "RequestViewer"]}
    assert (await answered(management.admin.patch(account, json=own), 200))["display_name"] == "Me"
    assert seen["display_name"] != "Me"


async def _roles(management: Management) -> dict[str, list[str]]:
    rows = await management.sql("SELECT username, roles FROM users WHERE is_admin OR 'PlatformManager' = ANY(roles)")
    return {row.username: row.roles for row in rows}


async def test_nobody_assigns_themself_what_is_not_theirs_to_assign(open_house: Management) -> None:
    before = await _roles(open_house)
    stranger = await open_house.client()
    forged = _MIGHTY | {"roles": ["PlatformManager"]}
    me = await answered(stranger.post("/authentication/register", json=forged | _SIGNED_UP), 201)
    person = await open_house.person()
    for client, account in ((stranger, me["user"]["id"]), (person.client, person.id)):
        seen = await answered(client.get(f"{_USERS}/current"), 200)
        await refused(client.patch(f"{_USERS}/{account}", json=forged), 403, "Insufficient permissions to Update Users")
        await refused(client.patch(f"{_USERS}/{account}", json={"roles": []}), 403)
        await refused(client.patch(f"{_USERS}/{account}", json={"is_active": True}), 403)
        changed = await answered(client.patch(f"{_USERS}/{account}", json=_MIGHTY), 200)
        assert changed | {"updated_at": "", "last_login": ""} == seen | {"updated_at": "", "last_login": ""}
    assert await _roles(open_house) == before


async def test_a_manager_makes_managers_but_no_administrator(management: Management) -> None:
    manager = await management.person(Role.PLATFORM_MANAGER)
    body = _MIGHTY | {"username": "new", "email": "new@example.org", "roles": []}
    made = await answered(manager.client.post(_USERS, json=body), 201)
    scim = _SCIM_USER | _MIGHTY | {"userName": "other", "roles": [{"value": "PlatformManager"}], "password": "x" * 20}
    await answered(manager.client.post("/scim/v2/Users", json=scim), 201)
    await answered(manager.client.patch(f"{_USERS}/{made['id']}", json=_MIGHTY), 200)
    rows = await management.sql("SELECT id::text, user_type, auth_source, verified FROM users WHERE NOT is_admin")
    assert {(row.user_type, row.verified) for row in rows if row.id != NIL} == {("individual", False)}
    assert {row.auth_source for row in rows if row.id != NIL} == {"proxy-header", "scim"}
    administrators = await management.sql("SELECT username FROM users WHERE is_admin")
    assert [row.username for row in administrators] == [ADMIN_EMAIL]
    assert await management.sql("SELECT 1 FROM users WHERE password_hash IS NOT NULL AND NOT is_admin") == []


async def test_groups_and_movements_say_who_really_made_them(management: Management) -> None:
    manager = await management.person(Role.PLATFORM_MANAGER)
    forged = {"id": NIL, "created_by": management.admin_id, "source": "scim", "created_at": "2000-01-01T00:00:00Z"}
    group = await answered(manager.client.post(f"{API}/groups", json={"name": "g"} | forged), 201)
    assert (group["created_by"], group["source"], group["id"] != NIL) == (manager.id, "native", True)
    gift = {"user_id": manager.id, "transaction_type": "admin_grant", "amount": "1", "source_id": "s"}
    made = await answered(manager.client.post(f"{API}/transactions", json=gift | forged | {"balance_after": "9"}), 201)
    assert (made["id"] != NIL, made["created_at"][:4] != "2000") == (True, True)
    usage = gift | {"transaction_type": "usage", "source_id": "u"}
    await refused(manager.client.post(f"{API}/transactions", json=usage), 422)


@pytest.mark.parametrize("purpose", ["batch", "playground"])
async def test_keys_of_the_servers_own_are_nobodys(management: Management, purpose: str) -> None:
    person = await management.person()
    await refused(person.client.post(f"{_USERS}/current/api-keys", json={"name": "k", "purpose": purpose}), 400)
    [row] = await management.sql(
        "SELECT id, hidden_secret FROM api_keys WHERE hidden AND purpose = $1 AND user_id = $2", purpose, person.id
    )
    for client in (person.client, management.admin):
        url = f"{_USERS}/{person.id}/api-keys/{row.id}"
        for call in (
            client.get(url),
            client.patch(url, json={"name": "x"}),
            client.post(f"{url}/rotate"),
            client.post(f"{url}/reveal"),
            client.delete(url),
            client.get(f"{API}/api-keys/{row.id}/access?model=m"),
        ):
            await refused(call, 404)
    source, sealed = row.id, row.hidden_secret
    if purpose == "playground":  # whose secrets are lent
        await refused(person.client.get(f"{API}/ai/v1/models"), 503)
        [lent] = await management.sql("SELECT id, sealed_secret FROM lent_secrets WHERE key_id = $1", row.id)
        source, sealed = lent.id, lent.sealed_secret
    secret = management.services.key_secrets.open(sealed, str(source))
    await refused((await management.client(authorization=f"Bearer {secret}")).get(f"{_USERS}/current"), 401)


async def test_other_peoples_things_are_not_reached_over_ones_own_path(open_house: Management) -> None:
    me, other = await open_house.person(), await open_house.client()
    them = (await answered(other.post("/authentication/register", json=_SIGNED_UP), 201))["user"]["id"]
    key = await answered(other.post(f"{_USERS}/current/api-keys", json={"name": "theirs"}), 201)
    session = (await answered(other.get(f"{_USERS}/current/sessions"), 200))["data"][0]
    gift = {"user_id": them, "transaction_type": "admin_grant", "amount": "1", "source_id": "s"}
    movement = await answered(open_house.admin.post(f"{API}/transactions", json=gift), 201)
    for owner in ("current", me.id):
        url = f"{_USERS}/{owner}/api-keys/{key['id']}"
        for call in (
            me.client.get(url),
            me.client.patch(url, json={"name": "mine"}),
            me.client.post(f"{url}/rotate"),
            me.client.post(f"{url}/reveal"),
            me.client.delete(url),
            me.client.delete(f"{_USERS}/{owner}/sessions/{session['id']}"),
        ):
            await refused(call, 404)
    await refused(me.client.get(f"{API}/api-keys/{key['id']}/access?model=m"), 404)
    await refused(me.client.get(f"{API}/transactions/{movement['id']}"), 404)
    for query in (f"user_id={them}", "all=true", f"user_id={them}&all=false", f"all=true&user_id={me.id}"):
        await refused(me.client.get(f"{API}/transactions?{query}"), 403)
    await refused(me.client.get(f"{API}/usage?user_id={them}"), 403)
    await refused(me.client.get(f"{_USERS}/current/api-keys?created_by={them}"), 403)
    assert (await answered(other.get(f"{_USERS}/current/api-keys/{key['id']}"), 200))["name"] == "theirs"
    await answered(other.get(f"{_USERS}/current/sessions"), 200)


def _part(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


_FORGED_HEADS = (
    b'{"alg":"none"}', b'{"alg":"None"}', b'{"alg":[]}', b'{"alg":{}}', b'{"alg":1}', b'{"alg":"RS256"}', b"[]",
    b'{"alg":"HS256","b64":false,"crit":["b64"]}', b'{"alg":"HS256","crit":1}', b'{"alg":"\\ud800"}', b"\xff", b"",
    b'{"alg":' + b"9" * 5000 + b"}", b"[" * 50_000, b'{"alg":"HS256","jwk":{"kty":"oct","k":""}}',
)  # fmt: skip


async def test_forged_sessions_are_none(management: Management) -> None:
    now = int(time.time())
    claims = _part(json.dumps({"sub": management.admin_id, "iat": now, "exp": now + 3600}).encode())
    anonymous = await management.client()
    for head, signature in itertools.product(_FORGED_HEADS, ("", _part(b"x" * 32), "\xff")):
        cookie = f"control_layer_session={_part(head)}.{claims}.{signature}".encode("latin-1")
        await refused(anonymous.get(f"{_USERS}/current", headers=[(b"cookie", cookie)]), 401, "Authentication required")


async def test_an_origin_that_is_none_is_another_site(management: Management) -> None:
    asked = (
        (f"{API}/groups", {"name": "g"}),
        ("/authentication/login", {"email": ADMIN_EMAIL, "password": "x"}),
        ("/authentication/password-resets", {"email": ADMIN_EMAIL}),
    )
    origins = ("http://[", "http://[::1", "null", "", "//", "https://", "control.test", "data:,x")
    for (path, body), origin in itertools.product(asked, origins):
        await refused(management.admin.post(path, json=body, headers={"origin": origin}), 403)


@pytest.mark.parametrize(
    ("settings", "origin", "status"),
    [
        ({}, "http://control.test", 201),  # a proxy may speak TLS for us: who knows?
        ({}, "https://control.test:443", 201),
        ({}, "https://control.test:80", 403),
        ({}, "https://jo@control.test", 403),
        ({"dashboard_url": "https://control.test/app"}, "https://control.test", 201),
        ({"dashboard_url": "https://control.test/app"}, "http://control.test", 403),
        ({"dashboard_url": "https://other.test"}, "http://other.test", 403),
        ({"dashboard_url": "https://other.test"}, "https://other.test", 201),
        ({"gateway": {"tls": {"certificate": "c.pem", "key": "k.pem"}}}, "https://control.test", 201),
        ({"gateway": {"tls": {"certificate": "c.pem", "key": "k.pem"}}}, "http://control.test", 403),
    ],
)
async def test_a_page_of_another_scheme_is_another_site_where_ours_is_known(
    database_url: str, settings: dict[str, Any], origin: str, status: int
) -> None:
    async with managed(database_url, settings_for_tests(**settings)) as management:
        forwarded = {"origin": origin, "x-forwarded-proto": "https", "forwarded": "proto=https"}
        response = await management.admin.post(f"{API}/groups", json={"name": "g"}, headers=forwarded)
        assert response.status_code == status


async def test_an_origin_without_a_host_is_not_ours_whatever_dashboard_url_says(database_url: str) -> None:
    async with managed(database_url, settings_for_tests(dashboard_url="control.example.org")) as management:
        answer = management.admin.post(f"{API}/groups", json={"name": "g"}, headers={"origin": "null"})
        await refused(answer, 403)


@pytest.mark.parametrize("text", ["x\0y", "x\r\nset-cookie: a=b", "x\x1b[31m", "\u202eevil", "'; DROP TABLE users; --"])
async def test_names_are_text_and_nothing_else(management: Management, text: str) -> None:
    person, name = await management.person(), f"{text}{uuid.uuid4()}"
    for call in (
        management.admin.post(f"{API}/groups", json={"name": name, "description": name}),
        management.admin.post(_USERS, json={"username": name, "email": name, "roles": []}),
        person.client.post(f"{_USERS}/current/api-keys", json={"name": name, "models": [name]}),
        person.client.patch(f"{_USERS}/{person.id}", json={"display_name": name, "avatar_url": name}),
    ):
        response = await call
        assert response.status_code == 400 if "\0" in text else response.is_success, response.text
        assert set(response.headers).isdisjoint({"set-cookie"})
        assert not any("\n" in value or "\r" in value for value in response.headers.values())


async def test_searching_knows_no_wildcards(management: Management) -> None:
    await management.person()
    for term in ("%", "_", "\\", "/", "%%", "'", '"', "*", "p%n", "per_on", ".*"):
        found = await answered(management.admin.get(_USERS, params={"search": term}), 200)
        assert [user["username"] for user in found["data"] if term not in user["username"] + user["email"]] == []
        for path in ("groups", "models", "transactions?all=true"):
            found = await answered(
                management.admin.get(httpx.URL(f"{API}/{path}").copy_merge_params({"search": term})), 200
            )
            assert [item for item in found["data"] if term not in json.dumps(item)] == []


@given(st.text(st.sampled_from("/\\.:@%?#ax \t\n\x00\u2028\uff0f;"), max_size=12).map(lambda tail: f"/{tail}"))
def test_whatever_path_is_returned_to_is_on_this_site(path: str) -> None:
    try:
        target = return_path(path)
    except ControlError:
        return
    # Browsers leave out tabs and line breaks and read \ as / (WHATWG URL, 4.4).
    read = "".join(letter for letter in target if letter not in "\t\r\n").replace("\\", "/")
    assert urlsplit(urljoin("https://control.test/authentication/oidc/callback", read)).netloc == "control.test"
