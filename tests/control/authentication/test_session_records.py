"""Sessions can be listed and ended; a cookie whose session has ended opens nothing from then on."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.requests import Request
from tests.control.authentication.people import COOKIE, PASSWORD, is_in, member, signed_in
from tests.control.management import ADMIN_EMAIL, ADMIN_PASSWORD, API, Management, answered, refused

from control_layer.control.authentication import session_records
from control_layer.control.authentication.expiry import forget_expired
from control_layer.control.authentication.session_records import begin_session
from control_layer.control.first_start.seeding import seed
from control_layer.control.permissions import Role
from control_layer.control.request_context import transaction

_SESSIONS = f"{API}/users/current/sessions"
_FIELDS = {"id", "created_at", "last_seen", "expires_at", "user_agent", "peer_address", "current"}


async def _listed(browser: Any, owner: str = "current") -> list[dict[str, Any]]:
    page = await answered(browser.get(f"{API}/users/{owner}/sessions"), 200)
    assert page["total_count"] == len(page["data"])
    rows: list[dict[str, Any]] = page["data"]
    return rows


async def test_sessions_are_listed_newest_first_with_where_they_began(registering: Management) -> None:
    jo = await member(registering)
    peer = {"x-control-layer-peer": "192.0.2.7"}
    second = await signed_in(registering, jo, **{"user-agent": "A browser/1.0 " + "x" * 1000}, **peer)
    rows = await _listed(second)
    assert all(set(row) == _FIELDS for row in rows)
    assert [row["current"] for row in rows] == [True, False]
    assert rows[0]["peer_address"] == "192.0.2.7"
    assert rows[0]["user_agent"].startswith("A browser/1.0 x")
    assert len(rows[0]["user_agent"]) == 400
    assert rows[1]["peer_address"] is None
    begun, ends = (datetime.fromisoformat(rows[0][name]) for name in ("created_at", "expires_at"))
    assert timedelta(hours=23, minutes=59) < ends - begun <= timedelta(hours=24)
    page = await answered(second.get(f"{_SESSIONS}?skip=1&limit=1"), 200)
    assert (page["data"], page["total_count"], page["skip"], page["limit"]) == (
        [rows[1] | {"current": False}],
        2,
        1,
        1,
    )


async def test_the_database_knows_the_digest_of_a_cookie_and_not_the_cookie(registering: Management) -> None:
    jo = await member(registering)
    token = jo.browser.cookies[COOKIE]
    (row,) = await registering.sql("SELECT * FROM sessions WHERE user_id = $1", uuid.UUID(jo.id))
    assert row.token_digest == hashlib.sha256(token.encode()).digest()
    assert token.rpartition(".")[2] not in str(row)


async def test_two_logins_at_once_are_two_sessions(registering: Management) -> None:
    jo = await member(registering)
    browsers = await asyncio.gather(*(signed_in(registering, jo) for _ in range(8)))
    tokens = {browser.cookies[COOKIE] for browser in browsers}
    assert len(tokens) == 8
    assert len(await _listed(jo.browser)) == 9


async def test_two_sessions_of_one_microsecond_are_two(registering: Management) -> None:
    jo = await member(registering)
    now = registering.services.now()
    request = Request({"type": "http", "headers": []})
    cookies = []
    for _ in range(3):
        async with transaction(registering.services) as session:
            cookies.append(await begin_session(session, registering.services.sessions, uuid.UUID(jo.id), request, now))
    assert len(set(cookies)) == 3


async def test_an_ended_session_is_refused_at_once_and_others_go_on(registering: Management) -> None:
    jo = await member(registering)
    other = await signed_in(registering, jo)
    other_id = next(row["id"] for row in await _listed(other) if row["current"])
    await answered(jo.browser.delete(f"{_SESSIONS}/{other_id}"), 204)
    await refused(other.get(_SESSIONS), 401, "Authentication required")
    assert await is_in(jo.browser)
    await refused(jo.browser.delete(f"{_SESSIONS}/{other_id}"), 404, f"Session with ID {other_id} not found")
    await refused(jo.browser.delete(f"{_SESSIONS}/nonsense"), 400)


async def test_all_but_the_one_that_asks_can_be_ended(registering: Management) -> None:
    jo = await member(registering)
    others = [await signed_in(registering, jo) for _ in range(3)]
    await answered(jo.browser.delete(_SESSIONS), 204)
    assert [await is_in(browser) for browser in others] == [False] * 3
    assert [row["current"] for row in await _listed(jo.browser)] == [True]
    assert await is_in(registering.admin)


async def test_a_key_that_asks_ends_every_session(registering: Management) -> None:
    jo = await member(registering)
    key = await answered(
        jo.browser.post(f"{API}/users/current/api-keys", json={"name": "k", "purpose": "platform"}), 201
    )
    program = await registering.client(authorization=f"Bearer {key['key']}")
    assert [row["current"] for row in await _listed(program)] == [False]
    await answered(program.delete(_SESSIONS), 204)
    assert not await is_in(jo.browser)


async def test_logout_ends_the_session_for_whoever_has_the_cookie(registering: Management) -> None:
    jo = await member(registering)
    token = jo.browser.cookies[COOKIE]
    other = await signed_in(registering, jo)
    thief = await registering.client(cookie=f"{COOKIE}={token}")
    assert await is_in(thief)
    await answered(jo.browser.post("/authentication/logout"), 200)
    assert not await is_in(thief)
    assert await is_in(other)


@pytest.mark.parametrize("cookie", ["", "nonsense", "a.b.c", "ä"])
async def test_logout_takes_any_cookie(management: Management, cookie: str) -> None:
    client = await management.client()
    header = (b"cookie", f"{COOKIE}={cookie}".encode())
    await answered(client.post("/authentication/logout", headers=[header]), 200)


async def test_logout_clears_the_cookies_when_the_database_is_away(registering: Management) -> None:
    jo = await member(registering)
    await registering.sql("ALTER TABLE sessions RENAME TO elsewhere")
    response = await jo.browser.post("/authentication/logout")
    await registering.sql("ALTER TABLE elsewhere RENAME TO sessions")
    assert response.status_code == 200
    assert len(response.headers.get_list("set-cookie")) == 2


async def test_what_is_asked_after_the_end_is_refused_whatever_is_under_way(registering: Management) -> None:
    jo = await member(registering)
    thief = await registering.client(cookie=f"{COOKIE}={jo.browser.cookies[COOKIE]}")
    ended = asyncio.Event()

    async def ask_on_and_on() -> None:
        last = False
        while not last:
            last = ended.is_set()
            answer = await is_in(thief)
            assert not (last and answer)

    asking = [asyncio.create_task(ask_on_and_on()) for _ in range(4)]
    await answered(jo.browser.post("/authentication/logout"), 200)
    ended.set()
    await asyncio.gather(*asking)


async def test_a_planted_cookie_is_not_taken_over_by_a_login(registering: Management) -> None:
    planted = registering.services.sessions.token(uuid.uuid4(), registering.services.now())
    victim = await member(registering)
    browser = await registering.client()
    for value in (planted, "chosen-by-somebody-else"):
        browser.cookies.set(COOKIE, value, domain="control.test")
        response = await browser.post("/authentication/login", json=victim.login)
        assert response.status_code == 200
        assert value not in response.headers["set-cookie"]
        assert not await is_in(await registering.client(cookie=f"{COOKIE}={value}"))


async def test_others_sessions_take_the_right_to_all_users(registering: Management) -> None:
    jo = await member(registering)
    (row,) = await _listed(jo.browser)
    jos = f"{API}/users/{jo.id}/sessions"
    stranger = await registering.person()
    biller = await registering.person(Role.BILLING_MANAGER)
    manager = await registering.person(Role.PLATFORM_MANAGER)
    for method, url in (("GET", jos), ("DELETE", jos), ("DELETE", f"{jos}/{row['id']}")):
        verb = "Read" if method == "GET" else "Update"
        await refused(stranger.client.request(method, url), 403, f"Insufficient permissions to {verb} Users")
        if method == "DELETE":
            await refused(biller.client.request(method, url), 403)
    assert [found["id"] for found in await _listed(biller.client, jo.id)] == [row["id"]]
    assert [found["current"] for found in await _listed(manager.client, jo.id)] == [False]
    # under one's own name, somebody else's session is none
    await refused(stranger.client.delete(f"{_SESSIONS}/{row['id']}"), 404)
    assert await is_in(jo.browser)
    await answered(manager.client.delete(f"{jos}/{row['id']}"), 204)
    assert not await is_in(jo.browser)


async def test_unknown_people_have_no_sessions(management: Management) -> None:
    for user in (uuid.uuid4(), uuid.UUID(int=0)):
        url = f"{API}/users/{user}/sessions"
        await refused(management.admin.get(url), 404, f"User with ID {user} not found")
        await refused(management.admin.delete(url), 404)
        await refused(management.admin.delete(f"{url}/{uuid.uuid4()}"), 404)


async def test_changing_the_password_ends_the_other_sessions(registering: Management) -> None:
    jo = await member(registering)
    other = await signed_in(registering, jo)
    change = {"current_password": PASSWORD, "new_password": "another password"}
    await answered(jo.browser.post("/authentication/password-change", json=change), 200)
    assert not await is_in(other)
    assert await is_in(jo.browser)


async def test_a_password_set_by_an_administrator_ends_every_session(registering: Management) -> None:
    jo = await member(registering)
    await answered(registering.admin.post(f"{API}/users/{jo.id}/password", json={"password": "a given one"}), 200)
    assert not await is_in(jo.browser)
    assert await is_in(registering.admin)
    assert await is_in(await signed_in(registering, jo, "a given one"))


async def test_deleting_a_person_deletes_their_sessions(registering: Management) -> None:
    jo = await member(registering)
    await answered(registering.admin.delete(f"{API}/users/{jo.id}"), 204)
    assert not await is_in(jo.browser)
    assert await registering.sql("SELECT 1 FROM sessions WHERE user_id = $1", uuid.UUID(jo.id)) == []


async def test_a_new_configured_password_ends_the_administrators_sessions(management: Management) -> None:
    await seed(management.services)
    assert await is_in(management.admin)
    settings = management.services.settings
    changed = settings.model_validate(settings.model_dump() | {"admin_password": "another one"})
    await seed(replace(management.services, settings=changed))
    assert not await is_in(management.admin)


async def test_last_seen_is_refreshed_every_few_minutes(registering: Management) -> None:
    jo = await member(registering)
    (before,) = await _listed(jo.browser)
    assert (await _listed(jo.browser))[0]["last_seen"] == before["last_seen"]
    await registering.sql("UPDATE sessions SET last_seen = last_seen - interval '6 minutes'")
    await answered(jo.browser.get(f"{API}/config"), 200)
    assert (await _listed(jo.browser))[0]["last_seen"] > before["last_seen"]


async def test_an_expired_session_is_none_and_goes(registering: Management) -> None:
    jo = await member(registering)
    other = await signed_in(registering, jo)
    other_id = next(row["id"] for row in await _listed(other) if row["current"])
    await registering.sql("UPDATE sessions SET expires_at = now() WHERE id = $1", uuid.UUID(other_id))
    assert not await is_in(other)
    assert len(await _listed(jo.browser)) == 1
    await refused(jo.browser.delete(f"{_SESSIONS}/{other_id}"), 404)
    await forget_expired(registering.services)
    rows = await registering.sql("SELECT 1 FROM sessions WHERE user_id = $1", uuid.UUID(jo.id))
    assert len(rows) == 1
    assert await is_in(jo.browser)


async def test_thousands_of_expired_sessions_go(management: Management) -> None:
    await management.sql(
        "INSERT INTO sessions (id, user_id, token_digest, expires_at) "
        "SELECT gen_random_uuid(), $1, decode(md5(n::text), 'hex'), now() FROM generate_series(1, 2500) n",
        uuid.UUID(management.admin_id),
    )
    await forget_expired(management.services)
    assert len(await management.sql("SELECT 1 FROM sessions")) == 1


async def test_a_person_has_a_bounded_number_of_sessions(
    registering: Management, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_records, "_MAX_SESSIONS", 3)
    jo = await member(registering)
    await registering.sql("UPDATE sessions SET last_seen = now() - interval '1 hour'")
    others = [await signed_in(registering, jo) for _ in range(3)]
    assert not await is_in(jo.browser)
    assert [await is_in(browser) for browser in others] == [True] * 3


async def test_no_session_begins_with_a_password_that_is_being_replaced(registering: Management) -> None:
    jo = await member(registering)
    change = {"current_password": PASSWORD, "new_password": "another password"}
    logins = [_try_to_sign_in(registering, jo.login) for _ in range(6)]
    changed = answered(jo.browser.post("/authentication/password-change", json=change), 200)
    await asyncio.gather(*logins, changed)
    # whichever came first, nobody is in with the old password now
    assert [row["current"] for row in await _listed(jo.browser)] == [True]


async def _try_to_sign_in(management: Management, login: dict[str, str]) -> None:
    response = await (await management.client()).post("/authentication/login", json=login)
    assert response.status_code in {200, 401}, response.text


async def test_the_administrators_own_address_is_the_administrators(registering: Management) -> None:
    # Somebody registered under the address before the configuration named it: their account is older.
    await registering.sql("UPDATE users SET created_at = now() + interval '1 day' WHERE is_admin")
    await registering.sql(
        "INSERT INTO users (id, username, email, auth_source, password_hash) "
        "SELECT gen_random_uuid(), 'squatter', email, 'native', 'x' FROM users WHERE is_admin"
    )
    login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    user = (await answered((await registering.client()).post("/authentication/login", json=login), 200))["user"]
    assert user["is_admin"] is True
