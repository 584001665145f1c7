"""A disabled account: nothing of it works, nothing of it is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import pytest
from tests.control.management import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    API,
    Management,
    Person,
    answered,
    managed,
    refused,
    settings_for_tests,
)

from control_layer.control.permissions import Role


@pytest.fixture
async def open_house(database_url: str) -> AsyncIterator[Management]:
    """An instance where people may register."""
    async with managed(database_url, settings_for_tests(auth={"native": {"allow_registration": True}})) as management:
        yield management


async def _set(management: Management, user_id: str, active: bool) -> None:
    user = await answered(management.admin.patch(f"{API}/users/{user_id}", json={"is_active": active}), 200)
    assert user["is_active"] is active


async def test_keys_of_a_disabled_person_rest_until_they_are_back(management: Management) -> None:
    person = await management.person(Role.PLATFORM_MANAGER)
    await answered(person.client.get(f"{API}/users/current"), 200)
    await _set(management, person.id, False)
    await refused(person.client.get(f"{API}/users/current"), 401, "Authentication required")
    keys = await answered(management.admin.get(f"{API}/users/{person.id}/api-keys"), 200)
    assert keys["total_count"] == 1
    await _set(management, person.id, True)
    assert (await answered(person.client.get(f"{API}/users/current"), 200))["is_active"] is True


async def test_sessions_and_login_of_a_disabled_person_are_refused(open_house: Management) -> None:
    browser = await open_house.client()
    body = {"username": "jo", "email": "jo@example.org", "password": "long enough"}
    response = await browser.post("/authentication/register", json=body)
    user_id = response.json()["user"]["id"]
    cookie: SimpleCookie = SimpleCookie(response.headers["set-cookie"])
    browser.headers["cookie"] = f"control_layer_session={cookie['control_layer_session'].value}"
    login = {"email": body["email"], "password": body["password"]}
    await answered(browser.get(f"{API}/users/current"), 200)
    await _set(open_house, user_id, False)
    await refused(browser.get(f"{API}/users/current"), 401)
    await refused(
        (await open_house.client()).post("/authentication/login", json=login), 401, "Invalid email or password"
    )
    await _set(open_house, user_id, True)
    await answered(browser.get(f"{API}/users/current"), 200)
    await answered((await open_house.client()).post("/authentication/login", json=login), 200)


async def test_nobody_disables_themself(management: Management) -> None:
    manager = await management.person(Role.PLATFORM_MANAGER)
    for client, user_id in ((management.admin, management.admin_id), (manager.client, manager.id)):
        call = client.patch(f"{API}/users/{user_id}", json={"is_active": False, "display_name": "changed"})
        await refused(call, 400, "You cannot disable your own account")
        user = await answered(management.admin.get(f"{API}/users/{user_id}"), 200)
        assert (user["is_active"], user["display_name"]) != (False, "changed")


async def test_the_administrator_cannot_be_disabled(management: Management) -> None:
    manager = await management.person(Role.PLATFORM_MANAGER)
    await refused(manager.client.patch(f"{API}/users/{management.admin_id}", json={"is_active": False}), 403)
    login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    await answered((await management.client()).post("/authentication/login", json=login), 200)


@pytest.mark.parametrize("active", [True, False])
async def test_setting_it_takes_the_right_to_change_everybody(management: Management, active: bool) -> None:
    me: Person = await management.person()
    call = me.client.patch(f"{API}/users/{me.id}", json={"is_active": active})
    await refused(call, 403, "Insufficient permissions to Update Users")


async def test_disabling_again_keeps_the_time_of_the_first(management: Management) -> None:
    person = await management.person()
    await _set(management, person.id, False)
    ((first,),) = await management.sql("SELECT disabled_at FROM users WHERE id = $1", person.id)
    await _set(management, person.id, False)
    ((second,),) = await management.sql("SELECT disabled_at FROM users WHERE id = $1", person.id)
    assert first is not None
    assert first == second


async def test_null_and_absence_keep_the_state(management: Management) -> None:
    person = await management.person()
    await _set(management, person.id, False)
    for body in ({"is_active": None}, {}):
        user = await answered(management.admin.patch(f"{API}/users/{person.id}", json=body), 200)
        assert user["is_active"] is False
