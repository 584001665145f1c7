"""Login, registration, logout, password change, and what a session cookie opens (§2)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import httpx
import jwt
import pytest
from tests.control.management import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    API,
    SECRET_KEY,
    Management,
    answered,
    client_of,
    managed,
    refused,
    settings_for_tests,
)

from control_layer.contract.sealing import derive_key
from control_layer.control.app import build_app, build_services

_COOKIE = "control_layer_session"
_JO = {"username": "jo", "email": "jo@example.org", "password": "long enough"}


@pytest.fixture
async def open_house(database_url: str) -> AsyncIterator[Management]:
    """An instance where people may register."""
    native = {"allow_registration": True, "session": {"cookie_domain": "control.test", "timeout": "2h"}}
    auth = {"native": native, "default_user_roles": ["BatchAPIUser"], "security": {"jwt_expiry": "1h"}}
    async with managed(database_url, settings_for_tests(auth=auth)) as management:
        yield management


def _session_of(response: httpx.Response) -> str:
    cookie: SimpleCookie = SimpleCookie(response.headers["set-cookie"])
    return cookie[_COOKIE].value


async def _login(management: Management, **changes: str) -> httpx.Response:
    client = await management.client()
    body = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD} | changes
    return await client.post("/authentication/login", json=body)


async def test_login_begins_a_session(management: Management) -> None:
    response = await _login(management)
    body = await answered(_done(response), 200)
    assert set(body) == {"user", "message"}
    assert body["message"] == "Login successful"
    assert body["user"]["email"] == ADMIN_EMAIL
    line = response.headers["set-cookie"]
    assert line.startswith(f"{_COOKIE}=ey")
    attributes = {part.strip().lower() for part in line.split(";")[1:]}
    assert attributes == {"path=/", "httponly", "secure", "samesite=strict", "max-age=86400"}
    client = await management.client(cookie=f"{_COOKIE}={_session_of(response)}")
    assert (await answered(client.get(f"{API}/users/current"), 200))["email"] == ADMIN_EMAIL


async def _done(response: httpx.Response) -> httpx.Response:
    return response


async def test_session_says_who_and_nothing_else(management: Management) -> None:
    token = _session_of(await _login(management))
    claims = jwt.decode(token, derive_key(SECRET_KEY, "session"), algorithms=["HS256"])
    assert set(claims) == {"sub", "iat", "exp"}
    assert claims["sub"] == management.admin_id
    assert claims["exp"] - int(claims["iat"]) == 86400


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"email": "nobody@example.org"}])
async def test_refusals_of_login_do_not_tell_accounts_apart(management: Management, changes: dict[str, str]) -> None:
    response = await _login(management, **changes)
    await refused(_done(response), 401, "Invalid email or password")
    assert "set-cookie" not in response.headers


async def test_account_without_a_password_cannot_log_in(management: Management) -> None:
    person = await management.person()
    for password in ("", "nobody has this password"):
        response = await _login(management, email=f"{person.username}@example.org", password=password)
        await refused(_done(response), 401, "Invalid email or password")


def _forged(management: Management, **changes: Any) -> str:
    now = datetime.now(UTC)
    claims = {"sub": management.admin_id, "iat": now, "exp": now + timedelta(hours=1)} | changes
    key = changes.pop("key", derive_key(SECRET_KEY, "session"))
    claims.pop("key", None)
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm="HS256")


async def test_tampered_and_expired_sessions_are_as_good_as_none(management: Management) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    person = await management.person()
    good = _session_of(await _login(management))
    header, payload, signature = good.split(".")
    other_payload = _forged(management, sub=person.id).split(".")[1]
    unsigned = jwt.encode({"sub": management.admin_id, "exp": 2**40, "iat": 0}, "", algorithm="none")
    tokens = [
        _forged(management),  # signed by us, for a session that never began
        _forged(management, sub=person.id),
        _forged(management, exp=past),
        _forged(management, exp=None),
        _forged(management, sub="nobody"),
        _forged(management, sub=None),
        _forged(management, key=b"another key of thirty-two bytes!"),
        _forged(management, key=SECRET_KEY.encode()),
        f"{header}.{other_payload}.{signature}",
        f"{header}.{payload}.{signature[:-4]}AAAA",
        f"{header}.{payload}.",
        unsigned,
        "",
        "nonsense",
        "ä",
    ]
    for token in tokens:
        cookie = (b"cookie", f"{_COOKIE}={token}".encode())
        call = (await management.client()).get(f"{API}/users/current", headers=[cookie])
        await refused(call, 401, "Authentication required")
    client = await management.client(cookie=f"{_COOKIE}={good}")
    await answered(client.get(f"{API}/users/current"), 200)


async def test_a_working_session_saves_a_bad_key(management: Management) -> None:
    client = await management.client(
        cookie=f"{_COOKIE}={_session_of(await _login(management))}", authorization="Bearer sk-nonsense"
    )
    await answered(client.get(f"{API}/users/current"), 200)


async def test_a_working_key_comes_before_the_session(management: Management) -> None:
    person = await management.person()
    person.client.cookies.set(_COOKIE, _session_of(await _login(management)))
    assert (await answered(person.client.get(f"{API}/users/current"), 200))["id"] == person.id


@pytest.mark.parametrize("authorization", ["Basic eDp5", "Bearer", "Bearer ", "sk-x", "Token x"])
async def test_other_credentials_are_none(management: Management, authorization: str) -> None:
    client = await management.client(authorization=authorization)
    await refused(client.get(f"{API}/config"), 401, "Authentication required")


async def test_keys_for_inference_do_not_open_the_management_api(management: Management) -> None:
    person = await management.person()
    key = await answered(person.client.post(f"{API}/users/current/api-keys", json={"name": "ci"}), 201)
    client = await management.client(authorization=f"Bearer {key['key']}")
    await refused(client.get(f"{API}/config"), 401, "Authentication required")
    # the reference pages recognise them, then ask for the permission
    for page in ("/admin/openapi.json", "/admin/docs"):
        await refused(client.get(page), 403, "Insufficient permissions to Read System")
        await refused((await management.client()).get(page), 401, "Authentication required")


async def test_logout_clears_both_cookies_and_needs_no_session(management: Management) -> None:
    for client in (management.admin, await management.client()):
        response = await client.post("/authentication/logout")
        assert (response.status_code, response.json()) == (200, {"message": "Logout successful"})
        lines = response.headers.get_list("set-cookie")
        assert [line.partition("=")[0] for line in lines] == [_COOKIE, "dw_active_org"]
        assert all("Max-Age=0" in line for line in lines)
    await refused(management.admin.get(f"{API}/users/current"), 401)


async def test_ways_in_say_whether_they_are_open(management: Management, open_house: Management) -> None:
    for instance, registration in ((management, "disabled"), (open_house, "enabled")):
        client = await instance.client()
        assert await answered(client.get("/authentication/login"), 200) == {
            "enabled": True,
            "message": "Native login is enabled",
        }
        assert await answered(client.get("/authentication/register"), 200) == {
            "enabled": registration == "enabled",
            "message": f"Registration is {registration}",
        }


async def test_native_off_refuses_passwords_and_sessions(database_url: str, management: Management) -> None:
    session = _session_of(await _login(management))
    settings = settings_for_tests(auth={"native": {"enabled": False}})
    app = type(management.app)  # the same application class, with other settings
    assert app is not None

    services = build_services(engine=management.engine, settings=settings)
    async with client_of(build_app(services)) as client:
        body = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        await refused(client.post("/authentication/login", json=body), 400)
        await refused(client.post("/authentication/register", json=_JO), 400)
        assert (await answered(client.get("/authentication/login"), 200))["enabled"] is False
        client.cookies.set(_COOKIE, session)
        await refused(client.get(f"{API}/config"), 401)
    services.passwords.close()


async def test_registration_is_off_unless_allowed(management: Management) -> None:
    await refused((await management.client()).post("/authentication/register", json=_JO), 400)


async def test_registration_opens_an_account_and_a_session(open_house: Management) -> None:
    client = await open_house.client()
    response = await client.post("/authentication/register", json=_JO)
    body = await answered(_done(response), 201)
    assert body["message"] == "Registration successful"
    user = body["user"]
    assert (user["username"], user["display_name"], user["auth_source"]) == ("jo", "jo", "native")
    assert user["roles"] == ["BatchAPIUser", "StandardUser"]
    assert user["is_admin"] is False
    line = response.headers["set-cookie"]
    assert "Max-Age=7200" in line
    assert "Domain=control.test" in line
    assert (await answered(client.get(f"{API}/users/current"), 200))["id"] == user["id"]
    login = {"email": _JO["email"], "password": _JO["password"]}
    await answered((await open_house.client()).post("/authentication/login", json=login), 200)


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"password": "short"}, 400, "Password must be at least 8 characters"),
        ({"password": "ä" * 33}, 400, "Password must be no more than 64 characters"),
        ({"email": ADMIN_EMAIL, "username": "other"}, 400, "An account with this email address already exists"),
        ({"password": None}, 422, None),
        ({"username": None}, 422, None),
    ],
)
async def test_registration_refuses(
    open_house: Management, changes: dict[str, Any], status: int, text: str | None
) -> None:
    await refused((await open_house.client()).post("/authentication/register", json=_JO | changes), status, text)


async def test_registration_makes_the_hidden_keys(open_house: Management) -> None:
    client = await open_house.client()
    user = (await answered(client.post("/authentication/register", json=_JO), 201))["user"]
    rows = await open_house.sql("SELECT purpose FROM api_keys WHERE hidden AND user_id = $1", uuid.UUID(user["id"]))
    assert sorted(row.purpose for row in rows) == ["batch", "playground"]


async def test_registration_refuses_a_used_address_whatever_is_written_around_it(open_house: Management) -> None:
    person = await open_house.person()
    for address in (f" {ADMIN_EMAIL}", f"{person.username}@example.org\n"):
        body = _JO | {"email": address}
        text = "An account with this email address already exists"
        await refused((await open_house.client()).post("/authentication/register", json=body), 400, text)
    await refused((await open_house.client()).post("/authentication/register", json=_JO | {"email": " "}), 400)


async def test_of_those_who_register_an_address_at_once_one_succeeds(open_house: Management) -> None:
    client = await open_house.client()
    bodies = [_JO | {"username": f"jo{number}"} for number in range(6)]
    answers = await asyncio.gather(*(client.post("/authentication/register", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 5


async def test_length_counts_bytes(open_house: Management) -> None:
    client = await open_house.client()
    await answered(client.post("/authentication/register", json=_JO | {"password": "ääää"}), 201)


async def test_taken_username_is_a_conflict_also_at_once(open_house: Management) -> None:
    client = await open_house.client()
    bodies = [_JO | {"email": f"jo{number}@example.org"} for number in range(6)]
    answers = await asyncio.gather(*(client.post("/authentication/register", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    refusal = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refusal == {"message": "This username is already taken", "resource": "user"}


async def test_an_administrators_account_may_share_the_address_of_a_registered_one(open_house: Management) -> None:
    client = await open_house.client()
    await answered(client.post("/authentication/register", json=_JO), 201)
    body = {"username": "other", "email": _JO["email"], "roles": []}
    await answered(open_house.admin.post(f"{API}/users", json=body), 201)
    login = {"email": _JO["email"], "password": _JO["password"]}
    assert (await answered(client.post("/authentication/login", json=login), 200))["user"]["username"] == "jo"


async def test_password_change_needs_the_current_one(open_house: Management) -> None:
    client = await open_house.client()
    await answered(client.post("/authentication/register", json=_JO), 201)
    url = "/authentication/password-change"
    change = {"current_password": _JO["password"], "new_password": "another one"}
    await refused(client.post(url, json=change | {"current_password": "wrong"}), 401)
    await refused(
        client.post(url, json=change | {"new_password": "short"}), 400, "Password must be at least 8 characters"
    )
    await refused((await open_house.client()).post(url, json=change), 401, "Authentication required")
    assert await answered(client.post(url, json=change), 200) == {"message": "Password changed successfully"}
    login = {"email": _JO["email"], "password": _JO["password"]}
    other = await open_house.client()
    await refused(other.post("/authentication/login", json=login), 401, "Invalid email or password")
    await answered(other.post("/authentication/login", json=login | {"password": "another one"}), 200)


async def test_account_without_a_password_cannot_change_it(management: Management) -> None:
    person = await management.person()
    change = {"current_password": "x", "new_password": "long enough"}
    await refused(person.client.post("/authentication/password-change", json=change), 400)


async def test_session_of_a_deleted_user_is_refused(open_house: Management) -> None:
    client = await open_house.client()
    user = (await answered(client.post("/authentication/register", json=_JO), 201))["user"]
    await answered(client.get(f"{API}/users/current"), 200)
    await answered(open_house.admin.delete(f"{API}/users/{user['id']}"), 204)
    await refused(client.get(f"{API}/users/current"), 401, "Authentication required")
    login = {"email": _JO["email"], "password": _JO["password"]}
    await refused(client.post("/authentication/login", json=login), 401, "Invalid email or password")


async def test_guessing_is_slowed_down_for_the_account_and_not_for_others(open_house: Management) -> None:
    client = await open_house.client()
    await answered(client.post("/authentication/register", json=_JO), 201)
    bad = {"email": _JO["email"], "password": "wrong password"}
    answers = await asyncio.gather(*(client.post("/authentication/login", json=bad) for _ in range(14)))
    assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 4
    refusal = next(answer for answer in answers if answer.status_code == 429)
    assert refusal.json()["error"] == "too_many_requests"
    assert refusal.json()["retry_after_seconds"] == int(refusal.headers["retry-after"]) > 0
    right = bad | {"password": _JO["password"]}
    assert (await client.post("/authentication/login", json=right)).status_code == 429
    assert (await _login(open_house)).status_code == 200


async def test_last_login_is_refreshed_every_few_minutes(management: Management) -> None:
    person = await management.person()
    await answered(person.client.get(f"{API}/config"), 200)
    first = (await answered(person.client.get(f"{API}/users/current"), 200))["last_login"]
    assert first is not None
    assert (await answered(person.client.get(f"{API}/users/current"), 200))["last_login"] == first
    await management.sql("UPDATE users SET last_login = now() - interval '6 minutes'")
    await answered(person.client.get(f"{API}/config"), 200)
    again = (await answered(person.client.get(f"{API}/users/current"), 200))["last_login"]
    assert again > first


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "https://control.test"}, 200),
        ({"origin": "https://control.test", "sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"origin": "http://localhost:3001", "sec-fetch-site": "cross-site"}, 200),  # dashboard_url
        ({"origin": "https://evil.test"}, 403),
        ({"origin": "https://control.test.evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://control.test", "sec-fetch-site": "cross-site"}, 403),
    ],
)
async def test_sessions_change_nothing_for_other_sites(
    management: Management, headers: dict[str, str], status: int
) -> None:
    url = f"{API}/users/{management.admin_id}"
    response = await management.admin.patch(url, json={}, headers=headers)
    assert response.status_code == status
    login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    response = await management.admin.post("/authentication/login", json=login, headers=headers)
    assert response.status_code == status
    await answered(management.admin.get(url, headers=headers), 200)  # reading is CORS's business
    person = await management.person()
    await answered(person.client.patch(f"{API}/users/{person.id}", json={}, headers=headers), 200)
