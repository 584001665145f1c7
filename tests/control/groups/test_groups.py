"""`/groups`, memberships and Everyone (§4.3)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from tests.control.management import API, NIL, Management, answered, refused
from tests.control.models.calls import grant, standard

_GROUP_FIELDS = {"id", "name", "description", "created_by", "created_at", "updated_at", "source"}


async def test_first_start_leaves_exactly_everyone(management: Management) -> None:
    page = await answered(management.admin.get(f"{API}/groups"), 200)
    (everyone,) = page["data"]
    assert (page["total_count"], everyone["id"], everyone["name"]) == (1, NIL, "Everyone")
    assert (everyone["created_by"], everyone["source"]) == (NIL, "native")
    assert set(everyone) == _GROUP_FIELDS


async def test_group_has_exactly_the_contracts_fields(management: Management) -> None:
    group = await answered(management.admin.post(f"{API}/groups", json={"name": "ops", "description": "On call"}), 201)
    assert set(group) == _GROUP_FIELDS
    assert (group["name"], group["description"], group["source"]) == ("ops", "On call", "native")
    assert group["created_by"] == management.admin_id
    assert await answered(management.admin.get(f"{API}/groups/{group['id']}"), 200) == group


async def test_lists_by_name_and_searches_name_and_description(management: Management) -> None:
    for name, description in (("zoo", None), ("ant", "ZOOLOGY"), ("bee", None)):
        body = {"name": name, "description": description}
        await answered(management.admin.post(f"{API}/groups", json=body), 201)
    page = await answered(management.admin.get(f"{API}/groups"), 200)
    # Where a capital E goes is the database's collation to say.
    assert [group["name"] for group in page["data"] if group["id"] != NIL] == ["ant", "bee", "zoo"]
    assert page["total_count"] == 4
    page = await answered(management.admin.get(f"{API}/groups?search=%20zoo%20"), 200)
    assert [group["name"] for group in page["data"]] == ["ant", "zoo"]
    assert page["total_count"] == 2


async def test_include_counts_says_how_many_members_and_models(management: Management) -> None:
    full, empty = await management.group("full"), await management.group("empty")
    people, gone = [await management.person() for _ in range(2)], await management.person()
    for person in (*people, gone):
        await answered(management.admin.post(f"{API}/groups/{full}/users/{person.id}"), 204)
    await answered(management.admin.delete(f"{API}/users/{gone.id}"), 204)
    model, deleted = await standard(management), await standard(management)
    for granted in (model, deleted):
        await grant(management, granted["id"], full)
    await answered(management.admin.delete(f"{API}/models/{deleted['id']}"), 200)
    page = await answered(management.admin.get(f"{API}/groups?include=counts"), 200)
    counts = {group["id"]: (group["member_count"], group["model_count"]) for group in page["data"]}
    assert counts == {full: (2, 1), empty: (0, 0), NIL: (3, 0)}


async def test_lists_from_the_end_of_the_alphabet(management: Management) -> None:
    for name in ("x-1", "x-2", "x-3"):
        await management.group(name)
    page = await answered(management.admin.get(f"{API}/groups?search=x-&sort_direction=desc&limit=2"), 200)
    assert [group["name"] for group in page["data"]] == ["x-3", "x-2"]
    await refused(management.admin.get(f"{API}/groups?sort_direction=down"), 400)


async def test_include_users_gives_whole_users_and_leaves_empty_groups_without_the_key(management: Management) -> None:
    person = await management.person()
    full, empty = await management.group("full"), await management.group("empty")
    await answered(management.admin.post(f"{API}/groups/{full}/users/{person.id}"), 204)
    page = await answered(management.admin.get(f"{API}/groups?include=users"), 200)
    by_id = {group["id"]: group for group in page["data"]}
    assert [user["id"] for user in by_id[full]["users"]] == [person.id]
    assert by_id[full]["users"][0] == await answered(management.admin.get(f"{API}/users/{person.id}"), 200)
    assert "users" not in by_id[empty]


async def test_included_users_are_the_same_objects_as_everywhere_else(management: Management) -> None:
    """The database builds them, as there may be tens of thousands."""
    group = await management.group("full")
    plain, odd = (await management.person()).id, (await management.person()).id
    for person in (plain, odd):
        await answered(management.admin.post(f"{API}/groups/{group}/users/{person}"), 204)
    await management.sql(
        """UPDATE users SET display_name = $1, external_user_id = $1, avatar_url = '', disabled_at = now(),
        last_login = '2026-01-02T03:04:05.6+02', created_at = '1999-12-31T23:59:59.25Z', payment_provider_id = 'p',
        low_balance_threshold = 0.1, auto_topup_amount = 1e21, auto_topup_threshold = 7,
        auto_topup_monthly_limit = -0.0, is_admin = true, verified = true, zero_data_retention = true,
        invoicing_enabled = true,
        roles = '{RequestViewer,StandardUser}', batch_notifications_enabled = NOT batch_notifications_enabled
        WHERE id = $2""",
        'a "quoted"\\ name\n\u2028 é 🐙 \x7f +00:00',
        uuid.UUID(odd),
    )
    [with_people] = (await answered(management.admin.get(f"{API}/groups?include=users&search=full"), 200))["data"]
    assert {user["id"] for user in with_people["users"]} == {plain, odd}
    for user in with_people["users"]:
        assert user == await answered(management.admin.get(f"{API}/users/{user['id']}"), 200)


async def test_include_models_gives_whole_models_that_are_not_deleted(management: Management) -> None:
    group, empty = await management.group("full"), await management.group("empty")
    for alias in ("zebra", "ant", "gone"):
        body = {"type": "composite", "model_name": alias}
        model = await answered(management.admin.post(f"{API}/models", json=body), 200)
        for grantee in (group, NIL):
            await answered(management.admin.post(f"{API}/groups/{grantee}/models/{model['id']}"), 204)
    await answered(management.admin.delete(f"{API}/models/{model['id']}"), 200)
    page = await answered(management.admin.get(f"{API}/groups?include=users,models"), 200)
    by_id = {item["id"]: item for item in page["data"]}
    for grantee in (group, NIL):
        assert [model["alias"] for model in by_id[grantee]["models"]] == ["ant", "zebra"]
    assert "models" not in by_id[empty]
    ant = by_id[group]["models"][0]
    assert ant == await answered(management.admin.get(f"{API}/models/{ant['id']}"), 200)


async def test_patch_keeps_what_is_absent_or_null(management: Management) -> None:
    group = await management.group("before")
    url = f"{API}/groups/{group}"
    changed = await answered(management.admin.patch(url, json={"name": "after", "description": "text"}), 200)
    assert (changed["name"], changed["description"]) == ("after", "text")
    for body in ({}, {"name": None, "description": None}):
        kept = await answered(management.admin.patch(url, json=body), 200)
        assert (kept["name"], kept["description"]) == ("after", "text")
    assert set(kept) == _GROUP_FIELDS


async def test_names_are_unique_also_at_once(management: Management) -> None:
    answers = await asyncio.gather(*(management.admin.post(f"{API}/groups", json={"name": "one"}) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    refusal = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refusal == {"message": "Resource already exists", "resource": "unknown"}
    other = await management.group("other")
    again = await answered(management.admin.patch(f"{API}/groups/{other}", json={"name": "one"}), 409)
    assert again == refusal


@pytest.mark.parametrize(
    ("body", "status"), [({}, 422), ({"name": None}, 422), ({"name": 5}, 422), ({"name": " "}, 400)]
)
async def test_refuses_groups_without_a_name(management: Management, body: Any, status: int) -> None:
    await refused(management.admin.post(f"{API}/groups", json=body), status)


async def test_everyone_cannot_be_changed_or_deleted(management: Management) -> None:
    url = f"{API}/groups/{NIL}"
    for response in (await management.admin.patch(url, json={"name": "X"}), await management.admin.delete(url)):
        assert response.status_code == 403
        assert response.text.startswith("Cannot ")
    assert (await answered(management.admin.get(f"{API}/groups/{NIL}"), 200))["name"] == "Everyone"


async def test_everyone_holds_everybody_without_rows(management: Management) -> None:
    person = await management.person()
    members = await answered(management.admin.get(f"{API}/groups/{NIL}/users"), 200)
    assert members == [management.admin_id, person.id]
    await answered(management.admin.post(f"{API}/groups/{NIL}/users/{person.id}"), 204)
    await refused(management.admin.delete(f"{API}/groups/{NIL}/users/{person.id}"), 403)
    assert await management.sql("SELECT * FROM group_members") == []


async def test_memberships_are_idempotent_from_both_sides(management: Management) -> None:
    person = await management.person()
    group = await management.group("members")
    from_group = f"{API}/groups/{group}/users/{person.id}"
    from_user = f"{API}/users/{person.id}/groups/{group}"
    for add, remove in ((from_group, from_user), (from_user, from_group)):
        for _ in range(2):
            response = await management.admin.post(add)
            assert (response.status_code, response.content) == (204, b"")
        assert await answered(management.admin.get(f"{API}/groups/{group}/users"), 200) == [person.id]
        await answered(management.admin.delete(remove), 204)
        await refused(management.admin.delete(remove), 404)
        assert await answered(management.admin.get(f"{API}/groups/{group}/users"), 200) == []


async def test_membership_needs_a_group_and_a_user_that_exist(management: Management) -> None:
    person = await management.person()
    group, unknown = await management.group(), str(uuid.uuid4())
    await refused(management.admin.post(f"{API}/groups/{unknown}/users/{person.id}"), 404)
    await refused(management.admin.post(f"{API}/groups/{group}/users/{unknown}"), 404)
    await refused(management.admin.post(f"{API}/users/{unknown}/groups/{group}"), 404)
    await refused(management.admin.post(f"{API}/users/{person.id}/groups/{unknown}"), 404)
    await refused(management.admin.post(f"{API}/users/{NIL}/groups/{group}"), 404)
    assert await answered(management.admin.get(f"{API}/groups/{unknown}/users"), 200) == []
    await refused(management.admin.get(f"{API}/groups/{unknown}"), 404, f"Group with ID {unknown} not found")


async def test_users_see_their_groups_then_everyone_and_not_who_made_them(management: Management) -> None:
    person = await management.person()
    for name in ("zebra", "ant"):
        await answered(management.admin.post(f"{API}/users/{person.id}/groups/{await management.group(name)}"), 204)
    own = await answered(person.client.get(f"{API}/users/{person.id}/groups"), 200)
    assert [group["name"] for group in own] == ["ant", "zebra", "Everyone"]
    assert all(set(group) == _GROUP_FIELDS - {"created_by"} for group in own)
    seen = await answered(management.admin.get(f"{API}/users/{person.id}/groups"), 200)
    assert all(set(group) == _GROUP_FIELDS for group in seen)
    await refused(person.client.get(f"{API}/users/current/groups"), 400)
    await refused(person.client.get(f"{API}/users/{management.admin_id}/groups"), 403)


async def test_deleting_a_group_keeps_its_members(management: Management) -> None:
    person = await management.person()
    group = await management.group("gone")
    await answered(management.admin.post(f"{API}/groups/{group}/users/{person.id}"), 204)
    await answered(management.admin.delete(f"{API}/groups/{group}"), 204)
    await refused(management.admin.delete(f"{API}/groups/{group}"), 404)
    groups = await answered(management.admin.get(f"{API}/users/{person.id}/groups"), 200)
    assert [item["id"] for item in groups] == [NIL]
    await management.group("gone")  # the name is free again
