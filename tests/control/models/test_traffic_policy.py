"""How requests for a model find their deployment: what can be said, kept, taken back, and what is refused."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from tests.control.management import Management, answered, refused
from tests.control.models.calls import MODELS, composite, grant, standard

_NOTHING = dict.fromkeys(
    (
        *("balancing", "sticky", "canary", "on_context_overflow", "on_content_refusal", "fallback", "timeouts"),
        *("hedging", "caching", "breaker"),
    )
)
_BREAKER = {
    "failures": 3,
    "error_rate": 0.25,
    "min_requests": 10,
    "window_seconds": 30.0,
    "cooldown_seconds": 2.0,
    "longest_cooldown_seconds": 20.0,
}


async def test_a_policy_is_set_whole_and_taken_back(management: Management) -> None:
    admin = management.admin
    model, other = await standard(management), await standard(management)
    url = f"{MODELS}/{model['id']}/traffic-policy"
    assert await answered(admin.get(url), 200) == _NOTHING
    policy = {
        "on_context_overflow": other["id"],
        "on_content_refusal": other["id"],
        "timeouts": {"first_byte": 900.0},
        "breaker": _BREAKER,
    }
    timeouts = {"connect": None, "first_byte": 900.0, "idle": None, "total": None}
    set_ = {**_NOTHING, **policy, "timeouts": timeouts}
    assert await answered(admin.put(url, json=policy), 200) == set_
    assert await answered(admin.get(url), 200) == set_
    assert await answered(admin.put(url, json={"timeouts": {}}), 200) == _NOTHING
    await answered(admin.put(url, json=policy), 200)
    await answered(admin.delete(url), 204)
    assert await answered(admin.get(url), 200) == _NOTHING


async def test_kept_answers_are_purged_and_stay_so(management: Management) -> None:
    admin, model = management.admin, (await standard(management))["id"]
    url = f"{MODELS}/{model}/traffic-policy"
    caching = {"ttl_seconds": 60.0, "scope": "group", "max_entry_bytes": 2048, "shared": True}
    made = await answered(admin.put(url, json={"caching": caching}), 200)
    assert made == {**_NOTHING, "caching": caching}

    async def generation() -> object:
        statement = "SELECT traffic_policy ->> 'cache_generation' AS generation FROM models WHERE id = $1"
        return (await management.sql(statement, uuid.UUID(model)))[0][0]

    assert await generation() is None
    await answered(admin.post(f"{url}/purge-cache"), 204)
    assert await answered(admin.get(url), 200) == made
    await answered(admin.put(url, json={"caching": {}}), 200)
    assert await generation() == "1", "what was purged does not come back with a change"
    await answered(admin.delete(url), 204)
    assert await generation() == "1"
    assert await answered(admin.get(url), 200) == _NOTHING


async def test_a_composite_model_says_how_it_chooses(management: Management) -> None:
    admin = management.admin
    part, mix = await standard(management), await composite(management)
    url = f"{MODELS}/{mix['id']}/traffic-policy"
    policy = {"balancing": "least_busy", "sticky": "session", "canary": {"component_id": part["id"], "percent": 5.0}}
    await refused(admin.put(url, json=policy), 400, "The canary is no component of this model; add it first")
    await answered(admin.post(f"{MODELS}/{mix['id']}/components/{part['id']}"), 200)
    assert await answered(admin.put(url, json=policy), 200) == {**_NOTHING, **policy}


async def test_the_models_own_object_stays_as_it_was(management: Management) -> None:
    model = await standard(management)
    before = await answered(management.admin.get(f"{MODELS}/{model['id']}"), 200)
    await answered(management.admin.put(f"{MODELS}/{model['id']}/traffic-policy", json={"breaker": _BREAKER}), 200)
    after = await answered(management.admin.get(f"{MODELS}/{model['id']}"), 200)
    assert after == {**before, "updated_at": after["updated_at"]}
    assert after["updated_at"] > before["updated_at"]


async def test_it_comes_with_the_list_of_models_on_request_for_those_who_may_read_it(management: Management) -> None:
    model, person = await standard(management), await management.person()
    await grant(management, model["id"])
    await answered(management.admin.put(f"{MODELS}/{model['id']}/traffic-policy", json={"breaker": _BREAKER}), 200)
    asked = f"{MODELS}?include=traffic_policy&search={model['alias']}"
    (listed,) = (await answered(management.admin.get(asked), 200))["data"]
    assert listed["traffic_policy"] == {**_NOTHING, "breaker": _BREAKER}
    (seen,) = (await answered(person.client.get(asked), 200))["data"]
    assert "traffic_policy" not in seen


@pytest.mark.parametrize(
    ("policy", "status"),
    [
        ({"balancing": "least_busy"}, 400),
        ({"sticky": "key"}, 400),
        ({"canary": {"component_id": str(uuid.uuid4()), "percent": 1}}, 400),
        ({"on_context_overflow": "self"}, 400),
        ({"on_content_refusal": str(uuid.uuid4())}, 400),
        ({"breaker": {"cooldown_seconds": 10, "longest_cooldown_seconds": 9}}, 400),
        ({"caching": {"scope": "everybody"}}, 422),
        ({"caching": {"ttl_seconds": 0}}, 422),
        ({"breaker": {"failures": 0}}, 422),
        ({"breaker": {"error_rate": 1.01}}, 422),
        ({"timeouts": {"total": 0}}, 422),
        ({"timeouts": {"idle": 1e9}}, 422),
        ({"sticky": "address"}, 422),
    ],
)
async def test_what_does_not_fit_a_standard_model_is_refused(
    management: Management, policy: dict[str, Any], status: int
) -> None:
    model = await standard(management)
    url = f"{MODELS}/{model['id']}/traffic-policy"
    body = {name: model["id"] if value == "self" else value for name, value in policy.items()}
    await refused(management.admin.put(url, json=body), status)
    assert await answered(management.admin.get(url), 200) == _NOTHING


async def test_a_composite_model_has_no_breaker(management: Management) -> None:
    mix = await composite(management)
    await refused(management.admin.put(f"{MODELS}/{mix['id']}/traffic-policy", json={"breaker": {}}), 400)


async def test_there_is_none_of_a_model_that_is_gone(management: Management) -> None:
    model = await standard(management)
    await answered(management.admin.delete(f"{MODELS}/{model['id']}"), 200)
    await refused(management.admin.post(f"{MODELS}/{model['id']}/traffic-policy/purge-cache"), 404)
    for method in ("get", "put", "delete"):
        body: dict[str, Any] = {"json": {}} if method == "put" else {}
        await refused(getattr(management.admin, method)(f"{MODELS}/{model['id']}/traffic-policy", **body), 404)


async def test_what_failed_attempts_may_cost_is_exact_money(management: Management) -> None:
    admin, model = management.admin, (await standard(management))["id"]
    url = f"{MODELS}/{model}/traffic-policy"
    costs = {"max_wasted_cost": "0.000000000001", "max_wasted_percent": "2.5"}
    made = await answered(admin.put(url, json={"fallback": costs}), 200)
    assert made == {**_NOTHING, "fallback": costs}
    assert await answered(admin.get(url), 200) == made
    without = {"max_wasted_cost": "0.1"}
    assert (await answered(admin.put(url, json={"fallback": without}), 200))["fallback"] == {
        **without,
        "max_wasted_percent": None,
    }
    for wrong in ({}, {"max_wasted_cost": "-1"}, {"max_wasted_cost": "NaN"}, {**costs, "max_wasted_percent": 101}):
        assert (await admin.put(url, json={"fallback": wrong})).status_code == 422


async def test_a_composite_model_says_when_a_second_attempt_begins(management: Management) -> None:
    admin, mix = management.admin, (await composite(management))["id"]
    url = f"{MODELS}/{mix}/traffic-policy"
    hedging = {"after_ms": None, "after_percentile": 95.0, "budget_percent": 5.0}
    made = await answered(admin.put(url, json={"hedging": {"after_percentile": 95}}), 200)
    assert made == {**_NOTHING, "hedging": hedging}
    for wrong in ({}, {"after_ms": 5, "after_percentile": 95}):
        await refused(admin.put(url, json={"hedging": wrong}), 400)
    for wrong in ({"after_ms": 0}, {"after_percentile": 100}, {"after_ms": 5, "budget_percent": 0}):
        assert (await admin.put(url, json={"hedging": wrong})).status_code == 422
    alone = (await standard(management))["id"]
    await refused(admin.put(f"{MODELS}/{alone}/traffic-policy", json={"hedging": {"after_ms": 5}}), 400)
