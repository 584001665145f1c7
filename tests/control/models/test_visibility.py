"""Who sees which models (§4.5.1), and what the list can be asked for (§4.5.2)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from tests.control.endpoints.calls import create_endpoint
from tests.control.management import API, Management, answered, refused
from tests.control.models.calls import MODELS, aliases, composite, grant, standard

from control_layer.control.permissions import Role

_ANYTHING = "accessible=false&deleted=true&inactive=true&include=groups,components"


async def test_without_the_right_only_granted_models_exist(management: Management) -> None:
    group = await management.group()
    everyones, grouped, hidden = [await standard(management, alias) for alias in ("everyones", "grouped", "hidden")]
    person = await management.person()
    page = await answered(person.client.get(MODELS), 200)
    assert page == {"data": [], "total_count": 0, "skip": 0, "limit": 10}
    await grant(management, everyones["id"])
    await grant(management, grouped["id"], group)
    assert await aliases(person.client) == ["everyones"]
    await answered(management.admin.post(f"{API}/groups/{group}/users/{person.id}"), 204)
    assert set(await aliases(person.client, _ANYTHING)) == {"everyones", "grouped"}
    assert await aliases(person.client, f"search=hidden&endpoint={hidden['hosted_on']}") == []
    await refused(
        person.client.get(f"{MODELS}/{hidden['id']}?{_ANYTHING}"), 404, f"Model with ID {hidden['id']} not found"
    )
    await answered(management.admin.delete(f"{API}/groups/{group}/users/{person.id}"), 204)
    await refused(person.client.get(f"{MODELS}/{grouped['id']}"), 404)


async def test_roles_show_all_models_but_grant_the_use_of_none(management: Management) -> None:
    used, unused = await standard(management, "used"), await standard(management, "unused")
    await grant(management, used["id"])
    manager = await management.person(Role.PLATFORM_MANAGER)
    for client in (manager.client, management.admin):
        assert set(await aliases(client)) == {"used", "unused"}
        assert await aliases(client, "accessible=true") == ["used"]
        await answered(client.get(f"{MODELS}/{unused['id']}"), 200)


async def test_deleted_and_inactive_models_exist_for_the_administrator_who_asks(management: Management) -> None:
    live, deleted, inactive = [await standard(management, alias) for alias in ("live", "deleted", "inactive")]
    for model in (live, deleted, inactive):
        await grant(management, model["id"])
    await answered(management.admin.delete(f"{MODELS}/{deleted['id']}"), 200)
    await management.sql("UPDATE models SET status = 'inactive' WHERE alias = 'inactive'")
    manager = await management.person(Role.PLATFORM_MANAGER)
    person = await management.person()
    for client in (manager.client, person.client):
        assert await aliases(client, "deleted=true&inactive=true") == ["live"]
        for model in (deleted, inactive):
            await refused(client.get(f"{MODELS}/{model['id']}?deleted=true&inactive=true"), 404)
    admin = management.admin
    assert await aliases(admin) == ["live"]
    assert set(await aliases(admin, "deleted=true")) == {"live", "deleted"}
    assert await aliases(admin, "inactive=true") == ["inactive"]
    await refused(admin.get(f"{MODELS}/{deleted['id']}"), 404)
    await answered(admin.get(f"{MODELS}/{deleted['id']}?deleted=true"), 200)
    await refused(admin.get(f"{MODELS}/{inactive['id']}?deleted=true"), 404)
    await answered(admin.get(f"{MODELS}/{inactive['id']}?inactive=true"), 200)
    await answered(admin.patch(f"{MODELS}/{deleted['id']}", json={"description": "gone"}), 200)
    await refused(manager.client.patch(f"{MODELS}/{deleted['id']}", json={"description": "gone"}), 404)


async def test_filters(management: Management) -> None:
    west = await create_endpoint(management, name="West Coast")
    group = await management.group()
    a = await standard(
        management,
        "a",
        hosted_on=west["id"],
        model_type="CHAT",
        capabilities=["vision"],
        metadata={"provider": "Acme"},
        traffic_routing_rules=[{"api_key_purpose": "realtime", "action": {"type": "deny"}}],
    )
    b = await standard(
        management,
        "b%_",
        model_type="EMBEDDINGS",
        capabilities=["visionary"],
        traffic_routing_rules=[{"api_key_purpose": "batch", "action": {"type": "deny"}}],
    )
    await composite(management, "mix")
    await grant(management, b["id"], group)
    for query, expected in {
        f"endpoint={west['id']}": {"a"},
        f"group={group}": {"b%_"},
        f"group={uuid.uuid4()}, {group}": {"b%_"},
        "search=%20WEST%20": {"a"},
        "search=upstream-A": {"a"},
        "search=%25_": {"b%_"},
        "is_composite=true": {"mix"},
        "is_composite=false": {"a", "b%_"},
        "provider=aCME": {"a"},
        "model_type=EMBEDDINGS": {"b%_"},
        "capability=vision": {"a"},
        "available_for_realtime=true": {"b%_", "mix"},
        "available_for_realtime=false": {"a"},
        "search=nothing": set(),
        "model_type=CHAT&search=b": set(),
    }.items():
        assert set(await aliases(management.admin, query)) == expected, query
    unknown = uuid.uuid4()
    await refused(management.admin.get(f"{MODELS}?endpoint={unknown}"), 404, f"Endpoint with ID {unknown} not found")
    assert a["metadata"] == {"provider": "Acme"}


@pytest.mark.parametrize(
    "query", ["group=nonsense", "group=", "sort=price", "sort_direction=up", "model_type=chat", "endpoint=1", "skip=x"]
)
async def test_malformed_queries_are_refused_before_anybody_is_asked_who_they_are(
    management: Management, query: str
) -> None:
    nobody = await management.client()
    await refused(nobody.get(f"{MODELS}?{query}"), 400)


async def test_sorts_with_missing_values_last(management: Management) -> None:
    def tariffs(*prices: str) -> list[dict[str, Any]]:
        return [
            {"name": f"t{index}", "input_price_per_token": price, "output_price_per_token": "1"}
            for index, price in enumerate(prices)
        ]

    await standard(
        management,
        "c",
        metadata={"intelligence_index": 9.5, "context_window": 1000, "released_at": "2024-12-31", "provider": "beta"},
        tariffs=tariffs("0.002", "0.5"),
    )
    await standard(management, "a")
    await standard(
        management,
        "b",
        metadata={"intelligence_index": 10, "context_window": 900, "released_at": "2025-01-01", "provider": "Alpha"},
        tariffs=tariffs("0.001"),
    )
    for query, expected in {
        "": ["b", "a", "c"],
        "sort_direction=asc": ["c", "a", "b"],
        "sort=alias": ["a", "b", "c"],
        "sort=alias&sort_direction=desc": ["c", "b", "a"],
        "sort=intelligence_index": ["b", "c", "a"],
        "sort=intelligence_index&sort_direction=asc": ["c", "b", "a"],
        "sort=context_window": ["c", "b", "a"],
        "sort=released_at": ["b", "c", "a"],
        "sort=provider": ["b", "c", "a"],
        "sort=provider&sort_direction=desc": ["c", "b", "a"],
        "sort=price_from": ["b", "c", "a"],
        "sort=price_from&sort_direction=desc": ["c", "b", "a"],
    }.items():
        assert await aliases(management.admin, query) == expected, query


async def test_pages_and_facets(management: Management) -> None:
    for number in range(12):
        model = await standard(
            management,
            f"m{number:02}",
            model_type="CHAT" if number % 2 else None,
            capabilities=["tools", f"c{number % 3}"],
            metadata={"provider": f"P{number % 2}"},
        )
        if number < 3:
            await grant(management, model["id"])
    page = await answered(management.admin.get(f"{MODELS}?sort=alias&skip=10&limit=5&include=facets"), 200)
    assert [model["alias"] for model in page["data"]] == ["m10", "m11"]
    assert (page["total_count"], page["skip"], page["limit"]) == (12, 10, 5)
    facets = {"providers": ["P0", "P1"], "capabilities": ["c0", "c1", "c2", "tools"], "model_types": ["CHAT"]}
    assert page["facets"] == facets
    page = await answered(management.admin.get(f"{MODELS}?include=facets,abilities"), 200)
    assert page["facets"] == facets | {"known_capabilities": facets["capabilities"]}
    page = await answered(management.admin.get(f"{MODELS}?search=m00&include=facets&limit=1000"), 200)
    assert (page["facets"], page["limit"]) == (facets, 101)
    person = await management.person()
    page = await answered(person.client.get(f"{MODELS}?include=facets"), 200)
    assert page["facets"]["capabilities"] == ["c0", "c1", "c2", "tools"]
    assert (await answered(person.client.get(MODELS), 200)).get("facets") is None


async def test_a_page_with_everything_costs_the_same_queries_for_one_model_and_for_many(
    management: Management,
) -> None:
    async def statements() -> int:
        count = 0

        def executed(*_: object) -> None:
            nonlocal count
            count += 1

        from sqlalchemy import event

        event.listen(management.engine.sync_engine, "before_cursor_execute", executed)
        try:
            include = "include=groups,metrics,status,pricing,endpoints,components,facets"
            await answered(management.admin.get(f"{MODELS}?limit=100&{include}"), 200)
        finally:
            event.remove(management.engine.sync_engine, "before_cursor_execute", executed)
        return count

    for alias in ("one", "mix-one"):
        await (standard(management, alias) if alias == "one" else composite(management, alias))
    few = await statements()
    for number in range(10):
        await standard(management, f"more-{number}")
        await composite(management, f"mix-{number}")
    assert await statements() == few
