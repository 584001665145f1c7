"""Sections 3.1, 3.3 and 4.1: people."""

from __future__ import annotations

import pytest
from tests.contract_client.client import PASSWORD, Person, World, fresh
from tests.contract_client.objects import USER
from tests.contract_client.shapes import fits

pytestmark = pytest.mark.server


def _new(world: World, **fields: object) -> dict[str, object]:
    name = fresh("user")
    body = {"username": name, "email": f"{name}@example.org", "roles": [], **fields}
    made: dict[str, object] = world.admin.must("POST", "/users", body, status=201)
    return made


def test_a_created_user_is_whole(world: World) -> None:
    made = _new(world, is_admin=True, password="ignored here")
    fits(made, USER)
    assert (made["is_admin"], made["auth_source"], made["roles"]) == (False, "proxy-header", ["StandardUser"])
    assert (made["display_name"], made["last_login"], made["user_type"]) == (None, None, "individual")
    assert not {"credit_balance", "groups", "organizations", "active_organization_id", "password_hash"} & made.keys()
    assert world.admin.get("/users", limit=1)["data"][0]["id"] == made["id"]  # newest first


def test_an_api_made_user_may_share_an_address_with_a_native_one(world: World) -> None:
    person = world.person()
    _new(world, email=person.get("/users/current")["email"], username=fresh("twin"))


@pytest.mark.parametrize(
    ("roles", "status"),
    [(["Emperor"], 422), (["StandardUser", "StandardUser"], 409), ("StandardUser", 422), (None, 422)],
)
def test_bad_roles(world: World, roles: object, status: int) -> None:
    name = fresh("user")
    body = {"username": name, "email": f"{name}@example.org", "roles": roles}
    assert world.admin.call("POST", "/users", body).status_code == status


def test_a_role_list_replaces_and_keeps_the_standard_role(world: World) -> None:
    user = _new(world, roles=["BillingManager"])
    assert set(user["roles"]) == {"BillingManager", "StandardUser"}  # type: ignore[call-overload]
    changed = world.admin.must("PATCH", f"/users/{user['id']}", {"roles": ["RequestViewer"]}, status=200)
    assert set(changed["roles"]) == {"RequestViewer", "StandardUser"}


def test_patch_absent_null_and_values(world: World) -> None:
    user = _new(world, display_name="Jo", avatar_url="https://example.org/jo.png")
    path = f"/users/{user['id']}"
    assert world.admin.must("PATCH", path, {}, status=200)["display_name"] == "Jo"
    same = world.admin.must(
        "PATCH", path, {"display_name": None, "avatar_url": None, "email": "x@y.z", "is_admin": True}, status=200
    )
    assert (same["display_name"], same["avatar_url"], same["email"], same["is_admin"]) == (
        "Jo",
        user["avatar_url"],
        user["email"],
        False,
    )
    tri = ("low_balance_threshold", "auto_topup_amount", "auto_topup_threshold", "auto_topup_monthly_limit")
    filled = world.admin.must("PATCH", path, dict.fromkeys(tri, 2.5), status=200)
    fits(filled, USER)
    assert [filled[name] for name in tri] == [2.5] * 4
    kept = world.admin.must("PATCH", path, {"batch_notifications_enabled": True}, status=200)
    assert [kept[name] for name in tri] == [2.5] * 4
    cleared = world.admin.must("PATCH", path, dict.fromkeys(tri), status=200)
    assert [cleared[name] for name in tri] == [None] * 4
    for refused in ({"auto_topup_amount": 0}, {"auto_topup_threshold": -1}, {"auto_topup_monthly_limit": 0}):
        assert world.admin.call("PATCH", path, refused).status_code == 400


def test_what_one_may_do_to_oneself_and_to_others(world: World) -> None:
    person, other = world.person(), world.person()
    assert person.must("PATCH", f"/users/{person.id}", {"display_name": "Me"}, status=200)["display_name"] == "Me"
    refused = person.call("PATCH", f"/users/{person.id}", {"display_name": "Boss", "roles": ["PlatformManager"]})
    assert refused.status_code == 403
    assert person.get("/users/current")["display_name"] == "Me"
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        assert person.call(method, f"/users/{other.id}", body).status_code == 403
    assert person.call("DELETE", f"/users/{person.id}").status_code == 403
    itself = world.admin.call("DELETE", f"/users/{world.admin.id}")
    assert (itself.status_code, itself.text) == (400, "You cannot delete your own account")


def test_includes_are_lenient_and_cut_by_permission(world: World, people: dict[str, Person]) -> None:
    query = {"include": " billing , nonsense,groups", "limit": 101}
    for who, sees in (("PlatformManager", True), ("BillingManager", True)):
        page = people[who].get("/users", **query)["data"]
        for user in page:
            fits(user, USER)
        assert all(("credit_balance" in user) == sees for user in page)
        assert all(user["groups"][-1]["name"] == "Everyone" or user["groups"][-1]["id"] for user in page)
    assert people["StandardUser"].call("GET", "/users").status_code == 403
    own = people["StandardUser"].get("/users/current", include="billing,organizations,groups")
    assert (own["credit_balance"], own["organizations"]) == (0, [])
    assert "groups" not in own
    viewer = people["RequestViewer"]
    assert "credit_balance" in viewer.get("/users/current", include="billing")
    assert "credit_balance" not in viewer.get("/users/current")


def test_search_is_trimmed_and_blind_to_case(world: World) -> None:
    user = _new(world, display_name="Ludwig van Beethoven " + fresh("z"))
    word = str(user["display_name"]).split()[-1]
    found = world.admin.get("/users", search=f"  {word.upper()} ")
    assert ([one["id"] for one in found["data"]], found["total_count"]) == ([user["id"]], 1)
    assert world.admin.get("/users", search="  ")["total_count"] > 1
    assert world.admin.get("/users", search="%_%")["total_count"] == 0


def test_deletion_frees_the_address_and_hides_the_person(world: World) -> None:
    person = world.person()
    email = person.get("/users/current")["email"]
    world.admin.must("DELETE", f"/users/{person.id}", status=204)
    for method, change in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        assert world.admin.call(method, f"/users/{person.id}", change).status_code == 404
    login = {"email": email, "password": PASSWORD}
    assert world.nobody.send("POST", "/authentication/login", json=login).status_code == 401
    body = {"username": email, "email": email, "password": PASSWORD}
    assert world.nobody.send("POST", "/authentication/register", json=body).status_code == 201
