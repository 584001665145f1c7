"""Section 4.3: groups, memberships and Everyone."""

from __future__ import annotations

import pytest
from tests.contract_client.client import NIL, World, fresh
from tests.contract_client.shapes import STR, TS, UUID, array, fits, nullable, omitted

pytestmark = pytest.mark.server

_UNKNOWN = "5f1d9a52-6f0e-4a1e-9f0b-6a1f5d6c7b8a"
GROUP = {
    "id": UUID,
    "name": STR,
    "description": nullable(STR),
    "created_by": omitted(UUID),
    "created_at": TS,
    "updated_at": TS,
    "source": STR,
    "users": omitted(array({"id": UUID, "email": STR})),
    "models": omitted(array({"id": UUID, "alias": STR})),
}


def test_a_group_is_made_read_changed_and_deleted(world: World) -> None:
    group = world.group(description="d")
    fits(group, GROUP)
    assert (group["source"], group["created_by"]) == ("native", world.admin.id)
    path = f"/groups/{group['id']}"
    assert world.admin.get(path) == group
    kept = world.admin.must("PATCH", path, {"name": None, "description": None}, status=200)
    assert (kept["name"], kept["description"]) == (group["name"], "d")
    assert world.admin.must("PATCH", path, {"description": "e"}, status=200)["description"] == "e"
    clash = world.admin.call("PATCH", path, {"name": world.group()["name"]})
    assert clash.status_code == 409
    world.admin.must("DELETE", path, status=204)
    assert [
        world.admin.call(method, path, body).status_code
        for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None))
    ] == [404] * 3


def test_everyone_is_protected(world: World) -> None:
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        answer = world.admin.call(method, f"/groups/{NIL}", body)
        assert answer.status_code == 403
        assert answer.text.startswith("Cannot ")
    everyone = world.admin.get(f"/groups/{NIL}")
    assert everyone["created_by"] == NIL
    person = world.person()
    assert person.id in world.admin.get(f"/groups/{NIL}/users")


def test_the_list_is_by_name_with_includes(world: World, endpoint: str) -> None:
    stem = fresh("list")
    groups = [world.group(name=f"{stem}-{letter}") for letter in "bac"]
    person, model = world.person(), world.model(endpoint)
    world.admin.must("POST", f"/groups/{groups[0]['id']}/users/{person.id}", status=204)
    world.grant(model["id"], groups[0]["id"])
    page = world.admin.get("/groups", search=stem.upper(), include="users, models,x")["data"]
    assert [group["name"] for group in page] == [f"{stem}-{letter}" for letter in "abc"]
    fits(page, array(GROUP))
    assert [user["id"] for user in page[1]["users"]] == [person.id]
    assert [one["id"] for one in page[1]["models"]] == [model["id"]]
    assert not {"users", "models"} & page[0].keys()
    assert not {"users", "models"} & world.admin.get(f"/groups/{groups[0]['id']}", include="users").keys()


@pytest.mark.parametrize("path", ["/groups/{group}/users/{user}", "/users/{user}/groups/{group}"])
def test_membership_from_either_side(world: World, path: str) -> None:
    group, person = world.group(), world.person()
    there = path.format(group=group["id"], user=person.id)
    for _ in range(2):
        world.admin.must("POST", there, status=204)
    assert world.admin.get(f"/groups/{group['id']}/users") == [person.id]
    mine = person.get(f"/users/{person.id}/groups")
    assert [one["id"] for one in mine] == [group["id"], NIL]
    fits(mine, array(GROUP))
    assert all("created_by" not in one for one in mine)
    assert all("created_by" in one for one in world.admin.get(f"/users/{person.id}/groups"))
    world.admin.must("DELETE", there, status=204)
    assert world.admin.call("DELETE", there).status_code == 404
    for group_id, user_id in ((_UNKNOWN, person.id), (group["id"], _UNKNOWN)):
        assert world.admin.call("POST", path.format(group=group_id, user=user_id)).status_code == 404
    assert person.call("POST", there).status_code == 403


def test_grants(world: World, endpoint: str) -> None:
    group, model = world.group(), world.model(endpoint)
    there = f"/groups/{group['id']}/models/{model['id']}"
    for _ in range(2):
        world.admin.must("POST", there, status=204)
    assert world.admin.get(f"/groups/{group['id']}/models") == [model["id"]]
    assert world.admin.get(f"/models/{model['id']}/groups") == [group["id"]]
    world.admin.must("DELETE", there, status=204)
    assert world.admin.call("DELETE", there).status_code == 404
    assert world.admin.call("POST", f"/groups/{group['id']}/models/{_UNKNOWN}").status_code == 404
    assert world.admin.call("POST", f"/groups/{_UNKNOWN}/models/{model['id']}").status_code == 404


def test_members_of_an_unknown_group_are_none(world: World) -> None:
    assert world.admin.get(f"/groups/{_UNKNOWN}/users") == []


def test_a_member_does_not_see_the_group(world: World) -> None:
    group, person = world.group(), world.person()
    world.admin.must("POST", f"/groups/{group['id']}/users/{person.id}", status=204)
    assert person.call("GET", f"/groups/{group['id']}").status_code == 403
