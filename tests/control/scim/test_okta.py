"""The conversation of Okta's provisioning, as its public documentation shows it."""

from __future__ import annotations

from tests.control.management import API, Management, answered
from tests.control.scim.directory import USER, Directory, patch


def _new_user(name: str) -> dict[str, object]:
    return {
        "schemas": [USER],
        "userName": f"{name}@example.org",
        "name": {"givenName": name.title(), "familyName": "Person"},
        "emails": [
            {"primary": False, "value": None, "type": "home"},
            {"primary": True, "value": f"{name}@example.org", "type": "work"},
        ],
        "displayName": f"{name} Person",
        "locale": "en-US",
        "externalId": f"00u-{name}",
        "groups": [],
        "password": "1mz050nq",
        "active": True,
    }


async def test_a_new_user_is_an_account_like_any_other(directory: Directory, management: Management) -> None:
    query = "/Users?filter=userName%20eq%20%22jo%40example.org%22&startIndex=1&count=100"
    page = await directory.call("GET", query)
    assert (page["totalResults"], page["Resources"]) == (0, [])
    made = await directory.call("POST", "/Users", _new_user("jo"), status=201)
    assert made["emails"] == [{"primary": True, "value": "jo@example.org", "type": "work"}]
    assert "password" not in made
    user = await answered(management.admin.get(f"{API}/users/{made['id']}"), 200)
    expected = {
        "username": "jo@example.org",
        "email": "jo@example.org",
        "display_name": "jo Person",
        "auth_source": "scim",
        "external_user_id": "00u-jo",
        "is_active": True,
        "is_admin": False,
        "roles": ["StandardUser", "BackgroundInferenceUser"],
    }
    assert {name: user[name] for name in expected} == expected
    hidden = await management.sql("SELECT purpose FROM api_keys WHERE user_id = $1 AND hidden ORDER BY 1", made["id"])
    assert [purpose for (purpose,) in hidden] == ["batch", "playground"]
    ((password,),) = await management.sql("SELECT password_hash FROM users WHERE id = $1", made["id"])
    assert password is None


async def test_deactivates_with_a_whole_user_and_with_a_patch(directory: Directory) -> None:
    made = await directory.call("POST", "/Users", _new_user("jo"), status=201)
    path = f"/Users/{made['id']}"
    for active in (False, True):
        changed = await directory.call("PUT", path, made | {"active": active})
        assert changed["active"] is active
    for active in (False, True):
        changed = await directory.call("PATCH", path, patch({"op": "replace", "value": {"active": active}}))
        assert changed["active"] is active
    assert {**changed, "meta": None} == {**made, "meta": None}


async def test_a_whole_user_replaces_what_it_does_not_name(directory: Directory) -> None:
    made = await directory.call("POST", "/Users", _new_user("jo"), status=201)
    body = {"schemas": [USER], "userName": "jo@example.org", "name": {"givenName": "Only"}, "active": False}
    changed = await directory.call("PUT", f"/Users/{made['id']}", body)
    assert "externalId" not in changed
    assert changed["name"] == {"givenName": "Only"}
    assert changed["displayName"] == "Only"
    assert changed["emails"] == made["emails"]
    body.pop("active")
    assert (await directory.call("PUT", f"/Users/{made['id']}", body))["active"] is False


async def test_pushes_a_group_and_its_changes(directory: Directory, management: Management) -> None:
    jo, mo = [await directory.call("POST", "/Users", _new_user(name), status=201) for name in ("jo", "mo")]
    group = await directory.group("Team", jo["id"])
    path = f"/Groups/{group['id']}"
    row = await answered(management.admin.get(f"{API}/groups/{group['id']}"), 200)
    assert (row["name"], row["source"]) == ("Team", "scim")
    (membership,) = (await directory.call("GET", f"/Users/{jo['id']}"))["groups"]
    assert (membership["value"], membership["display"]) == (group["id"], "Team")
    rename = {"op": "replace", "value": {"id": group["id"], "displayName": "Crew"}}
    await directory.call("PATCH", path, patch(rename), status=204)
    swap = (
        {"op": "remove", "path": f'members[value eq "{jo["id"]}"]'},
        {"op": "add", "path": "members", "value": [{"value": mo["id"], "display": "mo@example.org"}]},
    )
    await directory.call("PATCH", path, patch(*swap), status=204)
    assert await directory.members(group["id"]) == {mo["id"]}
    everybody = [{"value": jo["id"], "display": "jo"}, {"value": mo["id"], "display": "mo"}]
    replace = {"op": "replace", "path": "members", "value": everybody}
    await directory.call("PATCH", path, patch(replace), status=204)
    assert await directory.members(group["id"]) == {jo["id"], mo["id"]}
    whole = await directory.call("GET", path)
    assert whole["displayName"] == "Crew"
    changed = await directory.call("PUT", path, whole | {"members": [{"value": mo["id"]}]})
    assert [member["value"] for member in changed["members"]] == [mo["id"]]
    await directory.call("DELETE", path, status=204)
    await directory.refused("GET", path, status=404)
    assert "groups" not in await directory.call("GET", f"/Users/{mo['id']}")


async def test_a_group_that_is_pushed_reaches_the_grants_of_its_models(
    directory: Directory, management: Management
) -> None:
    jo = await directory.call("POST", "/Users", _new_user("jo"), status=201)
    group = await directory.group("Team", jo["id"])
    groups = await answered(management.admin.get(f"{API}/users/{jo['id']}/groups"), 200)
    assert groups[0]["id"] == group["id"]
    assert await answered(management.admin.get(f"{API}/groups/{group['id']}/users"), 200) == [jo["id"]]
