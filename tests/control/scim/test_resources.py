"""Users and groups: conflicts, versions, what a body may be, what an answer has."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from tests.control.management import API, Management, answered
from tests.control.scim.directory import GROUP, USER, Directory, patch


async def test_one_user_made_many_times_at_once_is_made_once(directory: Directory) -> None:
    body = {"schemas": [USER], "userName": "jo", "externalId": "1"}
    responses = await asyncio.gather(*(directory.client.post("/scim/v2/Users", json=body) for _ in range(8)))
    assert sorted(response.status_code for response in responses) == [201] + 7 * [409]
    errors = [response.json() for response in responses if response.status_code == 409]
    assert {error["scimType"] for error in errors} == {"uniqueness"}
    assert len(await directory.find("/Users", 'userName eq "jo"')) == 1


async def test_usernames_are_unique_in_whatever_case(directory: Directory) -> None:
    await directory.user("Jo")
    other = await directory.user("other")
    taken = {"schemas": [USER], "userName": "JO"}
    await directory.refused("POST", "/Users", taken, status=409, scim_type="uniqueness")
    await directory.refused("PUT", f"/Users/{other['id']}", taken, status=409, scim_type="uniqueness")
    rename = patch({"op": "replace", "path": "userName", "value": "jo"})
    await directory.refused("PATCH", f"/Users/{other['id']}", rename, status=409, scim_type="uniqueness")
    own = await directory.call("PUT", f"/Users/{other['id']}", taken | {"userName": "OTHER"})
    assert own["userName"] == "OTHER"


async def test_a_group_made_twice_is_a_conflict(directory: Directory) -> None:
    await directory.group("Team")
    body = {"schemas": [GROUP], "displayName": "Team"}
    await directory.refused("POST", "/Groups", body, status=409, scim_type="uniqueness")
    everyone = body | {"displayName": "Everyone"}
    await directory.refused("POST", "/Groups", everyone, status=409, scim_type="uniqueness")


async def test_a_user_with_a_username_only_has_an_address_and_is_active(directory: Directory) -> None:
    made = await directory.call("POST", "/Users", {"schemas": [USER], "userName": "jo@example.org"}, status=201)
    assert made["active"] is True
    assert made["emails"] == [{"value": "jo@example.org", "type": "work", "primary": True}]
    inactive = await directory.user("mo", active=False)
    assert inactive["active"] is False


async def test_members_must_be_people(directory: Directory) -> None:
    group, other = await directory.group("Team"), await directory.group("Other")
    user = await directory.user("jo")
    path = f"/Groups/{group['id']}"
    for member in (str(uuid.uuid4()), other["id"], "nobody", 7, None):
        body: dict[str, Any] = {"schemas": [GROUP], "displayName": "New", "members": [{"value": member}]}
        add = patch({"op": "add", "path": "members", "value": [{"value": user["id"]}, {"value": member}]})
        await directory.refused("PATCH", path, add, status=400, scim_type="invalidValue")
        await directory.refused("POST", "/Groups", body, status=400, scim_type="invalidValue")
        await directory.refused("PUT", path, body, status=400, scim_type="invalidValue")
    assert await directory.members(group["id"]) == set()
    assert (await directory.call("GET", path))["displayName"] == "Team"


async def test_whoever_is_no_member_can_be_removed(directory: Directory) -> None:
    group, user = await directory.group("Team"), await directory.user("jo")
    for member in (user["id"], str(uuid.uuid4()), "nobody"):
        remove = patch({"op": "remove", "path": f'members[value eq "{member}"]'})
        await directory.call("PATCH", f"/Groups/{group['id']}", remove, status=204)


async def test_operations_apply_in_their_order_and_as_a_whole(directory: Directory) -> None:
    group, user = await directory.group("Team"), await directory.user("jo")
    path, add = f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
    remove = {"op": "remove", "path": f'members[value eq "{user["id"]}"]'}
    await directory.call("PATCH", path, patch(add, remove), status=204)
    assert await directory.members(group["id"]) == set()
    await directory.call("PATCH", path, patch(remove, add), status=204)
    assert await directory.members(group["id"]) == {user["id"]}
    bad = {"op": "replace", "path": "displayName", "value": {"not": "text"}}
    await directory.refused("PATCH", path, patch(remove, bad), status=400, scim_type="invalidValue")
    assert await directory.members(group["id"]) == {user["id"]}
    await directory.call("PATCH", path, patch({"op": "remove", "path": "members"}), status=204)
    assert await directory.members(group["id"]) == set()


async def test_changes_of_one_group_at_once_are_all_kept(directory: Directory) -> None:
    group = await directory.group("Team")
    users = [await directory.user(f"user-{number}") for number in range(8)]
    changes = [patch({"op": "add", "path": "members", "value": [{"value": user["id"]}]}) for user in users]
    path = f"/scim/v2/Groups/{group['id']}"
    responses = await asyncio.gather(*(directory.client.patch(path, json=change) for change in changes))
    assert {response.status_code for response in responses} == {204}
    assert await directory.members(group["id"]) == {user["id"] for user in users}


async def test_a_change_of_an_old_version_is_refused(directory: Directory) -> None:
    user = await directory.user("jo")
    group = await directory.group("Team")
    disable = patch({"op": "replace", "path": "active", "value": False})
    join = patch({"op": "add", "path": "members", "value": [{"value": user["id"]}]})
    for path, before, change in (
        (f"/Groups/{group['id']}", group, join),
        (f"/Users/{user['id']}", user, disable),
    ):
        version = before["meta"]["version"]
        response = await directory.client.get(f"/scim/v2{path}")
        assert response.headers["etag"] == version
        unchanged = await directory.client.get(f"/scim/v2{path}", headers={"if-none-match": version})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        first = await directory.client.patch(f"/scim/v2{path}", json=change, headers={"if-match": version})
        assert first.is_success
        assert first.headers["etag"] != version
        old = {"if-match": version}
        await directory.refused("PATCH", path, change, status=412, **old)
        await directory.refused("PUT", path, before, status=412, **old)
        await directory.refused("DELETE", path, status=412, **old)
        again = await directory.client.get(f"/scim/v2{path}", headers={"if-none-match": version})
        assert again.status_code == 200
        new = {"if-match": again.headers["etag"]}
        await directory.call("DELETE", path, status=204, **new)


async def test_a_patch_that_changes_nothing_keeps_the_version(directory: Directory) -> None:
    user = await directory.user("jo")
    same = patch(
        {"op": "replace", "path": "userName", "value": "jo"}, {"op": "replace", "path": "active", "value": True}
    )
    assert await directory.call("PATCH", f"/Users/{user['id']}", same) == user


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "replace", "path": "id", "value": "other"}, "mutability"),
        ({"op": "replace", "value": {"id": "other"}}, "mutability"),
        ({"op": "replace", "path": "groups", "value": []}, "mutability"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "remove", "path": "active"}, "mutability"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "invent", "path": "userName", "value": "x"}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": "  "}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": "\x00"}, "invalidValue"),
        ({"op": "replace", "path": "active", "value": "perhaps"}, "invalidValue"),
        ({"op": "replace", "path": "name", "value": "text"}, "invalidValue"),
        ({"op": "add", "path": "displayName"}, "invalidValue"),
        ({"op": "add", "path": "not a path", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": "emails[" * 30, "value": "x"}, "invalidPath"),
    ],
)
async def test_operations_that_cannot_be(directory: Directory, operation: dict[str, object], scim_type: str) -> None:
    user = await directory.user("jo")
    path = f"/Users/{user['id']}"
    detail = await directory.refused("PATCH", path, patch(operation), status=400, scim_type=scim_type)
    assert "pydantic" not in detail
    assert "\n" not in detail
    assert await directory.call("GET", path) == user


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        ([], "invalidSyntax"),
        ("text", "invalidSyntax"),
        ({}, "invalidValue"),
        ({"schemas": [USER]}, "invalidValue"),
        ({"schemas": [USER], "userName": ""}, "invalidValue"),
        ({"schemas": [USER], "userName": ["jo"]}, "invalidValue"),
        ({"schemas": [USER], "userName": "jo", "emails": "jo@example.org"}, "invalidValue"),
        ({"schemas": [USER], "userName": "jo\x00"}, "invalidValue"),
    ],
)
async def test_bodies_that_are_no_user(directory: Directory, body: object, scim_type: str) -> None:
    await directory.refused("POST", "/Users", body, status=400, scim_type=scim_type)


async def test_bodies_of_other_types_and_sizes_are_refused_in_scims_shape(directory: Directory) -> None:
    async def status(content: bytes, kind: str) -> int:
        headers = {"content-type": kind}
        response = await directory.client.post("/scim/v2/Users", content=content, headers=headers)
        assert response.headers["content-type"] == "application/scim+json"
        return response.status_code

    body = f'{{"schemas": ["{USER}"], "userName": "jo"}}'.encode()
    assert await status(b"{", "application/json") == 400
    assert await status(body, "text/plain") == 415
    assert await status(b" " * (2 * 1024 * 1024 + 1), "application/scim+json") == 413
    assert await status(body, "application/scim+json; charset=utf-8") == 201
    assert await status(body.replace(b"jo", b"mo"), "application/json") == 201


async def test_too_many_operations_are_refused(directory: Directory) -> None:
    user = await directory.user("jo")
    operation = {"op": "replace", "path": "active", "value": True}
    await directory.refused("PATCH", f"/Users/{user['id']}", patch(*[operation] * 1001), status=413)


async def test_unknown_paths_and_methods_are_refused_in_scims_shape(directory: Directory) -> None:
    for path in ("/Things", "/Users/not-an-id", "/Groups/not-an-id", "/Schemas/urn:none", "/ResourceTypes/Thing"):
        await directory.refused("GET", path, status=404)
    response = await directory.client.put("/scim/v2/Users", json={})
    assert (response.status_code, response.json()["status"]) == (405, "405")
    assert response.headers["allow"] == "GET, POST"
    for method, path in (("POST", "/Bulk"), ("GET", "/Me"), ("POST", "/.search")):
        await directory.refused(method, path, {}, status=501)
    await directory.refused("GET", '/Schemas?filter=id eq "x"', status=403)


async def test_answers_have_the_attributes_that_were_asked_for(directory: Directory) -> None:
    user = await directory.user("jo", name={"givenName": "Jo", "familyName": "B"}, externalId="1")
    path = f"/Users/{user['id']}"
    assert set(await directory.call("GET", f"{path}?attributes=userName,name.givenName")) == {
        "schemas", "id", "userName", "name",
    }  # fmt: skip
    assert "emails" not in await directory.call("GET", f"{path}?excludedAttributes=emails,groups")
    made = await directory.call("POST", "/Users?attributes=id", {"schemas": [USER], "userName": "mo"}, status=201)
    assert set(made) == {"schemas", "id"}
    both = f"{path}?attributes=id&excludedAttributes=emails"
    await directory.refused("GET", both, status=400, scim_type="invalidValue")


async def test_addresses_follow_the_settings_and_not_the_host(directory: Directory) -> None:
    await directory.user("jo")
    page = await directory.call("GET", "/Users", host="evil.example")
    assert {user["meta"]["location"].partition("/scim")[0] for user in page["Resources"]} == {"http://localhost:3001"}


async def test_people_of_every_origin_can_be_taken_over_by_the_directory(
    directory: Directory, management: Management
) -> None:
    body = {"username": "jo", "email": "jo@example.org", "roles": [], "display_name": "Jo"}
    native = await answered(management.admin.post(f"{API}/users", json=body), 201)
    (found,) = await directory.find("/Users", 'userName eq "jo"')
    assert (found["id"], found["displayName"]) == (native["id"], "Jo")
    changed = await directory.call("PUT", f"/Users/{native['id']}", found | {"externalId": "dir-1"})
    assert changed["externalId"] == "dir-1"
    user = await answered(management.admin.get(f"{API}/users/{native['id']}"), 200)
    assert (user["external_user_id"], user["auth_source"]) == ("dir-1", "proxy-header")
