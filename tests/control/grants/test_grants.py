"""Grants of models to groups, from both sides (§4.3)."""

from __future__ import annotations

import asyncio
import uuid

from tests.control.management import API, NIL, Management, answered, refused
from tests.control.models.calls import MODELS, grant, standard

from control_layer.control.permissions import Role


async def test_a_grant_is_seen_from_both_sides_and_taken_back(management: Management) -> None:
    group, model = await management.group(), await standard(management)
    url = f"{API}/groups/{group}/models"
    assert await answered(management.admin.get(url), 200) == []
    for _ in range(2):
        await answered(management.admin.post(f"{url}/{model['id']}"), 204)
    await grant(management, model["id"])
    assert await answered(management.admin.get(url), 200) == [model["id"]]
    assert set(await answered(management.admin.get(f"{MODELS}/{model['id']}/groups"), 200)) == {group, NIL}
    await answered(management.admin.delete(f"{url}/{model['id']}"), 204)
    await refused(management.admin.delete(f"{url}/{model['id']}"), 404)
    assert await answered(management.admin.get(f"{MODELS}/{model['id']}/groups"), 200) == [NIL]


async def test_unknown_groups_and_models_are_404(management: Management) -> None:
    group, model, unknown = await management.group(), await standard(management), uuid.uuid4()
    call = management.admin.post(f"{API}/groups/{unknown}/models/{model['id']}")
    await refused(call, 404, f"Group with ID {unknown} not found")
    await refused(management.admin.post(f"{API}/groups/{group}/models/{unknown}"), 404)
    await answered(management.admin.delete(f"{MODELS}/{model['id']}"), 200)
    await refused(management.admin.post(f"{API}/groups/{group}/models/{model['id']}"), 404)
    assert await answered(management.admin.get(f"{API}/groups/{unknown}/models"), 200) == []


async def test_include_models_gives_whole_models_and_leaves_groups_without_any_without_the_key(
    management: Management,
) -> None:
    full, empty = await management.group(), await management.group()
    model, other, gone = await standard(management, "b"), await standard(management, "a"), await standard(management)
    for granted in (model, other, gone):
        await grant(management, granted["id"], full)
    await answered(management.admin.delete(f"{MODELS}/{gone['id']}"), 200)
    page = await answered(management.admin.get(f"{API}/groups?include=models,users&limit=100"), 200)
    groups = {group["id"]: group for group in page["data"]}
    assert groups[full]["models"] == [other, model]
    assert not {"models", "users"} & set(groups[empty])


async def test_grants_go_with_their_group(management: Management) -> None:
    group, model = await management.group(), await standard(management)
    await grant(management, model["id"], group)
    await answered(management.admin.delete(f"{API}/groups/{group}"), 204)
    assert await answered(management.admin.get(f"{MODELS}/{model['id']}/groups"), 200) == []


async def test_one_grant_given_many_times_at_once_is_one(management: Management) -> None:
    group, model = await management.group(), await standard(management)
    url = f"{API}/groups/{group}/models/{model['id']}"
    answers = await asyncio.gather(*(management.admin.post(url) for _ in range(6)))
    assert {response.status_code for response in answers} == {204}
    answers = await asyncio.gather(*(management.admin.delete(url) for _ in range(3)))
    assert sorted(response.status_code for response in answers) == [204, 404, 404]


async def test_only_platform_managers_grant(management: Management) -> None:
    group, model = await management.group(), await standard(management)
    calls = [
        ("GET", f"{API}/groups/{group}/models", "Read"),
        ("POST", f"{API}/groups/{group}/models/{model['id']}", "Update"),
        ("DELETE", f"{API}/groups/{group}/models/{model['id']}", "Update"),
        ("GET", f"{MODELS}/{model['id']}/groups", "Read"),
    ]
    nobody = await management.client()
    for method, path, operation in calls:
        await refused(nobody.request(method, path), 401)
        for role in set(Role) - {Role.PLATFORM_MANAGER}:
            person = await management.person(role)
            await refused(person.client.request(method, path), 403, f"Insufficient permissions to {operation} Groups")
    manager = await management.person(Role.PLATFORM_MANAGER)
    for method, path, _ in calls:
        assert (await manager.client.request(method, path)).status_code in {200, 204}
