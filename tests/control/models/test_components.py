"""Components of composite models (§4.5.6)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from tests.control.management import Management, answered, refused
from tests.control.models.calls import MODELS, composite, standard

from control_layer.control.permissions import Role


async def _mix(management: Management, *weights: int) -> tuple[str, list[dict[str, Any]]]:
    """A composite model's components URL, and its components."""
    mix = await composite(management)
    url = f"{MODELS}/{mix['id']}/components"
    parts = []
    for weight in weights:
        part = await standard(management)
        await answered(management.admin.post(f"{url}/{part['id']}", json={"weight": weight}), 200)
        parts.append(part)
    return url, parts


async def _order(management: Management, url: str) -> list[str]:
    components = await answered(management.admin.get(url), 200)
    assert [component["sort_order"] for component in components] == list(range(len(components)))
    return [component["model"]["id"] for component in components]


async def test_a_component_is_shown_with_its_model(management: Management) -> None:
    mix, part = await composite(management), await standard(management, "part", description="d", model_type="CHAT")
    url = f"{MODELS}/{mix['id']}/components"
    component = await answered(management.admin.post(f"{url}/{part['id']}", json={"sort_order": 7}), 200)
    assert set(component) == {"weight", "enabled", "sort_order", "created_at", "model"}
    assert (component["weight"], component["enabled"], component["sort_order"]) == (1, True, 0)
    endpoint = component["model"].pop("endpoint")
    assert (endpoint["id"], set(endpoint)) == (part["hosted_on"], {"id", "name"})
    assert component["model"] == {
        "id": part["id"],
        "alias": "part",
        "model_name": part["model_name"],
        "description": "d",
        "model_type": "CHAT",
        "trusted": False,
        "open_responses_adapter": True,
    }
    shown = await answered(management.admin.get(f"{MODELS}/{mix['id']}?include=components"), 200)
    assert shown["components"] == await answered(management.admin.get(url), 200)
    assert len(shown["components"]) == 1


async def test_new_components_go_last_also_without_a_body(management: Management) -> None:
    url, parts = await _mix(management, 1, 2)
    last = await standard(management)
    await answered(management.admin.post(f"{url}/{last['id']}"), 200)
    assert await _order(management, url) == [parts[0]["id"], parts[1]["id"], last["id"]]


@pytest.mark.parametrize(
    ("to", "order"), [(0, [2, 0, 1, 3]), (3, [0, 1, 3, 2]), (99, [0, 1, 3, 2]), (-5, [2, 0, 1, 3]), (2, [0, 1, 2, 3])]
)
async def test_moving_renumbers_densely_and_clamps(management: Management, to: int, order: list[int]) -> None:
    url, parts = await _mix(management, 1, 1, 1, 1)
    moved = await answered(management.admin.patch(f"{url}/{parts[2]['id']}", json={"sort_order": to}), 200)
    assert moved["sort_order"] == order.index(2)
    assert await _order(management, url) == [parts[index]["id"] for index in order]


async def test_changes_keep_what_is_absent_or_null(management: Management) -> None:
    url, (part,) = await _mix(management, 50)
    body = {"weight": None, "enabled": False, "sort_order": None}
    changed = await answered(management.admin.patch(f"{url}/{part['id']}", json=body), 200)
    assert (changed["weight"], changed["enabled"]) == (50, False)


async def test_removal_closes_the_gap(management: Management) -> None:
    url, parts = await _mix(management, 1, 1, 1)
    response = await management.admin.delete(f"{url}/{parts[0]['id']}")
    assert (response.status_code, response.json()) == (200, "Component removed")
    assert await _order(management, url) == [parts[1]["id"], parts[2]["id"]]
    await refused(management.admin.delete(f"{url}/{parts[0]['id']}"), 404)


async def test_priority_puts_the_heaviest_first(management: Management) -> None:
    url, parts = await _mix(management, 5, 100, 5, 30)
    model = url.removesuffix("/components")
    changed = await answered(management.admin.patch(model, json={"lb_strategy": "priority"}), 200)
    assert changed["lb_strategy"] == "priority"
    assert await _order(management, url) == [parts[index]["id"] for index in (1, 3, 0, 2)]
    await answered(management.admin.patch(f"{url}/{parts[2]['id']}", json={"sort_order": 0}), 200)
    await answered(management.admin.patch(model, json={"lb_strategy": "priority"}), 200)
    assert await _order(management, url) == [parts[index]["id"] for index in (2, 1, 3, 0)]


async def test_refusals(management: Management) -> None:
    url, (part,) = await _mix(management, 1)
    other_mix, plain, unknown = await composite(management), await standard(management), uuid.uuid4()
    for weight in (0, 101, -1):
        await refused(management.admin.post(f"{url}/{plain['id']}", json={"weight": weight}), 400)
        await refused(management.admin.patch(f"{url}/{part['id']}", json={"weight": weight}), 400)
    await refused(management.admin.post(f"{url}/{plain['id']}", json={"weight": "1"}), 422)
    await refused(management.admin.post(f"{url}/{other_mix['id']}", json={}), 400)
    await refused(management.admin.post(f"{url}/{unknown}", json={}), 404, f"Model with ID {unknown} not found")
    assert set(await answered(management.admin.post(f"{url}/{part['id']}", json={}), 409)) == {"message"}
    await refused(management.admin.patch(f"{url}/{plain['id']}", json={}), 404)
    for method, path in (("GET", ""), ("POST", f"/{part['id']}"), ("PATCH", f"/{part['id']}")):
        body: dict[str, int] | None = None if method == "GET" else {}
        call = management.admin.request(method, f"{MODELS}/{plain['id']}/components{path}", json=body)
        await refused(call, 400, "Model is not a composite model")
        await refused(management.admin.request(method, f"{MODELS}/{unknown}/components{path}", json=body), 404)
    await answered(management.admin.delete(f"{MODELS}/{plain['id']}"), 200)
    await refused(management.admin.post(f"{url}/{plain['id']}", json={}), 404)


async def test_components_added_at_once_have_an_order(management: Management) -> None:
    url, _ = await _mix(management)
    parts = [await standard(management) for _ in range(6)]
    answers = await asyncio.gather(
        *(management.admin.post(f"{url}/{part['id']}", json={}) for part in parts),
        *(management.admin.post(f"{url}/{parts[0]['id']}", json={}) for _ in range(2)),
    )
    assert sorted(response.status_code for response in answers) == [200] * 6 + [409] * 2
    assert set(await _order(management, url)) == {part["id"] for part in parts}


async def test_only_platform_managers_see_and_change_components(management: Management) -> None:
    url, (part,) = await _mix(management, 1)
    calls = [
        ("GET", url, "Read"),
        *((method, f"{url}/{part['id']}", "Update") for method in ("POST", "PATCH", "DELETE")),
    ]
    for role in set(Role) - {Role.PLATFORM_MANAGER}:
        person = await management.person(role)
        for method, path, operation in calls:
            call = person.client.request(method, path, content=b"garbage")
            await refused(call, 403, f"Insufficient permissions to {operation} CompositeModels")
    manager = await management.person(Role.PLATFORM_MANAGER)
    await answered(manager.client.get(url), 200)
    await answered(manager.client.patch(f"{url}/{part['id']}", json={"weight": 2}), 200)
