"""`/users` (§4.1): shapes, order, search, changes, deletion."""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime
from typing import Any

import pytest
from tests.control.management import (
    ADMIN_EMAIL,
    API,
    NIL,
    Management,
    answered,
    managed,
    refused,
    settings_for_tests,
)

from control_layer.control.permissions import Resource, Role

_USER_FIELDS = {
    "id", "username", "email", "display_name", "avatar_url", "is_admin", "roles", "created_at", "updated_at",
    "last_login", "auth_source", "external_user_id", "has_payment_provider_id", "has_auto_topup_payment_method",
    "batch_notifications_enabled", "low_balance_threshold", "auto_topup_amount", "auto_topup_threshold",
    "auto_topup_monthly_limit", "user_type", "verified", "zero_data_retention", "invoicing_enabled",
    "is_active",  # ours
}  # fmt: skip


def _new(name: str, **more: Any) -> dict[str, Any]:
    return {"username": name, "email": f"{name}@example.org", "roles": []} | more


async def test_first_start_leaves_exactly_the_administrator(management: Management) -> None:
    page = await answered(management.admin.get(f"{API}/users"), 200)
    assert {key: page[key] for key in ("total_count", "skip", "limit")} == {"total_count": 1, "skip": 0, "limit": 10}
    (admin,) = page["data"]
    assert admin["username"] == admin["email"] == ADMIN_EMAIL
    assert admin["is_admin"] is True
    assert admin["auth_source"] == "system"
    assert admin["roles"] == ["PlatformManager", "StandardUser"]


async def test_created_user_has_exactly_the_contracts_fields(management: Management) -> None:
    body = _new("jo", display_name="Jo", avatar_url="https://a/b.png", roles=["RequestViewer"], ignored="yes")
    user = await answered(management.admin.post(f"{API}/users", json=body), 201)
    assert set(user) == _USER_FIELDS
    assert str(uuid.UUID(user["id"])) == user["id"]
    assert datetime.fromisoformat(user["created_at"]).utcoffset() is not None
    assert user["created_at"].endswith("Z")
    expected = {
        "username": "jo",
        "email": "jo@example.org",
        "display_name": "Jo",
        "avatar_url": "https://a/b.png",
        "is_admin": False,
        "roles": ["RequestViewer", "StandardUser"],
        "last_login": None,
        "auth_source": "proxy-header",
        "external_user_id": None,
        "has_payment_provider_id": False,
        "has_auto_topup_payment_method": False,
        "batch_notifications_enabled": False,
        "low_balance_threshold": None,
        "auto_topup_amount": None,
        "auto_topup_threshold": None,
        "auto_topup_monthly_limit": None,
        "user_type": "individual",
        "verified": False,
        "zero_data_retention": False,
        "invoicing_enabled": False,
    }
    assert {key: user[key] for key in expected} == expected
    assert await answered(management.admin.get(f"{API}/users/{user['id']}"), 200) == user


async def test_lists_newest_first_and_clamps_paging(management: Management) -> None:
    names = [f"user-{number:02}" for number in range(12)]
    for name in names:
        await answered(management.admin.post(f"{API}/users", json=_new(name)), 201)
    page = await answered(management.admin.get(f"{API}/users?skip=-5&limit=1000"), 200)
    assert [user["username"] for user in page["data"]] == [*reversed(names), ADMIN_EMAIL]
    assert (page["skip"], page["limit"], page["total_count"]) == (0, 101, 13)
    page = await answered(management.admin.get(f"{API}/users?skip=11&limit=0"), 200)
    assert [user["username"] for user in page["data"]] == [names[0]]
    assert page["limit"] == 1
    page = await answered(management.admin.get(f"{API}/users?skip=99999999999999999999"), 200)
    assert page["data"] == []


async def test_sorts_by_name_address_and_last_login(management: Management) -> None:
    for name, display in (("cy", "alice"), ("ann", None), ("bo", "")):
        await answered(management.admin.post(f"{API}/users", json=_new(name, display_name=display)), 201)
    await management.sql("UPDATE users SET display_name = 'Zoe', email = 'x@example.org' WHERE is_admin")
    await management.sql("UPDATE users SET last_login = now() + interval '1 day' WHERE username = 'ann'")
    await management.sql("UPDATE users SET last_login = '2020-01-01Z' WHERE username = 'bo'")

    async def sorted_by(query: str) -> list[str]:
        page = await answered(management.admin.get(f"{API}/users?{query}"), 200)
        return [user["username"] for user in page["data"]]

    assert await sorted_by("sort=name") == ["cy", "ann", "bo", ADMIN_EMAIL]
    assert await sorted_by("sort=name&sort_direction=desc") == [ADMIN_EMAIL, "bo", "ann", "cy"]
    assert await sorted_by("sort=email") == ["ann", "bo", "cy", ADMIN_EMAIL]
    assert await sorted_by("sort=last_login") == ["ann", ADMIN_EMAIL, "bo", "cy"]
    assert await sorted_by("sort=last_login&sort_direction=asc") == ["bo", ADMIN_EMAIL, "ann", "cy"]
    assert await sorted_by("sort=created_at&sort_direction=asc") == [ADMIN_EMAIL, "cy", "ann", "bo"]


async def test_filters_by_role_group_source_and_state(management: Management) -> None:
    await answered(management.admin.post(f"{API}/users", json=_new("viewer", roles=["RequestViewer"])), 201)
    user = await answered(management.admin.post(f"{API}/users", json=_new("member", sign_in="password")), 201)
    group = await management.group()
    await answered(management.admin.post(f"{API}/groups/{group}/users/{user['id']}"), 204)
    await answered(management.admin.patch(f"{API}/users/{user['id']}", json={"is_active": False}), 200)

    async def found(query: str) -> list[str]:
        page = await answered(management.admin.get(f"{API}/users?{query}"), 200)
        assert page["total_count"] == len(page["data"])
        return [user["username"] for user in page["data"]]

    assert await found("role=RequestViewer") == ["viewer"]
    assert await found(f"group={group}") == ["member"]
    assert await found(f"group={NIL}") == ["member", "viewer", ADMIN_EMAIL]
    assert await found("auth_source=proxy-header") == ["viewer"]
    assert await found("is_active=false") == ["member"]
    assert await found("is_active=true&search=e&role=StandardUser") == ["viewer", ADMIN_EMAIL]
    assert await found(f"group={group}&role=RequestViewer") == []


@pytest.mark.parametrize("query", ["sort=password_hash", "role=Owner", "group=x", "is_active=perhaps"])
async def test_refuses_orders_and_filters_that_there_are_not(management: Management, query: str) -> None:
    await refused(management.admin.get(f"{API}/users?{query}"), 400)


async def test_an_account_with_a_password_from_the_administrator_can_sign_in(management: Management) -> None:
    user = await answered(management.admin.post(f"{API}/users", json=_new("jo", sign_in="password")), 201)
    assert user["auth_source"] == "native"
    password = (await answered(management.admin.post(f"{API}/users/{user['id']}/password"), 200))["password"]
    login = {"email": user["email"], "password": password}
    person = await management.client()
    assert (await answered(person.post("/authentication/login", json=login), 200))["user"]["id"] == user["id"]


async def test_an_address_to_sign_in_with_is_somebodys_alone(management: Management) -> None:
    await answered(management.admin.post(f"{API}/users", json=_new("jo")), 201)
    body = _new("other", sign_in="password") | {"email": "jo@example.org"}
    response = await management.admin.post(f"{API}/users", json=body)
    text = "An account with this email address already exists"
    assert (response.status_code, response.json()) == (409, {"message": text, "resource": "user"})


async def test_no_account_with_a_password_where_nobody_signs_in_with_one(database_url: str) -> None:
    async with managed(database_url, settings_for_tests()) as management:
        manager = await management.person(Role.PLATFORM_MANAGER)
        off = management.services.settings.auth.native.model_copy(update={"enabled": False})
        auth = management.services.settings.auth.model_copy(update={"native": off})
        object.__setattr__(management.services.settings, "auth", auth)
        call = manager.client.post(f"{API}/users", json=_new("jo", sign_in="password"))
        await refused(call, 400, "Native authentication is disabled")
        await answered(manager.client.post(f"{API}/users", json=_new("jo")), 201)


async def test_search_for_what_no_text_can_hold_is_refused(management: Management) -> None:
    await refused(management.admin.get(f"{API}/users?search=%00"), 400, "Invalid data provided")


@pytest.mark.parametrize("query", ["skip=x", "limit=ten", "limit=1.5"])
async def test_refuses_paging_that_is_no_number_before_asking_who_calls(management: Management, query: str) -> None:
    await refused((await management.client()).get(f"{API}/users?{query}"), 400)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ALPHA", ["alpha"]),
        ("  beta@EXAMPLE ", ["beta"]),
        ("Great", ["alpha"]),
        ("%", []),
        ("_", []),
        ("\\", []),
        ("   ", ["beta", "alpha", ADMIN_EMAIL]),
    ],
)
async def test_search_takes_any_part_literally(management: Management, search: str, found: list[str]) -> None:
    await answered(management.admin.post(f"{API}/users", json=_new("alpha", display_name="the great")), 201)
    await answered(management.admin.post(f"{API}/users", json=_new("beta")), 201)
    page = await answered(management.admin.get(f"{API}/users", params={"search": search}), 200)
    assert [user["username"] for user in page["data"]] == found
    assert page["total_count"] == len(found)


async def test_search_finds_every_part_of_a_name_and_nothing_it_lacks(management: Management) -> None:
    name = 'O\'Brien \\ "Ünï" & x:* (né)'
    await answered(management.admin.post(f"{API}/users", json=_new("odd", display_name=name)), 201)
    parts = {name[start:end].strip() for start in range(len(name)) for end in range(start + 1, start + 5)} - {""}
    for part in parts:
        page = await answered(management.admin.get(f"{API}/users", params={"search": part}), 200)
        assert "odd" in [user["username"] for user in page["data"]], part
    for absent in ("O'Brian", "nïÜ", "x:*(", "\\\\", "Brien'"):
        page = await answered(management.admin.get(f"{API}/users", params={"search": absent}), 200)
        assert page["data"] == [], absent


async def test_list_includes_groups_and_balances(management: Management) -> None:
    person = await management.person()
    zebra, ant = await management.group("zebra"), await management.group("ant")
    for group in (zebra, ant):
        await answered(management.admin.post(f"{API}/groups/{group}/users/{person.id}"), 204)
    page = await answered(management.admin.get(f"{API}/users?include=groups, billing,nonsense"), 200)
    user = next(user for user in page["data"] if user["id"] == person.id)
    assert [group["name"] for group in user["groups"]] == ["ant", "zebra", "Everyone"]
    assert user["groups"][-1]["id"] == NIL
    assert all("created_by" in group for group in user["groups"])
    assert user["credit_balance"] == 0
    page = await answered(management.admin.get(f"{API}/users"), 200)
    assert all("groups" not in user and "credit_balance" not in user for user in page["data"])


async def test_balance_in_the_list_takes_the_right_to_see_credits(management: Management) -> None:
    billing = await management.person(Role.BILLING_MANAGER)
    page = await answered(billing.client.get(f"{API}/users?include=billing"), 200)
    assert all("credit_balance" in user for user in page["data"])


async def test_one_user_matches_include_by_substring_and_never_groups(management: Management) -> None:
    person = await management.person()
    me = await answered(person.client.get(f"{API}/users/current?include=xbillingx,organizations,groups"), 200)
    assert set(me) == _USER_FIELDS | {"credit_balance", "organizations"}
    assert (me["credit_balance"], me["organizations"]) == (0, [])


async def test_what_the_caller_may_do_is_told_to_them_alone(management: Management) -> None:
    viewer = await management.person(Role.REQUEST_VIEWER)
    me = await answered(viewer.client.get(f"{API}/users/current?include=permissions"), 200)
    rights = {each["resource"]: (each["all"], each["own"]) for each in me["permissions"]}
    assert rights["ApiKeys"] == ([], ["Create", "Read", "Update", "Delete"])
    assert rights["Requests"] == (["Read"], ["Read"])
    assert "Endpoints" not in rights
    assert "permissions" not in await answered(viewer.client.get(f"{API}/users/current"), 200)
    administrator = await answered(management.admin.get(f"{API}/users/current?include=permissions"), 200)
    every = ["Create", "Read", "Update", "Delete"]
    assert [(each["all"], each["own"]) for each in administrator["permissions"]] == [(every, every)] * len(Resource)
    other = await answered(management.admin.get(f"{API}/users/{viewer.id}?include=permissions"), 200)
    assert "permissions" not in other


async def test_balance_of_somebody_else_is_left_out_without_the_right(management: Management) -> None:
    billing = await management.person(Role.BILLING_MANAGER)
    person = await management.person()
    assert "credit_balance" in await answered(billing.client.get(f"{API}/users/{person.id}?include=billing"), 200)
    await refused(
        person.client.get(f"{API}/users/{billing.id}?include=billing"), 403, "Insufficient permissions to Read Users"
    )


async def test_current_is_the_caller_for_reading_only(management: Management) -> None:
    person = await management.person()
    assert (await answered(person.client.get(f"{API}/users/current"), 200))["id"] == person.id
    await refused(person.client.patch(f"{API}/users/current", json={}), 400)
    await refused(management.admin.delete(f"{API}/users/current"), 400)


@pytest.mark.parametrize("user_id", [NIL, "00000000-0000-4000-8000-000000000001"])
async def test_unknown_and_system_users_are_not_found(management: Management, user_id: str) -> None:
    url, admin = f"{API}/users/{user_id}", management.admin
    for call in (admin.get(url), admin.patch(url, json={}), admin.delete(url)):
        await refused(call, 404, f"User with ID {user_id} not found")


async def test_duplicate_names_and_addresses_are_named(management: Management) -> None:
    await answered(management.admin.post(f"{API}/users", json=_new("jo")), 201)
    again = await answered(management.admin.post(f"{API}/users", json=_new("jo", email="other@x")), 409)
    assert again == {"message": "This username is already taken", "resource": "user"}
    again = await answered(management.admin.post(f"{API}/users", json=_new("other", email="jo@example.org")), 409)
    assert again == {"message": "An account with this email address already exists", "resource": "user"}


async def test_one_of_many_at_once_gets_the_name(management: Management) -> None:
    bodies = [_new("jo", email=f"jo{number}@example.org") for number in range(12)]
    answers = await asyncio.gather(*(management.admin.post(f"{API}/users", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "x", "email": "y"}, 422),
        ({"username": "x", "email": "y", "roles": ["Nobody"]}, 422),
        ({"username": "x", "email": "y", "roles": "StandardUser"}, 422),
        ({"username": 5, "email": "y", "roles": []}, 422),
        ([], 422),
        ({"username": " ", "email": "y", "roles": []}, 400),
        ({"username": "x", "email": "", "roles": []}, 400),
        ({"username": "x\u0000", "email": "y", "roles": []}, 400),
        ({"username": "x", "email": "y", "roles": ["StandardUser", "StandardUser"]}, 409),
        ({"username": "x" * 10_000 + "".join(map(str, range(20_000))), "email": "y", "roles": []}, 400),
    ],
)
async def test_refuses_bodies_of_the_wrong_shape(management: Management, body: Any, status: int) -> None:
    await refused(management.admin.post(f"{API}/users", json=body), status)


async def test_patch_tells_absent_from_null(management: Management) -> None:
    person = await management.person()
    url = f"{API}/users/{person.id}"
    changes = {
        "display_name": "New",
        "avatar_url": "https://a/b",
        "batch_notifications_enabled": True,
        "zero_data_retention": True,
        "low_balance_threshold": -2.5,
        "auto_topup_amount": 10,
        "auto_topup_threshold": 0,
        "auto_topup_monthly_limit": 100.5,
    }
    changed = await answered(person.client.patch(url, json=changes), 200)
    assert {key: changed[key] for key in changes} == changes
    assert set(changed) == _USER_FIELDS
    kept = await answered(person.client.patch(url, json={}), 200)
    assert {key: kept[key] for key in changes} == changes
    nulls = await answered(person.client.patch(url, json=dict.fromkeys(changes)), 200)
    assert (nulls["display_name"], nulls["avatar_url"], nulls["zero_data_retention"]) == ("New", "https://a/b", True)
    assert [nulls[key] for key in changes if key.startswith(("auto_topup", "low_balance"))] == [None] * 4


@pytest.mark.parametrize(
    "body",
    [
        {"auto_topup_amount": 0},
        {"auto_topup_amount": -1},
        {"auto_topup_threshold": -1},
        {"auto_topup_monthly_limit": 0},
    ],
)
async def test_refuses_amounts_that_make_no_sense(management: Management, body: dict[str, Any]) -> None:
    await refused(management.admin.patch(f"{API}/users/{management.admin_id}", json=body), 400)


@pytest.mark.parametrize(
    "body",
    [
        {"zero_data_retention": "true"},
        {"auto_topup_amount": "5"},
        {"low_balance_threshold": True},
        {"roles": ["Nobody"]},
        {"display_name": 1},
    ],
)
async def test_patch_reads_the_body_before_it_asks_whose_account_it_is(
    management: Management, body: dict[str, Any]
) -> None:
    person = await management.person()
    await refused(person.client.patch(f"{API}/users/{management.admin_id}", json=body), 422)


async def test_patch_ignores_what_cannot_be_changed(management: Management) -> None:
    person = await management.person()
    url = f"{API}/users/{person.id}"
    body = {"email": "new@x", "username": "new", "is_admin": True, "auth_source": "native"}
    changed = await answered(management.admin.patch(url, json=body), 200)
    assert (changed["username"], changed["is_admin"], changed["auth_source"]) == (
        person.username,
        False,
        "proxy-header",
    )


async def test_roles_take_the_right_to_change_everybody_and_nothing_else_is_applied(management: Management) -> None:
    person = await management.person()
    url = f"{API}/users/{person.id}"
    await refused(
        person.client.patch(url, json={"display_name": "X", "roles": ["PlatformManager"]}),
        403,
        "Insufficient permissions to Update Users",
    )
    assert (await answered(person.client.get(url), 200))["display_name"] is None
    # null is absent, so it needs no right
    await answered(person.client.patch(url, json={"roles": None}), 200)


async def test_role_changes_are_in_force_at_the_next_request(management: Management) -> None:
    person = await management.person(Role.PLATFORM_MANAGER)
    await answered(person.client.get(f"{API}/users"), 200)
    changed = await answered(management.admin.patch(f"{API}/users/{person.id}", json={"roles": []}), 200)
    assert changed["roles"] == ["StandardUser"]
    await refused(person.client.get(f"{API}/users"), 403, "Insufficient permissions to Read Users")


async def test_nobody_deletes_themselves(management: Management) -> None:
    await refused(
        management.admin.delete(f"{API}/users/{management.admin_id}"), 400, "You cannot delete your own account"
    )


async def test_deletion_scrubs_and_frees_the_address(management: Management) -> None:
    person = await management.person()
    group = await management.group()
    await answered(management.admin.post(f"{API}/groups/{group}/users/{person.id}"), 204)
    await answered(management.admin.delete(f"{API}/users/{person.id}"), 204)
    await refused(person.client.get(f"{API}/users/current"), 401, "Authentication required")
    for path in ("", "/groups", "/api-keys"):
        await refused(management.admin.get(f"{API}/users/{person.id}{path}"), 404)
    await refused(management.admin.delete(f"{API}/users/{person.id}"), 404)
    assert await answered(management.admin.get(f"{API}/groups/{group}/users"), 200) == []
    assert (await answered(management.admin.get(f"{API}/users"), 200))["total_count"] == 1
    body = {"username": person.username, "email": f"{person.username}@example.org", "roles": []}
    await answered(management.admin.post(f"{API}/users", json=body), 201)
    (row,) = await management.sql("SELECT * FROM users WHERE id = $1", uuid.UUID(person.id))
    assert (row.email, row.username) == (f"deleted-{person.id}@deleted.local", f"deleted-{person.id}")
    assert (row.display_name, row.password_hash, row.external_user_id) == (None, None, None)
    assert await management.sql("SELECT id FROM api_keys WHERE user_id = $1", uuid.UUID(person.id)) == []
