"""Who may provision: a platform key of somebody with the rights; nothing that a browser sends by itself."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from tests.control.management import API, Management, answered, every_route
from tests.control.scim.directory import GROUP, USER, Directory, patch

from control_layer.control.access import access_of
from control_layer.control.permissions import Operation, Resource, Role, allows

_SOMEBODY = str(uuid.uuid4())
_CALLS: tuple[tuple[str, str, object, Operation, Resource], ...] = (
    ("GET", "/ServiceProviderConfig", None, Operation.READ, Resource.USERS),
    ("GET", "/ResourceTypes", None, Operation.READ, Resource.USERS),
    ("GET", "/ResourceTypes/User", None, Operation.READ, Resource.USERS),
    ("GET", "/Schemas", None, Operation.READ, Resource.USERS),
    ("GET", f"/Schemas/{USER}", None, Operation.READ, Resource.USERS),
    ("GET", "/Users", None, Operation.READ, Resource.USERS),
    ("POST", "/Users/.search", {}, Operation.READ, Resource.USERS),
    ("POST", "/Users", {"schemas": [USER], "userName": "new"}, Operation.CREATE, Resource.USERS),
    ("GET", f"/Users/{_SOMEBODY}", None, Operation.READ, Resource.USERS),
    ("PUT", f"/Users/{_SOMEBODY}", {"schemas": [USER], "userName": "new"}, Operation.UPDATE, Resource.USERS),
    ("PATCH", f"/Users/{_SOMEBODY}", patch({"op": "add", "path": "active", "value": True}),
     Operation.UPDATE, Resource.USERS),
    ("DELETE", f"/Users/{_SOMEBODY}", None, Operation.DELETE, Resource.USERS),
    ("GET", "/Groups", None, Operation.READ, Resource.GROUPS),
    ("POST", "/Groups/.search", {}, Operation.READ, Resource.GROUPS),
    ("POST", "/Groups", {"schemas": [GROUP], "displayName": "new"}, Operation.CREATE, Resource.GROUPS),
    ("GET", f"/Groups/{_SOMEBODY}", None, Operation.READ, Resource.GROUPS),
    ("PUT", f"/Groups/{_SOMEBODY}", {"schemas": [GROUP], "displayName": "new"}, Operation.UPDATE, Resource.GROUPS),
    ("PATCH", f"/Groups/{_SOMEBODY}", patch({"op": "add", "path": "displayName", "value": "new"}),
     Operation.UPDATE, Resource.GROUPS),
    ("DELETE", f"/Groups/{_SOMEBODY}", None, Operation.DELETE, Resource.GROUPS),
)  # fmt: skip


@pytest.mark.parametrize("role", Role)
async def test_every_call_obeys_the_matrix(management: Management, role: Role) -> None:
    caller = Directory((await management.person(role)).client)
    for method, path, body, operation, resource in _CALLS:
        response = await caller.client.request(method, f"/scim/v2{path}", json=body)
        if allows([role], operation, resource, own=False):
            assert response.is_success or response.status_code == 404, (method, path, response.text)
        else:
            detail = await caller.refused(method, path, body, status=403)
            assert detail == f"Insufficient permissions to {operation} {resource}"


async def test_the_first_who_come_at_once_are_all_answered(management: Management) -> None:
    directory = await Directory.of(management)
    routes = len(management.app.router.routes)
    answers = await asyncio.gather(*(directory.call("GET", "/Users") for _ in range(4)))
    assert [answer["totalResults"] for answer in answers] == [1] * 4
    refused = await directory.client.put("/scim/v2/Users", json={})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")
    assert len(management.app.router.routes) == routes


async def test_every_route_takes_keys_only_and_says_so_in_its_own_shape(management: Management) -> None:
    anonymous = Directory(await management.client())
    wrong = Directory(await management.client(authorization="Bearer sk-nobodys"))
    cookie = Directory(management.admin)  # signed in
    seen = 0
    for route in every_route(management.app):
        if not route.path.startswith("/scim/"):
            continue
        assert access_of(route.endpoint).bearer_only
        seen += 1
        path = route.path.removeprefix("/scim/v2").format(**dict.fromkeys(route.param_convertors, _SOMEBODY))
        for method in route.methods or ():
            for caller in (anonymous, wrong, cookie):
                assert await caller.refused(method, path, status=401) == "Authentication required"
    assert seen > 15


async def test_a_key_of_another_purpose_is_refused(management: Management) -> None:
    body = {"name": "inference", "purpose": "realtime"}
    key = await answered(management.admin.post(f"{API}/users/current/api-keys", json=body), 201)
    caller = Directory(await management.client(authorization=f"Bearer {key['key']}"))
    await caller.refused("GET", "/Users", status=401)


async def test_a_disabled_directory_is_refused(management: Management) -> None:
    person = await management.person(Role.PLATFORM_MANAGER)
    caller = Directory(person.client)
    await caller.call("GET", "/Users")
    await answered(management.admin.patch(f"{API}/users/{person.id}", json={"is_active": False}), 200)
    await caller.refused("GET", "/Users", status=401)


async def test_the_administrators_account_is_not_the_directorys(management: Management) -> None:
    caller = Directory((await management.person(Role.PLATFORM_MANAGER)).client)
    path = f"/Users/{management.admin_id}"
    before = await caller.call("GET", path)
    for operation in (
        {"op": "replace", "path": "emails", "value": [{"value": "thief@example.org"}]},
        {"op": "replace", "path": "userName", "value": "thief"},
        {"op": "replace", "path": "active", "value": False},
    ):
        await caller.refused("PATCH", path, patch(operation), status=403)
    await caller.refused("PUT", path, before | {"userName": "thief"}, status=403)
    await caller.refused("DELETE", path, status=403)
    assert await caller.call("PUT", path, before) == before
    assert await caller.call("GET", path) == before


async def test_nobody_disables_or_deletes_themself(management: Management) -> None:
    person = await management.person(Role.PLATFORM_MANAGER)
    caller = Directory(person.client)
    disable = patch({"op": "replace", "path": "active", "value": False})
    await caller.refused("PATCH", f"/Users/{person.id}", disable, status=400, scim_type="invalidValue")
    await caller.refused("DELETE", f"/Users/{person.id}", status=400, scim_type="invalidValue")
    assert (await caller.call("GET", f"/Users/{person.id}"))["active"] is True


async def test_rights_cannot_be_assigned(directory: Directory, management: Management) -> None:
    made = await directory.user("jo", roles=[{"value": "PlatformManager"}], is_admin=True, isAdmin=True)
    grab = {"op": "add", "path": "roles", "value": [{"value": "PlatformManager"}]}
    await directory.call("PATCH", f"/Users/{made['id']}", patch(grab, {"op": "add", "value": {"is_admin": True}}))
    user = await answered(management.admin.get(f"{API}/users/{made['id']}"), 200)
    assert (user["is_admin"], user["roles"]) == (False, ["StandardUser", "BackgroundInferenceUser"])


async def test_system_and_everyone_are_not_there(directory: Directory, management: Management) -> None:
    nil = "00000000-0000-0000-0000-000000000000"
    for path in ("/Users", "/Groups"):
        await directory.refused("GET", f"{path}/{nil}", status=404)
        await directory.refused("DELETE", f"{path}/{nil}", status=404)
    page = await directory.call("GET", "/Users")
    assert [user["id"] for user in page["Resources"]] == [management.admin_id]
    assert "groups" not in page["Resources"][0]
    assert (await directory.call("GET", "/Groups"))["totalResults"] == 0
    assert await directory.find("/Users", f'groups.value eq "{nil}"') == []
    assert await directory.find("/Users", "groups pr") == []
