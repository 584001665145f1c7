"""`/endpoint-summaries`: endpoints with what is known of their models, page by page."""

from __future__ import annotations

import uuid
from typing import Any

from tests.control.endpoints.calls import create_endpoint, models_at
from tests.control.endpoints.provider import listing, scripted
from tests.control.management import API, Management, answered, refused

from control_layer.contract.routing import Condition

SUMMARIES = f"{API}/endpoint-summaries"


async def _summaries(management: Management, query: str = "") -> dict[str, Any]:
    page: dict[str, Any] = await answered(management.admin.get(f"{SUMMARIES}{query}"), 200)
    return page


async def test_counts_models_and_says_how_they_fare(management: Management) -> None:
    endpoint = await create_endpoint(management, name="acme", skip_fetch=True, model_filter=["a", "b", "c", "d"])
    models = await models_at(management, endpoint["id"])
    ids = {name: model["id"] for name, model in models.items()}
    probe = {"name": "a", "deployment_id": ids["a"], "interval_seconds": 60}
    await answered(management.admin.post(f"{API}/probes", json=probe), 201)
    failing = "INSERT INTO probe_states (model_id, failures, failing, since) VALUES ($1, 3, true, now())"
    await management.sql(failing, uuid.UUID(ids["a"]))
    await management.sql("UPDATE models SET status = 'inactive' WHERE id = $1", uuid.UUID(ids["c"]))
    await answered(management.admin.delete(f"{API}/models/{ids['d']}"), 200)
    conditions = [
        Condition(deployment_id=ids["a"], state="closed", failures=0, in_flight=0, latency=0.1, ready_in=0),
        Condition(deployment_id=ids["b"], state="open", failures=5, in_flight=0, latency=0, ready_in=9),
        Condition(deployment_id=ids["c"], state="limited", failures=0, in_flight=0, latency=0, ready_in=9),
    ]
    management.services.conditions.heard(str(uuid.uuid4()), conditions)
    page = await _summaries(management)
    assert page["total_count"] == 1
    (found,) = page["data"]
    assert found.pop("models") == {"active": 2, "inactive": 1, "watched": 1, "failing": 1, "resting": 1}
    assert found.pop("synced_at") is None
    assert found == endpoint


async def test_are_paged_sorted_and_searched(management: Management) -> None:
    for name, url in (("beta", "http://one.test/v1"), ("Alpha", "http://two.test/v1"), ("gamma", "http://one.test/v2")):
        await create_endpoint(management, name=name, url=url)

    async def names(query: str) -> list[str]:
        return [found["name"] for found in (await _summaries(management, query))["data"]]

    assert await names("") == ["gamma", "Alpha", "beta"]
    assert await names("?sort=name") == ["Alpha", "beta", "gamma"]
    assert await names("?sort=name&sort_direction=desc&limit=1") == ["gamma"]
    assert await names("?sort=name&skip=1") == ["beta", "gamma"]
    assert await names("?search=ONE.test&sort=name") == ["beta", "gamma"]
    assert await names("?search=%25") == []
    page = await _summaries(management, "?search=one.test&limit=1")
    assert (page["total_count"], page["limit"], len(page["data"])) == (2, 1, 1)


async def test_are_for_those_who_manage_endpoints(management: Management) -> None:
    person = await management.person()
    await refused(person.client.get(SUMMARIES), 403, "Insufficient permissions to Read Endpoints")


async def test_say_when_the_models_were_last_brought_in_step(management: Management) -> None:
    async def synced_at() -> Any:
        return (await _summaries(management))["data"][0]["synced_at"]

    async with scripted(listing("a")) as provider:
        endpoint = await create_endpoint(management, url=provider.url, sync=True)
        first = await synced_at()
        synchronize = f"{API}/endpoints/{endpoint['id']}/synchronize"
        await answered(management.admin.post(f"{synchronize}?dry_run=true"), 200)
        assert await synced_at() == first
        done = await answered(management.admin.post(synchronize), 200)
        assert first < await synced_at() <= done["synced_at"]
