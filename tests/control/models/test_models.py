"""Models made, changed and taken away (§4.5.3, §4.5.4)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from tests.control.endpoints.calls import create_endpoint
from tests.control.management import API, Management, answered, refused
from tests.control.models.calls import MODELS, aliases, composite, grant, standard

from control_layer.control.permissions import Role

_TAKEN = {
    "message": "The specified alias is already in use. Please choose a different alias.",
    "resource": "deployment",
}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "virtual", "model_name": "m"},
        {"model_name": "m", "hosted_on": str(uuid.uuid4())},
        {"type": "standard", "model_name": "m"},
        {"type": "standard", "hosted_on": str(uuid.uuid4())},
        {"type": "composite"},
        {"type": "composite", "model_name": 7},
        {"type": "composite", "model_name": "m", "lb_strategy": "fastest"},
        {"type": "composite", "model_name": "m", "capacity": 1.5},
        {"type": "composite", "model_name": "m", "capacity": 10**12},
        {"type": "composite", "model_name": "m", "tariffs": [{"name": "t"}]},
        {"type": "composite", "model_name": "m", "metadata": {"released_at": "yesterday"}},
        {"type": "composite", "model_name": "m", "traffic_routing_rules": [{"api_key_purpose": "batch"}]},
        {"type": "composite", "model_name": "m", "model_type": "chat"},
    ],
)
async def test_bodies_of_the_wrong_shape_are_422(management: Management, body: dict[str, Any]) -> None:
    await refused(management.admin.post(MODELS, json=body), 422)


@pytest.mark.parametrize(
    "fields",
    [
        {"model_name": "  "},
        {"alias": " "},
        {"throughput": 0},
        {"throughput": -1.0},
        {"requests_per_second": 0},
        {"burst_size": -1},
        {"backoff_initial_ms": 0},
        {"backoff_initial_ms": 6000},
        {"backoff_max_ms": 50},
        {"backoff_factor": 0.5},
        {"backoff_max_total_ms": 100},
        {"fallback_max_attempts": 0},
        {"fallback_on_status": [42]},
        {"allowed_batch_completion_windows": ["7d"]},
        {"metadata": {"attribution": "x" * 17000}},
        {"metadata": {"extra": {str(number): 1 for number in range(51)}}},
        {"tariffs": [{"name": "t", "input_price_per_token": "-1", "output_price_per_token": "1"}]},
        {"tariffs": [{"name": "t", "input_price_per_token": "1e30", "output_price_per_token": "1"}]},
        {"traffic_routing_rules": [{"api_key_purpose": "batch", "action": {"type": "redirect", "target": ""}}]},
        {"traffic_routing_rules": [{"api_key_purpose": "batch", "action": {"type": "redirect", "target": "nobody"}}]},
        {"traffic_routing_rules": [{"api_key_purpose": "batch", "action": {"type": "redirect", "target": "self"}}]},
        {"traffic_routing_rules": [{"api_key_purpose": "batch", "action": {"type": "deny"}}] * 2},
        {"description": "a\0b"},
    ],
)
async def test_values_against_the_rules_are_400_at_creation_and_in_changes(
    management: Management, fields: dict[str, Any]
) -> None:
    body = {"type": "composite", "model_name": "self"} | fields
    await refused(management.admin.post(MODELS, json=body), 400)
    if "model_name" not in fields:
        model = await composite(management, "self")
        await refused(management.admin.patch(f"{MODELS}/{model['id']}", json=fields), 400)
        assert await answered(management.admin.get(f"{MODELS}/{model['id']}"), 200) == model


async def test_the_name_of_the_empty_field_is_said(management: Management) -> None:
    body = {"type": "composite", "model_name": " "}
    await refused(management.admin.post(MODELS, json=body), 400, "Field 'model_name' must not be empty or whitespace")


async def test_unknown_endpoint_is_404(management: Management) -> None:
    unknown = str(uuid.uuid4())
    body = {"type": "standard", "model_name": "m", "hosted_on": unknown}
    await refused(management.admin.post(MODELS, json=body), 404, f"Endpoint with ID {unknown} not found")


async def test_alias_is_taken_for_ever(management: Management) -> None:
    model = await standard(management, "mine")
    body = {"type": "composite", "model_name": " mine "}
    assert await answered(management.admin.post(MODELS, json=body), 409) == _TAKEN
    other = await standard(management, "other")
    assert await answered(management.admin.patch(f"{MODELS}/{other['id']}", json={"alias": "mine"}), 409) == _TAKEN
    await answered(management.admin.delete(f"{MODELS}/{model['id']}"), 200)
    assert await answered(management.admin.post(MODELS, json=body), 409) == _TAKEN


async def test_of_many_who_want_an_alias_at_once_one_gets_it(management: Management) -> None:
    body = {"type": "composite", "model_name": "prize"}
    answers = await asyncio.gather(*(management.admin.post(MODELS, json=body) for _ in range(6)))
    assert sorted(response.status_code for response in answers) == [200] + [409] * 5
    assert all(response.json() == _TAKEN for response in answers if response.status_code == 409)


async def test_patch_keeps_what_is_absent_or_null_and_clears_what_is_tri_state(management: Management) -> None:
    cleared = {
        "requests_per_second": 1.0,
        "burst_size": 2,
        "capacity": 3,
        "batch_capacity": 4,
        "throughput": 5.0,
        "allowed_batch_completion_windows": ["24h"],
        "traffic_routing_rules": [{"api_key_purpose": "batch", "action": {"type": "deny"}}],
    }
    kept = {
        "display_name": "D",
        "description": "d",
        "model_type": "CHAT",
        "capabilities": ["x"],
        "sanitize_responses": True,
        "trusted": True,
        "open_responses_adapter": False,
        "metadata": {"provider": "P"},
        "provider_pricing": {"mode": "per_token", "input_price_per_token": "1"},
    }
    model = await standard(management, "m", **cleared, **kept)
    url = f"{MODELS}/{model['id']}"
    assert await answered(management.admin.patch(url, json={}), 200) == model
    unknown = {"type": "composite", "model_name": "x", "hosted_on": "y", "is_composite": True, "created_by": 1}
    after = await answered(management.admin.patch(url, json=unknown), 200)
    assert after == model
    nulls = dict.fromkeys([*kept, *cleared, "alias", "backoff_enabled", "tariffs"])
    after = await answered(management.admin.patch(url, json=nulls), 200)
    assert {name: after.get(name) for name in cleared} == dict.fromkeys(cleared)
    assert {**after, "updated_at": ""} == {
        **{name: value for name, value in model.items() if name not in cleared},
        "updated_at": "",
    }
    renamed = await answered(management.admin.patch(url, json={"alias": " new ", "description": ""}), 200)
    assert (renamed["alias"], renamed["description"]) == ("new", "")


async def test_backoff_is_checked_against_what_is_there(management: Management) -> None:
    model = await composite(management, backoff_initial_ms=200, backoff_max_ms=400)
    url = f"{MODELS}/{model['id']}"
    await refused(management.admin.patch(url, json={"backoff_initial_ms": 500}), 400)
    both = {"backoff_initial_ms": 500, "backoff_max_ms": 600, "backoff_enabled": True}
    after = await answered(management.admin.patch(url, json=both), 200)
    assert after["fallback"]["backoff"] == {"initial_ms": 500, "max_ms": 600, "factor": 2.0, "jitter": "full"}


async def test_backoff_switches_the_fallback_of_a_standard_model(management: Management) -> None:
    model = await standard(management)
    url = f"{MODELS}/{model['id']}"
    on = (await answered(management.admin.patch(url, json={"backoff_enabled": True}), 200))["fallback"]
    assert (on["enabled"], on["with_replacement"], on["max_attempts"], "backoff" in on) == (True, True, 3, True)
    off = (await answered(management.admin.patch(url, json={"backoff_enabled": False}), 200))["fallback"]
    assert (off["enabled"], "backoff" in off) == (False, False)


async def test_fallback_of_a_composite_model(management: Management) -> None:
    model = await composite(management)
    body = {
        "fallback_enabled": False,
        "fallback_on_rate_limit": False,
        "fallback_on_status": [500],
        "fallback_with_replacement": True,
        "fallback_max_attempts": 7,
    }
    url = f"{MODELS}/{model['id']}"
    after = await answered(management.admin.patch(url, json=body), 200)
    expected = {"enabled": False, "on_rate_limit": False, "on_status": [500], "with_replacement": True}
    assert after["fallback"] == expected | {"max_attempts": 7}
    after = await answered(management.admin.patch(url, json={"fallback_max_attempts": None}), 200)
    assert after["fallback"] == expected


async def test_provider_pricing_merges_within_a_mode(management: Management) -> None:
    model = await standard(management, provider_pricing={"mode": "per_token", "input_price_per_token": 0.0000025})
    url = f"{MODELS}/{model['id']}"

    async def patched(pricing: dict[str, Any]) -> Any:
        await answered(management.admin.patch(url, json={"provider_pricing": pricing}), 200)
        return (await answered(management.admin.get(f"{url}?include=pricing"), 200)).get("provider_pricing")

    both = await patched({"mode": "per_token", "output_price_per_token": "0.5"})
    assert float(both["input_price_per_token"]) == 0.0000025
    assert "e" not in both["input_price_per_token"].lower()
    assert float(both["output_price_per_token"]) == 0.5
    one = await patched({"mode": "per_token", "input_price_per_token": None})
    assert set(one) == {"mode", "output_price_per_token"}
    hourly = {"mode": "hourly", "rate": "2", "input_token_cost_ratio": "0.25"}
    await refused(management.admin.patch(url, json={"provider_pricing": {"mode": "hourly", "rate": "2"}}), 400)
    switched = await patched(hourly)
    assert {name: float(switched[name]) for name in ("rate", "input_token_cost_ratio")} == {
        "rate": 2.0,
        "input_token_cost_ratio": 0.25,
    }
    assert float((await patched({"mode": "hourly", "rate": "3"}))["rate"]) == 3.0
    await refused(management.admin.patch(url, json={"provider_pricing": {"rate": "2"}}), 422)


async def test_tariffs_are_the_whole_desired_set(management: Management) -> None:
    def tariff(name: str, price: Any, purpose: str | None = None, window: str | None = None) -> dict[str, Any]:
        return {
            "name": name,
            "input_price_per_token": price,
            "output_price_per_token": "1",
            "api_key_purpose": purpose,
            "completion_window": window,
        }

    model = await standard(management, tariffs=[tariff("a", "0.5", "realtime"), tariff("b", "0.1"), tariff("b", "0.1")])
    url = f"{MODELS}/{model['id']}"

    async def shown() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in (await answered(management.admin.get(f"{url}?include=pricing"), 200))["tariffs"]:
            found.setdefault(row["name"], []).append(row["id"])
        return found

    before = await shown()
    desired = [tariff("a", 0.50, "realtime"), tariff("b", "0.10"), tariff("c", "0", "batch", "24h")]
    await answered(management.admin.patch(url, json={"tariffs": desired}), 200)
    after = await shown()
    assert after["a"] == before["a"]
    assert len(after["b"]) == 1
    assert after["b"][0] in before["b"]
    assert len(after["c"]) == 1
    replaced = [tariff("a", "0.6", "realtime")]
    await answered(management.admin.patch(url, json={"tariffs": replaced}), 200)
    assert list(await shown()) == ["a"]
    assert (await shown())["a"] != before["a"]
    await answered(management.admin.patch(url, json={"tariffs": []}), 200)
    assert await shown() == {}
    ((kept,),) = await management.sql("SELECT count(*) FROM tariffs WHERE valid_until IS NOT NULL")
    assert kept == 5
    twice = [tariff("x", "1", "batch", "24h"), tariff("y", "2", "batch", "24h")]
    conflict = await answered(management.admin.patch(url, json={"tariffs": twice}), 409)
    assert set(conflict) == {"message"}
    fine = [tariff("x", "1", "batch", "24h"), tariff("y", "2", "batch", "1h"), tariff("z", "2", "batch")]
    await answered(management.admin.patch(url, json={"tariffs": fine}), 200)


async def test_two_changes_of_tariffs_at_once_leave_one_of_them(management: Management) -> None:
    model = await standard(management)
    url = f"{MODELS}/{model['id']}"
    bodies = [
        {"tariffs": [{"name": f"t{number}", "input_price_per_token": "1", "output_price_per_token": "1",
                      "api_key_purpose": "realtime"}]}
        for number in range(5)
    ]  # fmt: skip
    answers = await asyncio.gather(*(management.admin.patch(url, json=body) for body in bodies))
    assert {response.status_code for response in answers} == {200}
    shown = await answered(management.admin.get(f"{url}?include=pricing"), 200)
    assert len(shown["tariffs"]) == 1


async def test_metadata_is_replaced_wholesale(management: Management) -> None:
    model = await standard(management, metadata={"provider": "A", "context_window": 5, "unknown": 1})
    assert model["metadata"] == {"provider": "A", "context_window": 5}
    url = f"{MODELS}/{model['id']}"
    after = await answered(management.admin.patch(url, json={"metadata": {"quantization": "fp8"}}), 200)
    assert after["metadata"] == {"quantization": "fp8"}
    assert "metadata" not in await answered(management.admin.patch(url, json={"metadata": {}}), 200)


async def test_reasoning_overrides_belong_to_standard_models(management: Management) -> None:
    model, mix = await standard(management), await composite(management)
    overrides = {"responses": {"mode": "disabled"}}
    url = f"{MODELS}/{model['id']}"
    after = await answered(management.admin.patch(url, json={"reasoning_translation_overrides": overrides}), 200)
    assert after["reasoning_translation_overrides"]["responses"] == {"mode": "disabled"}
    after = await answered(management.admin.patch(url, json={"reasoning_translation_overrides": None}), 200)
    assert after["reasoning_translation_overrides"]["responses"] == {"mode": "inherit"}
    body = {"reasoning_translation_overrides": overrides}
    await refused(management.admin.patch(f"{MODELS}/{mix['id']}", json=body), 400)
    await refused(
        management.admin.patch(url, json={"reasoning_translation_overrides": {"responses": {"mode": "override"}}}), 400
    )


async def test_deletion_is_soft_and_idempotent(management: Management) -> None:
    model = await standard(management, "gone")
    await grant(management, model["id"])
    for _ in range(2):
        response = await management.admin.delete(f"{MODELS}/{model['id']}")
        assert (response.status_code, response.json()) == (200, model["id"])
    assert await aliases(management.admin) == []
    assert await answered(management.admin.get(f"{API}/groups/{uuid.UUID(int=0)}/models"), 200) == []
    shown = await answered(management.admin.get(f"{MODELS}/{model['id']}?deleted=true&include=groups"), 200)
    assert len(shown["groups"]) == 1
    unknown = uuid.uuid4()
    await refused(management.admin.delete(f"{MODELS}/{unknown}"), 404, f"Model with ID {unknown} not found")


async def test_only_platform_managers_change_models(management: Management) -> None:
    model = await standard(management)
    await grant(management, model["id"])
    url = f"{MODELS}/{model['id']}"
    calls = [("POST", MODELS, "Create"), ("PATCH", url, "Update"), ("DELETE", url, "Delete")]
    for role in Role:
        person = await management.person(role)
        if role is Role.PLATFORM_MANAGER:
            endpoint = await create_endpoint(management)
            body = {"type": "standard", "model_name": "theirs", "hosted_on": endpoint["id"]}
            made = await answered(person.client.post(MODELS, json=body), 200)
            assert made["created_by"] == person.id
            await answered(person.client.patch(f"{MODELS}/{made['id']}", json={}), 200)
            await answered(person.client.delete(f"{MODELS}/{made['id']}"), 200)
            continue
        for method, path, operation in calls:
            call = person.client.request(method, path, content=b"garbage")
            await refused(call, 403, f"Insufficient permissions to {operation} Models")
    nobody = await management.client()
    for method, path in (("GET", MODELS), ("GET", url), *((method, path) for method, path, _ in calls)):
        await refused(nobody.request(method, path), 401, "Authentication required")


async def test_tariffs_that_were_not_shown_are_not_closed_by_sending_back_what_was(management: Management) -> None:
    def tariff(name: str, purpose: str | None, window: str | None = None) -> dict[str, Any]:
        prices = {"input_price_per_token": "1", "output_price_per_token": "2"}
        return {"name": name, **prices, "api_key_purpose": purpose, "completion_window": window}

    model = await standard(
        management,
        tariffs=[tariff("open", "realtime"), tariff("hidden", "playground"), tariff("day", "batch", "24h")],
        traffic_routing_rules=[
            {"api_key_purpose": purpose, "action": {"type": "deny"}} for purpose in ("playground", "batch")
        ],
    )
    url = f"{MODELS}/{model['id']}"

    async def active() -> set[str]:
        return {row.name for row in await management.sql("SELECT name FROM tariffs WHERE valid_until IS NULL")}

    shown = (await answered(management.admin.get(f"{url}?include=pricing"), 200))["tariffs"]
    assert [row["name"] for row in shown] == ["open"]
    await answered(management.admin.patch(url, json={"tariffs": shown}), 200)
    assert await active() == {"open", "hidden", "day"}
    replaced = [*shown, tariff("dearer", "playground")]
    await answered(management.admin.patch(url, json={"tariffs": replaced}), 200)
    assert await active() == {"open", "dearer", "day"}
    # Also when the rule goes in the same request: it stood when the tariffs were read.
    await answered(management.admin.patch(url, json={"tariffs": shown, "traffic_routing_rules": None}), 200)
    assert await active() == {"open", "dearer", "day"}
    await answered(management.admin.patch(url, json={"tariffs": shown}), 200)
    assert await active() == {"open"}
    await answered(management.admin.patch(url, json={"tariffs": []}), 200)
    assert await active() == set()


async def test_a_blank_display_name_takes_it_away(management: Management) -> None:
    model = await standard(management, display_name=" Large ")
    assert model["display_name"] == "Large"
    changed = await answered(management.admin.patch(f"{MODELS}/{model['id']}", json={"display_name": " "}), 200)
    assert "display_name" not in changed
