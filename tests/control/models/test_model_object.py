"""The model object (§4.5.5), to whom it shows what (§3.3)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from tests.control.endpoints.calls import create_endpoint
from tests.control.management import API, NIL, Management, answered
from tests.control.models.calls import MODELS, composite, grant, standard

from control_layer.control.permissions import Role

_PUBLIC = {
    "id", "model_name", "alias", "description", "model_type", "capabilities", "hosted_on", "created_at", "updated_at",
}  # fmt: skip
_OF_ALL_MODELS = {"is_composite", "fallback", "sanitize_responses", "trusted", "open_responses_adapter"}
_STANDARD = {"reasoning_translation_overrides"}
_LIMITS = {"requests_per_second", "burst_size", "capacity", "batch_capacity", "throughput"}
_NO_CACHE_PRICING = {
    "enabled": False, "write_multiplier_5m": None, "write_multiplier_1h": None, "write_multiplier_24h": None,
    "read_multiplier": None, "min_prefix_tokens": None, "valid_from": None, "valid_until": None,
}  # fmt: skip
_EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]
_TARIFF = {"name": "Standard", "input_price_per_token": "0.005", "output_price_per_token": 0.01}


async def test_plain_standard_model_as_the_administrator_makes_it(management: Management) -> None:
    endpoint = await create_endpoint(management)
    body = {"type": "standard", "model_name": " gpt-4o-2024 ", "hosted_on": endpoint["id"], "pricing": {"x": 1}}
    model = await answered(management.admin.post(MODELS, json=body), 200)
    assert set(model) == _PUBLIC | _OF_ALL_MODELS | _STANDARD | {"created_by"}
    assert (model["model_name"], model["alias"]) == ("gpt-4o-2024", "gpt-4o-2024")
    assert (model["description"], model["model_type"], model["capabilities"]) == (None, None, None)
    assert (model["hosted_on"], model["created_by"]) == (endpoint["id"], management.admin_id)
    assert model["fallback"] == {
        "enabled": False,
        "on_rate_limit": True,
        "on_status": [429, 499, 500, 502, 503, 504],
        "with_replacement": False,
    }
    assert (model["sanitize_responses"], model["trusted"], model["open_responses_adapter"]) == (False, False, True)
    assert model["reasoning_translation_overrides"] == {
        "chat_completions": {"mode": "inherit"},
        "responses": {"mode": "inherit"},
    }
    assert await answered(management.admin.get(f"{MODELS}/{model['id']}"), 200) == model


async def test_plain_composite_model(management: Management) -> None:
    model = await composite(management, "mix")
    assert set(model) == (_PUBLIC | _OF_ALL_MODELS | {"created_by", "lb_strategy"}) - {"hosted_on"}
    assert (model["is_composite"], model["lb_strategy"], model["alias"]) == (True, "weighted_random", "mix")
    assert model["fallback"] == {
        "enabled": True,
        "on_rate_limit": True,
        "on_status": [499, 500, 502, 503, 504],
        "with_replacement": False,
    }


async def test_everything_that_can_be_said_at_creation_comes_back(management: Management) -> None:
    other = await standard(management, "other")
    body: dict[str, Any] = {
        "alias": "full",
        "display_name": "Full",
        "description": "All of it",
        "model_type": "CHAT",
        "capabilities": ["vision", "tools"],
        "requests_per_second": 12.5,
        "burst_size": 20,
        "capacity": 8,
        "batch_capacity": 2,
        "throughput": 3.5,
        "sanitize_responses": True,
        "trusted": True,
        "open_responses_adapter": False,
        "traffic_routing_rules": [
            {"api_key_purpose": "batch", "action": {"type": "deny"}},
            {"api_key_purpose": "playground", "action": {"type": "redirect", "target": other["alias"]}},
        ],
        "allowed_batch_completion_windows": ["24h"],
        "metadata": {"provider": "Acme", "context_window": 128000, "released_at": "2025-01-31", "extra": {"a": 1}},
        "reasoning_translation_overrides": {"responses": {"mode": "disabled"}},
    }
    model = await standard(management, **body)
    expected = body | {
        "reasoning_translation_overrides": {"chat_completions": {"mode": "inherit"}, "responses": {"mode": "disabled"}}
    }
    assert {name: model[name] for name in expected} == expected


async def test_backoff_on_a_standard_model_means_three_attempts_at_the_same_place(management: Management) -> None:
    model = await standard(management, backoff_enabled=True, backoff_max_total_ms=20000)
    assert model["fallback"] == {
        "enabled": True,
        "on_rate_limit": True,
        "on_status": [429, 499, 500, 502, 503, 504],
        "with_replacement": True,
        "max_attempts": 3,
        "backoff": {"initial_ms": 100, "max_ms": 5000, "factor": 2.0, "jitter": "full"},
        "max_total_backoff_ms": 20000,
    }


async def test_includes_are_shown_to_those_who_may_see_them(management: Management) -> None:
    model = await standard(
        management,
        requests_per_second=1.0,
        tariffs=[_TARIFF],
        provider_pricing={"mode": "per_token", "input_price_per_token": "0.0025"},
    )
    await grant(management, model["id"])
    everything = "include=groups,metrics,status,pricing,endpoints,components,facets,nonsense"
    url = f"{MODELS}/{model['id']}?{everything}"
    shown = await answered(management.admin.get(url), 200)
    assert [group["id"] for group in shown["groups"]] == [NIL]
    assert shown["groups"][0]["created_by"] == NIL
    assert shown["metrics"] == {
        "avg_latency_ms": None,
        "total_requests": 0,
        "total_input_tokens": 0,
        "total_output_tokens": 0,
        "last_active_at": None,
        "time_series": [],
    }
    unprobed = dict.fromkeys(("probe_id", "interval_seconds", "last_check", "last_success", "uptime_percentage"))
    assert shown["status"] == unprobed | {"active": False}
    assert shown["cache_pricing"] == _NO_CACHE_PRICING
    assert shown["provider_pricing"] == {"mode": "per_token", "input_price_per_token": "0.0025"}
    assert shown["endpoint"] == await answered(management.admin.get(f"{API}/endpoints/{model['hosted_on']}"), 200)
    assert "components" not in shown
    assert "facets" not in shown
    (tariff,) = shown["tariffs"]
    assert set(tariff) == {
        "id", "deployed_model_id", "name", "input_price_per_token", "output_price_per_token", "api_key_purpose",
        "valid_from", "valid_until", "is_active",
    }  # fmt: skip
    assert (tariff["deployed_model_id"], tariff["is_active"], tariff["valid_until"]) == (model["id"], True, None)
    assert (float(tariff["input_price_per_token"]), float(tariff["output_price_per_token"])) == (0.005, 0.01)
    assert isinstance(tariff["input_price_per_token"], str)

    person = await management.person()
    assert set(await answered(person.client.get(url), 200)) == _PUBLIC | {"tariffs", "cache_pricing", "status"}
    listed = await answered(person.client.get(f"{MODELS}?{everything}"), 200)
    assert set(listed["data"][0]) == _PUBLIC | {"tariffs", "cache_pricing", "status"}
    assert set(listed) == {"data", "total_count", "skip", "limit", "facets"}


@pytest.mark.parametrize(
    ("role", "adds"),
    [
        (Role.STANDARD_USER, set()),
        (Role.BATCH_API_USER, set()),
        (Role.CONNECTIONS_USER, set()),
        (Role.BACKGROUND_INFERENCE_USER, set()),
        (Role.BILLING_MANAGER, {"created_by"}),
        (Role.REQUEST_VIEWER, {"metrics"}),
        (
            Role.PLATFORM_MANAGER,
            {"created_by", "metrics", "groups", "provider_pricing", "endpoint"} | _OF_ALL_MODELS | _STANDARD | _LIMITS,
        ),
    ],
)
async def test_each_role_sees_its_own_fields(management: Management, role: Role, adds: set[str]) -> None:
    limits: dict[str, Any] = {
        "requests_per_second": 1.0,
        "burst_size": 1,
        "capacity": 1,
        "batch_capacity": 1,
        "throughput": 1.0,
    }
    pricing = {"mode": "per_token", "input_price_per_token": "1"}
    model = await standard(management, provider_pricing=pricing, **limits)
    await grant(management, model["id"])
    person = await management.person(role)
    include = "include=groups,metrics,endpoints,components,pricing"
    shown = await answered(person.client.get(f"{MODELS}/{model['id']}?{include}"), 200)
    assert set(shown) == _PUBLIC | {"tariffs", "cache_pricing"} | adds


async def test_provider_pricing_is_on_the_list_unasked_and_on_the_item_when_asked(management: Management) -> None:
    pricing = {"mode": "hourly", "rate": "2.5", "input_token_cost_ratio": "0.3"}
    model = await standard(management, provider_pricing=pricing)
    assert model["provider_pricing"] == pricing
    dearer = pricing | {"rate": "3"}
    changed = await answered(
        management.admin.patch(f"{MODELS}/{model['id']}", json={"provider_pricing": {"mode": "hourly", "rate": 3}}), 200
    )
    assert changed["provider_pricing"] == dearer
    pricing = dearer
    page = await answered(management.admin.get(MODELS), 200)
    assert page["data"][0]["provider_pricing"] == pricing
    assert "provider_pricing" not in await answered(management.admin.get(f"{MODELS}/{model['id']}"), 200)


async def test_metrics_add_up_what_was_asked_of_the_model(management: Management) -> None:
    model, other = await standard(management), await standard(management)
    for hours, seconds, tokens in ((0, 0.5, 10), (1, 1.5, 20), (48, None, None)):
        await management.sql(
            "WITH new AS (INSERT INTO requests (id, at, worker_id, key_id, user_id, model, model_id, method, path,"
            " stream, outcome, duration_seconds, input_tokens, output_tokens) VALUES (gen_random_uuid(),"
            " date_trunc('hour', now()) - make_interval(hours => $1), gen_random_uuid(), gen_random_uuid(),"
            " gen_random_uuid(), 'm', $2, 'POST', '/x', false, 'completed', $3, $4, $4) RETURNING at, id)"
            " INSERT INTO unfolded_requests (at, id) SELECT at, id FROM new",
            hours,
            uuid.UUID(model["id"]),
            seconds,
            tokens,
        )
    page = await answered(management.admin.get(f"{MODELS}?include=metrics"), 200)
    metrics = {item["id"]: item["metrics"] for item in page["data"]}
    series = metrics[model["id"]].pop("time_series")
    assert [point["requests"] for point in series] == [1, 1]
    assert series[0]["timestamp"] < series[1]["timestamp"]
    assert metrics[model["id"]].pop("last_active_at") == series[1]["timestamp"]
    assert metrics[model["id"]] == {
        "avg_latency_ms": 1000.0,
        "total_requests": 3,
        "total_input_tokens": 30,
        "total_output_tokens": 30,
    }
    assert metrics[other["id"]]["total_requests"] == 0


async def test_tariffs_nobody_can_be_charged_by_are_hidden(management: Management) -> None:
    def tariff(name: str, purpose: str | None, window: str | None = None) -> dict[str, Any]:
        return {**_TARIFF, "name": name, "api_key_purpose": purpose, "completion_window": window}

    model = await standard(
        management,
        tariffs=[
            tariff("realtime", "realtime"),
            tariff("playground", "playground"),
            tariff("batch-24h", "batch", "24h"),
            tariff("batch-1h", "batch", "1h"),
            tariff("shown", None),
        ],
        traffic_routing_rules=[{"api_key_purpose": "playground", "action": {"type": "deny"}}],
        allowed_batch_completion_windows=["24h"],
    )
    await grant(management, model["id"])
    person = await management.person()
    url = f"{MODELS}/{model['id']}?include=pricing"

    async def names(client: Any) -> set[str]:
        return {tariff["name"] for tariff in (await answered(client.get(url), 200))["tariffs"]}

    assert await names(person.client) == {"realtime", "batch-24h", "shown"}
    assert await names(management.admin) == {"realtime", "batch-24h", "batch-1h", "shown"}


def _translation(*unsupported: str) -> dict[str, Any]:
    values = {effort: effort for effort in _EFFORTS if effort not in unsupported}
    return {"unsupported_efforts": list(unsupported), "writes": [{"target_path": "/effort", "values": values}]}


async def test_reasoning_capabilities_are_the_efforts_that_every_surface_takes(management: Management) -> None:
    translation = {"chat_completions": _translation("max"), "responses": _translation("max", "xhigh")}
    endpoint = await create_endpoint(management, reasoning_translation=translation)
    plain = await create_endpoint(management)
    disabled, override = {"mode": "disabled"}, {"mode": "override", "translation": _translation("none")}
    overrides: dict[str, Any] = {
        "inherits": None,
        "half": {"responses": disabled},
        "off": {"chat_completions": disabled, "responses": disabled},
        "own": {"chat_completions": override, "responses": disabled},
    }
    for alias, said in overrides.items():
        made = await standard(management, alias, hosted_on=endpoint["id"], reasoning_translation_overrides=said)
        await grant(management, made["id"])
    made = await standard(management, "untranslated", hosted_on=plain["id"])
    await grant(management, made["id"])
    person = await management.person()
    page = await answered(person.client.get(f"{MODELS}?include=reasoning_capabilities"), 200)
    efforts = {item["alias"]: item.get("supported_reasoning_efforts") for item in page["data"]}
    assert efforts == {
        "inherits": _EFFORTS[:-2],
        "half": _EFFORTS[:-1],
        "off": None,
        "own": _EFFORTS[1:],
        "untranslated": None,
    }
    for url in (MODELS, f"{MODELS}/{made['id']}?include=reasoning_capabilities"):
        assert "supported_reasoning_efforts" not in str(await answered(person.client.get(url), 200))
