"""The conversation of Microsoft Entra ID's provisioning service, as its public documentation shows it."""

from __future__ import annotations

import uuid

from tests.control.management import API, Management, answered
from tests.control.scim.directory import ENTERPRISE, USER, Directory, patch


def _new_user(name: str) -> dict[str, object]:
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": f"object-{name}",
        "userName": f"{name}@example.org",
        "active": True,
        "displayName": name,
        "emails": [{"primary": True, "type": "work", "value": f"{name}@example.org"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": f"Given {name}", "familyName": name, "givenName": "Given"},
        "roles": [],
        ENTERPRISE: {"department": "Research", "manager": "somebody"},
    }


async def test_tests_the_connection_with_somebody_who_is_not_there(directory: Directory) -> None:
    assert await directory.find("/Users", f'userName eq "{uuid.uuid4()}"') == []


async def test_finds_creates_and_finds_again(directory: Directory) -> None:
    for filter_ in ('userName eq "JO@example.org"', 'externalId eq "object-jo"'):
        assert await directory.find("/Users", filter_) == []
    made = await directory.call("POST", "/Users", _new_user("jo"), status=201)
    assert made["name"] == {"familyName": "jo", "givenName": "Given"}
    assert made["emails"] == [{"primary": True, "type": "work", "value": "jo@example.org"}]
    assert ENTERPRISE not in made
    assert made["meta"]["location"].endswith(f"/scim/v2/Users/{made['id']}")
    for filter_ in (
        'userName eq "JO@example.org"',
        'externalId eq "object-jo"',
        'emails[type eq "work"].value eq "Jo@Example.org"',
        'externalId eq "object-jo" and active eq true',
    ):
        assert await directory.find("/Users", filter_) == [made]


async def test_updates_many_attributes_at_once(directory: Directory) -> None:
    made = await directory.call("POST", "/Users", _new_user("jo"), status=201)
    operations = (
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "new@example.org"},
        {"op": "Replace", "path": "name.familyName", "value": "New"},
        {"op": "Add", "path": "displayName", "value": "Somebody New"},
        {"op": "Replace", "path": "userName", "value": "new@example.org"},
        {"op": "Add", "path": 'addresses[type eq "work"].country', "value": "unknown here"},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "unknown here"},
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "unknown here"},
        {"op": "Replace", "path": 'roles[primary eq "True"].value', "value": "unknown here"},
    )
    changed = await directory.call("PATCH", f"/Users/{made['id']}", patch(*operations))
    assert changed["userName"] == "new@example.org"
    assert changed["displayName"] == "Somebody New"
    assert changed["name"] == {"familyName": "New", "givenName": "Given"}
    assert changed["emails"] == [{"primary": True, "type": "work", "value": "new@example.org"}]
    assert changed["externalId"] == made["externalId"]
    assert await directory.call("GET", f"/Users/{made['id']}") == changed


async def test_replaces_without_a_path(directory: Directory) -> None:
    made = await directory.call("POST", "/Users", _new_user("jo"), status=201)
    value = {"displayName": "Changed", "active": "False", "name.givenName": "Dotted", f"{ENTERPRISE}:department": "?"}
    changed = await directory.call("PATCH", f"/Users/{made['id']}", patch({"op": "replace", "value": value}))
    assert (changed["displayName"], changed["active"], changed["name"]["givenName"]) == ("Changed", False, "Dotted")


async def test_disables_with_a_string_and_enables_with_another(directory: Directory, management: Management) -> None:
    made = await directory.call("POST", "/Users", _new_user("jo"), status=201)
    for value, active in (("False", False), ("True", True), (False, False)):
        operation = {"op": "Replace", "path": "active", "value": value}
        changed = await directory.call("PATCH", f"/Users/{made['id']}", patch(operation))
        assert changed["active"] is active
        user = await answered(management.admin.get(f"{API}/users/{made['id']}"), 200)
        assert user["is_active"] is active
    assert await directory.find("/Users", 'userName eq "jo@example.org" and active eq false') == [changed]


async def test_groups_are_read_without_their_members(directory: Directory) -> None:
    user = await directory.call("POST", "/Users", _new_user("jo"), status=201)
    group = await directory.group("Team", user["id"], externalId="object-team")
    (found,) = await directory.find("/Groups", 'displayName eq "team"', excludedAttributes="members")
    assert (found["id"], found["externalId"]) == (group["id"], "object-team")
    assert "members" not in found
    one = await directory.call("GET", f"/Groups/{group['id']}?excludedAttributes=members")
    assert "members" not in one


async def test_members_come_and_go(directory: Directory) -> None:
    people = [await directory.call("POST", "/Users", _new_user(name), status=201) for name in ("jo", "mo", "bo")]
    ids = [person["id"] for person in people]
    group = await directory.group("Team")
    path = f"/Groups/{group['id']}"
    add = {"op": "Add", "path": "members", "value": [{"value": member} for member in ids]}
    await directory.call("PATCH", path, patch(add), status=204)
    assert await directory.members(group["id"]) == set(ids)
    await directory.call("PATCH", path, patch(add), status=204)  # again: nothing changes
    remove = {"op": "Remove", "path": "members", "value": [{"value": ids[0]}]}
    await directory.call("PATCH", path, patch(remove), status=204)
    assert await directory.members(group["id"]) == set(ids[1:])
    found = await directory.find("/Groups", f'id eq "{group["id"]}" and members.value eq "{ids[0]}"', attributes="id")
    assert found == []
    (found,) = await directory.find("/Groups", f'id eq "{group["id"]}" and members.value eq "{ids[1]}"')
    assert found["id"] == group["id"]
    await directory.call("PATCH", path, patch({"op": "Replace", "path": "displayName", "value": "New"}), status=204)
    assert (await directory.call("GET", path))["displayName"] == "New"
    assert await directory.members(group["id"]) == set(ids[1:])


async def test_deletes_for_good(directory: Directory, management: Management) -> None:
    made = await directory.call("POST", "/Users", _new_user("jo"), status=201)
    await directory.call("DELETE", f"/Users/{made['id']}", status=204)
    await directory.refused("GET", f"/Users/{made['id']}", status=404)
    await directory.refused("DELETE", f"/Users/{made['id']}", status=404)
    assert await directory.find("/Users", 'externalId eq "object-jo"') == []
    ((row,),) = await management.sql("SELECT to_jsonb(u)::text FROM users u WHERE id = $1", made["id"])
    assert not [part for part in ("jo@", "Given", "object-jo") if part in row]
    again = await directory.call("POST", "/Users", _new_user("jo"), status=201)
    assert again["id"] != made["id"]
