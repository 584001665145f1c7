"""Grants of models to groups, from both sides (§4.3)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

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


def _many(groups: list[str], models: list[str], *, granted: bool) -> dict[str, Any]:
    return {"json": {"groups": groups, "models": models, "granted": granted}}


async def test_many_grants_come_and_go_in_one_call(management: Management) -> None:
    groups = [await management.group() for _ in range(2)]
    models = [(await standard(management))["id"] for _ in range(3)]
    await grant(management, models[0], groups[0])
    give = _many(groups, models, granted=True)
    assert await answered(management.admin.post(f"{API}/grants", **give), 200) == {"changed": 5}
    assert await answered(management.admin.post(f"{API}/grants", **give), 200) == {"changed": 0}
    assert set(await answered(management.admin.get(f"{API}/groups/{groups[1]}/models"), 200)) == set(models)
    take = _many(groups, models[1:], granted=False)
    assert await answered(management.admin.post(f"{API}/grants", **take), 200) == {"changed": 4}
    assert await answered(management.admin.get(f"{API}/groups/{groups[1]}/models"), 200) == [models[0]]


async def test_of_many_grants_all_are_made_or_none(management: Management) -> None:
    group, model, unknown = await management.group(), (await standard(management))["id"], str(uuid.uuid4())
    deleted = (await standard(management))["id"]
    await answered(management.admin.delete(f"{MODELS}/{deleted}"), 200)
    post = management.admin.post
    call = post(f"{API}/grants", **_many([group, unknown], [model], granted=True))
    await refused(call, 404, f"Group with ID {unknown} not found")
    for missing in (unknown, deleted):
        call = post(f"{API}/grants", **_many([group], [model, missing], granted=True))
        await refused(call, 404, f"Model with ID {missing} not found")
    assert await answered(management.admin.get(f"{API}/groups/{group}/models"), 200) == []
    await refused(post(f"{API}/grants", **_many([], [model], granted=True)), 422)
    too_many = _many([str(uuid.uuid4()) for _ in range(201)], [str(uuid.uuid4()) for _ in range(100)], granted=True)
    await refused(post(f"{API}/grants", **too_many), 400)


async def test_many_grants_given_and_taken_at_once_do_not_stand_in_each_others_way(management: Management) -> None:
    groups = [await management.group() for _ in range(4)]
    models = [(await standard(management))["id"] for _ in range(4)]
    calls = [
        _many(order(groups), order(models), granted=granted)
        for granted in (True, False)
        for order in (list, lambda ids: list(reversed(ids)))
    ]
    answers = await asyncio.gather(*(management.admin.post(f"{API}/grants", **call) for call in calls * 2))
    assert {response.status_code for response in answers} == {200}


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
