"""`POST /users/{id}/password`: whose password an administrator may replace, and what becomes of the old one."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from tests.control.management import ADMIN_PASSWORD, API, Management, answered, managed, refused, settings_for_tests

from control_layer.control.authentication.generated_password import generated_password
from control_layer.control.permissions import Role
from control_layer.settings import Password

_OLD = "the old password"


@pytest.fixture
async def registering(database_url: str) -> Any:
    settings = settings_for_tests(auth={"native": {"allow_registration": True}})
    async with managed(database_url, settings) as management:
        yield management


async def _native(management: Management) -> str:
    anonymous = await management.client()
    body = {"username": "jo", "email": "jo@example.org", "password": _OLD}
    registered = await answered(anonymous.post("/authentication/register", json=body), 201)
    return str(registered["user"]["id"])


async def _signs_in(management: Management, password: str) -> bool:
    anonymous = await management.client()
    login = {"email": "jo@example.org", "password": password}
    return (await anonymous.post("/authentication/login", json=login)).status_code == 200


@pytest.mark.parametrize("body", [None, {}, {"password": None}])
async def test_a_password_is_generated_and_replaces_the_old_one(registering: Management, body: object) -> None:
    user_id = await _native(registering)
    answer = await answered(registering.admin.post(f"{API}/users/{user_id}/password", json=body or {}), 200)
    assert set(answer) == {"password"}
    assert len(answer["password"]) == 20
    assert await _signs_in(registering, answer["password"])
    assert not await _signs_in(registering, _OLD)
    (row,) = await registering.sql("SELECT password_hash FROM users WHERE id = $1", uuid.UUID(user_id))
    assert answer["password"] not in row.password_hash


async def test_a_chosen_password_is_not_repeated(registering: Management) -> None:
    user_id = await _native(registering)
    path = f"{API}/users/{user_id}/password"
    assert await answered(registering.admin.post(path, json={"password": "a chosen password"}), 200) == {}
    assert await _signs_in(registering, "a chosen password")
    await refused(
        registering.admin.post(path, json={"password": "short"}), 400, "Password must be at least 8 characters"
    )
    assert await _signs_in(registering, "a chosen password")


async def test_only_who_may_change_everybody_replaces_passwords(registering: Management) -> None:
    user_id = await _native(registering)
    path = f"{API}/users/{user_id}/password"
    for role, status in ((Role.STANDARD_USER, 403), (Role.BILLING_MANAGER, 403), (Role.PLATFORM_MANAGER, 200)):
        person = await registering.person(role)
        assert (await person.client.post(path, json={})).status_code == status


async def test_nobody_but_the_administrator_takes_the_administrators_account(management: Management) -> None:
    manager = await management.person(Role.PLATFORM_MANAGER)
    path = f"{API}/users/{management.admin_id}/password"
    await refused(manager.client.post(path, json={"password": "mine from now on"}), 403)
    anonymous = await management.client()
    login = {"email": "admin@example.org", "password": ADMIN_PASSWORD}
    await answered(anonymous.post("/authentication/login", json=login), 200)
    await answered(management.admin.post(path, json={"password": "another one now"}), 200)


async def test_accounts_without_a_password_get_none(management: Management) -> None:
    person = await management.person()
    response = await management.admin.post(f"{API}/users/{person.id}/password", json={})
    assert response.status_code == 400
    assert "proxy-header" in response.text
    await refused(management.admin.post(f"{API}/users/{uuid.uuid4()}/password", json={}), 404)


@pytest.mark.parametrize(("shortest", "longest", "length"), [(8, 64, 20), (32, 64, 32), (8, 12, 12)])
def test_generated_passwords_obey_the_rules(shortest: int, longest: int, length: int) -> None:
    rules = Password(min_length=shortest, max_length=longest)
    assert len(generated_password(rules)) == length
    assert generated_password(rules) != generated_password(rules)
